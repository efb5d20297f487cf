package source

import (
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/envelope"
)

// original is what a dead letter needs of a message besides its payload. The client's message itself is not kept: it
// refers to the one that came after it, and so to all that follow.
type original struct {
	subject string
	header  nats.Header
	data    envelope.Data // Where its own payload is in what the pipeline has.
}

// storedAt returns when the message of a dead letter was stored, as its id says; now, if it has none.
func storedAt(header nats.Header) time.Time {
	id := header.Get(jetstream.MsgIDHeader)
	nanoseconds, err := strconv.ParseInt(id[strings.LastIndexByte(id, ':')+1:], 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.Unix(0, nanoseconds)
}
