package source

import (
	"github.com/nats-io/nats.go"

	"momento-bridge/envelope"
)

// original is what a dead letter needs of a message besides its payload. The client's message itself is not kept: it
// refers to the one that came after it, and so to all that follow.
type original struct {
	subject string
	header  nats.Header
	data    envelope.Data // Where its own payload is in what the pipeline has.
}
