package batch

import (
	"encoding/binary"
	"slices"
	"time"
)

// Unpack takes a packed batch apart. Its body has at most so many bytes once it is inflated; 0 stands for 1 MiB, and
// more is never taken. Messages may share memory, with the batch, too, but none has the capacity to write into another.
// Every error is a *RefusedError. Memory is bounded by most and by the counts of messages and headers that a batch may
// have, whatever it claims.
func Unpack(publish []byte, most int) (Publish, error) {
	if most <= 0 || most > mostBody {
		most = mostBody
	}
	c := cursor{rest: publish}
	flags := c.head()
	var p Publish
	if flags&flagMarker != 0 {
		p.Marked, p.Marker = true, c.marker()
	}
	if c.fault != "" {
		return Publish{}, &RefusedError{c.fault}
	}
	body, err := bodyOf(c.rest, flags, most)
	if err != nil {
		return Publish{}, &RefusedError{err.Error()}
	}
	c.rest = body
	p.Messages = c.messages(flags, p.Marker)
	if c.fault != "" {
		return Publish{}, &RefusedError{c.fault}
	}
	return p, nil
}

func splitPacked(batch []byte) ([][]byte, error) {
	publish, err := Unpack(batch, 0)
	if err != nil {
		return nil, err
	}
	payloads := make([][]byte, len(publish.Messages))
	for i := range publish.Messages {
		payloads[i] = publish.Messages[i].Payload
	}
	return payloads, nil
}

// bodyOf returns the body of what follows the marker.
func bodyOf(rest []byte, flags byte, most int) ([]byte, error) {
	if flags&flagDeflate != 0 {
		return inflate(rest, most)
	}
	if len(rest) > most {
		return nil, errTooLong
	}
	return rest, nil
}

// head reads magic, version and flags.
func (c *cursor) head() (flags byte) {
	switch {
	case len(c.rest) > 0 && c.rest[0] != packedMagic:
		c.refuse("it does not begin with f5: it is something else")
	case len(c.rest) > 1 && c.rest[1] != packedVersion:
		c.refuse("its version is unknown: it was made by a newer version of the bridge")
	case len(c.rest) < 3:
		c.refuse("it ends within its head: it has been cut off")
	case c.rest[2]&^byte(flagsKnown) != 0:
		c.refuse("it has flags that are unknown: it was made by a newer version of the bridge")
	default:
		flags = c.rest[2]
		c.rest = c.rest[3:]
	}
	return flags
}

// marker reads a marker.
func (c *cursor) marker() (m Marker) {
	if len(c.rest) < 4 {
		c.refuse("it ends within its marker: it has been cut off")
		return Marker{}
	}
	m.Stream = binary.BigEndian.Uint32(c.rest)
	c.rest = c.rest[4:]
	m.First = c.number()
	back := c.number()
	switch {
	case c.fault != "":
		return Marker{}
	case m.First == 0:
		c.refuse("its first sequence is 0")
	case back >= m.First:
		c.refuse("the sequence before its first is not above 0")
	case back > 0:
		m.Previous = m.First - back
	}
	return m
}

// messages reads a body to its end.
func (c *cursor) messages(flags byte, marker Marker) []Message {
	if c.fault == "" && len(c.rest) == 0 {
		c.refuse("it has no messages")
	}
	var texts string // Names and subjects are parts of one copy of the body.
	if flags&(flagSubject|flagHeaders) != 0 {
		texts = string(c.rest)
	}
	r := reading{cursor: c, texts: texts, body: len(c.rest), flags: flags, sequence: marker.First}
	var messages []Message
	for c.fault == "" && len(c.rest) > 0 {
		if len(messages) == mostMessages {
			c.refuse("it has more than 65536 messages")
			break
		}
		if len(messages) > 0 && len(messages) == cap(messages) { // The others are about as long as those so far.
			others := len(messages) * len(c.rest) / (r.body - len(c.rest))
			messages = slices.Grow(messages, min(others+1, max(len(messages), 1024), mostMessages-len(messages)))
		}
		messages = append(messages, r.message(len(messages) == 0))
	}
	return messages
}

// reading is where the reading of a body is.
type reading struct {
	*cursor
	texts    string
	body     int // Bytes of the body.
	flags    byte
	sequence uint64
	time     int64
	fields   int
}

func (r *reading) message(first bool) (m Message) {
	if r.flags&flagMarker != 0 {
		m.Sequence = r.next(first)
	}
	if r.flags&flagTime != 0 {
		m.Time = r.moment()
	}
	if r.flags&flagSubject != 0 {
		m.Subject = r.text()
	}
	if r.flags&flagHeaders != 0 {
		m.Headers = r.headers()
	}
	m.Payload = r.bytes()
	return m
}

// next reads the sequence of a message.
func (r *reading) next(first bool) uint64 {
	if first {
		return r.sequence
	}
	step := r.number()
	if step == 0 {
		r.refuse("a sequence does not grow")
	}
	if r.sequence += step; r.sequence >= numbersEnd {
		r.refuse("a sequence is not below 2^53")
	}
	return r.sequence
}

// moment reads the time of a message.
func (r *reading) moment() time.Time {
	r.time += unzigzag(r.number())
	if r.time < -farthestTime || r.time > farthestTime {
		r.refuse("a time is beyond 2^52 milliseconds")
	}
	return time.UnixMilli(r.time).UTC()
}

// text is bytes as a string.
func (r *reading) text() string {
	taken := r.bytes()
	end := r.body - len(r.rest)
	if r.fault != "" {
		return ""
	}
	return r.texts[end-len(taken) : end]
}

// headers reads the headers of a message. A count is believed as far as what follows it can bear it out.
func (r *reading) headers() []Field {
	count := r.number()
	if count == 0 {
		return nil
	}
	if count > uint64(len(r.rest)/2) { // Each takes two bytes at least.
		r.refuse("it ends within its headers: it has been cut off")
		return nil
	}
	if r.fields += int(count); r.fields > mostFields {
		r.refuse("it has more than 65536 headers")
		return nil
	}
	fields := make([]Field, 0, count)
	for range count {
		name := r.text()
		fields = append(fields, Field{Name: name, Value: r.text()})
	}
	return fields
}
