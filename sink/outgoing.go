package sink

import "net"

// outgoing is requests that are written together. A large payload is not copied: it is written from where it is.
type outgoing struct {
	copied []byte      // Everything but those; reused.
	apart  []apart     // Large payloads.
	list   net.Buffers // What parts returns; reused.
}

// apart is a payload that is written from where it is.
type apart struct {
	after   int // How many of the copied bytes go before it.
	payload []byte
}

// apartFrom is the size from which on a payload is cheaper to point at than to copy.
const apartFrom = 8 << 10

// reset empties it.
func (o *outgoing) reset() {
	if cap(o.copied) > largestOut { // Many payloads that are nearly large.
		o.copied = nil
	}
	o.copied = o.copied[:0]
}

// largestOut is what a buffer of requests may keep.
const largestOut = 256 << 10

// addPayload adds what follows a request's head.
func (o *outgoing) addPayload(b []byte) {
	if len(b) < apartFrom {
		o.copied = append(o.copied, b...)
		return
	}
	o.apart = append(o.apart, apart{len(o.copied), b})
}

// parts returns everything, in order, and forgets the payloads. It holds until the next reset.
func (o *outgoing) parts() net.Buffers {
	parts, from := o.list[:0], 0
	for _, a := range o.apart {
		parts = append(parts, o.copied[from:a.after], a.payload)
		from = a.after
	}
	if from < len(o.copied) {
		parts = append(parts, o.copied[from:])
	}
	clear(o.apart)
	o.apart = o.apart[:0]
	o.list = parts
	return parts
}
