package batch

import (
	"encoding/binary"
	"slices"
	"time"
)

// Packer makes packed batches of a route's messages: Begin, Add for each message, Fit. It is used again and again, by
// one goroutine at a time, and allocates nothing once it is warm. What it holds is bounded by the longest body.
type Packer struct {
	packing *Packing
	flags   byte

	stream   uint32
	first    uint64
	previous uint64 // The sequence before the first.

	body   []byte
	ends   []int // Where each message ends in the body.
	last   uint64
	time   int64
	fields int
	full   bool // No more messages are taken into this batch.

	names []string // Of the headers of one message, in their order.

	ratio  float64 // Bytes of body that become one when a publish is filled. 0: not known.
	trial  appender
	best   appender
	trials int // How often Fit has deflated.
}

// NewPacker returns a packer for a route's messages.
func NewPacker(p *Packing) *Packer { return &Packer{packing: p, flags: p.flags()} }

// Begin forgets all messages and begins a batch. The stream is the incarnation of the messages' stream; with 0 the
// batch gets no marker. Previous is the sequence of the message before the first of the same topic; 0: not known.
func (p *Packer) Begin(stream uint32, previous uint64) {
	p.stream, p.previous = stream, previous
	p.first, p.last, p.time, p.fields, p.full = 0, 0, 0, 0, false
	p.body, p.ends = p.body[:0], p.ends[:0]
}

// Add copies a message to the end of the batch. With a marker, sequences grow from message to message: one that does
// not is left for the next batch, with all that come after it. So are those for which a batch has no room, whatever
// their size once deflated.
func (p *Packer) Add(payload []byte, sequence uint64, subject string, t time.Time, header map[string][]string) {
	if p.full {
		return
	}
	if len(p.ends) == 0 {
		p.mark(sequence)
	}
	length, fields := len(p.body), p.fields
	if len(p.ends) == mostMessages || !p.addStep(sequence) {
		p.full = true
		return
	}
	now := millis(t)
	if p.packing.Time {
		p.body = binary.AppendUvarint(p.body, zigzag(now-p.time))
	}
	if p.packing.Subject {
		p.body = appendText(p.body, subject)
	}
	if len(p.packing.Headers) > 0 {
		p.addHeaders(header)
	}
	p.body = appendText(p.body, payload)
	if len(p.ends) > 0 && (len(p.body) > mostPacked || p.fields > mostFields) {
		p.body, p.fields, p.full = p.body[:length], fields, true
		return
	}
	p.ends = append(p.ends, len(p.body))
	p.last, p.time = sequence, now
}

// mark decides on the marker by the first message.
func (p *Packer) mark(sequence uint64) {
	if sequence == 0 || sequence >= numbersEnd {
		p.stream = 0
	}
	if p.previous >= sequence {
		p.previous = 0
	}
	p.first = sequence
}

// addStep appends how far a message is from the one before it, where there is a marker, or reports that it cannot be
// in one batch with it.
func (p *Packer) addStep(sequence uint64) bool {
	if p.stream == 0 || len(p.ends) == 0 {
		return true
	}
	if sequence <= p.last || sequence >= numbersEnd {
		return false
	}
	p.body = binary.AppendUvarint(p.body, sequence-p.last)
	return true
}

// addHeaders appends the headers that are carried: in the order of the packing, or in alphabetical order.
func (p *Packer) addHeaders(header map[string][]string) {
	names := p.packing.Headers
	if p.packing.all() {
		p.names = p.names[:0]
		for name := range header {
			p.names = append(p.names, name)
		}
		slices.Sort(p.names)
		names = p.names
	}
	count := 0
	for _, name := range names {
		count += len(header[name])
	}
	p.fields += count
	p.body = binary.AppendUvarint(p.body, uint64(count))
	for _, name := range names {
		for _, value := range header[name] {
			p.body = appendText(appendText(p.body, name), value)
		}
	}
	clear(p.names) // They are the message's.
}

// appendHead appends what comes before the body.
func (p *Packer) appendHead(dst []byte, deflated bool) []byte {
	flags := p.flags
	if deflated {
		flags |= flagDeflate
	}
	if p.stream == 0 {
		return append(dst, packedMagic, packedVersion, flags)
	}
	dst = append(dst, packedMagic, packedVersion, flags|flagMarker)
	dst = binary.BigEndian.AppendUint32(dst, p.stream)
	dst = binary.AppendUvarint(dst, p.first)
	if p.previous == 0 {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, p.first-p.previous)
}

// headSize returns how many bytes appendHead appends.
func (p *Packer) headSize() int {
	switch {
	case p.stream == 0:
		return 3
	case p.previous == 0:
		return 8 + numberSize(p.first)
	}
	return 7 + numberSize(p.first) + numberSize(p.first-p.previous)
}
