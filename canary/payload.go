package canary

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Payload is what a canary's message says. In bytes it is one line of printable ASCII,
//
//	momento-bridge-canary/1 <replica> <number> <sent>
//
// with the number and the nanoseconds since 1970 in decimals. So it passes through each content type and each batch
// format as it is.
type Payload struct {
	// Replica tells senders apart: 1 to MaxReplica letters, digits, '-', '_' and '.'. A sender that starts again takes
	// another one.
	Replica string
	// Number counts a sender's messages from 1.
	Number uint64
	// Sent is by the sender's clock, of whole nanoseconds.
	Sent time.Time
}

const (
	mark = "momento-bridge-canary/1"
	// MaxReplica is how long a replica's name may be.
	MaxReplica = 64
	// MaxSize is what a payload has at most, in bytes.
	MaxSize = len(mark) + MaxReplica + 2*20 + 3
)

// ErrForeign says that bytes are not a canary's payload.
var ErrForeign = errors.New("not a canary's message")

// NewReplica returns a name that no other sender has.
func NewReplica() string {
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // It never fails.
	return hex.EncodeToString(nonce[:])
}

// Bytes is the payload as it is sent.
func (p Payload) Bytes() []byte {
	return fmt.Appendf(nil, "%s %s %d %d", mark, p.Replica, p.Number, p.Sent.UnixNano())
}

// Read takes a payload apart. Whatever is not exactly what Bytes makes is ErrForeign.
func Read(data []byte) (Payload, error) {
	if len(data) > MaxSize {
		return Payload{}, ErrForeign
	}
	fields := strings.Split(string(data), " ")
	if len(fields) != 4 || fields[0] != mark || !named(fields[1]) {
		return Payload{}, ErrForeign
	}
	number, err := strconv.ParseUint(fields[2], 10, 64)
	if err != nil || number == 0 || strconv.FormatUint(number, 10) != fields[2] {
		return Payload{}, ErrForeign
	}
	sent, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil || strconv.FormatInt(sent, 10) != fields[3] {
		return Payload{}, ErrForeign
	}
	return Payload{Replica: fields[1], Number: number, Sent: time.Unix(0, sent)}, nil
}

// named reports whether text can be a replica's name.
func named(text string) bool {
	if text == "" || len(text) > MaxReplica {
		return false
	}
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
