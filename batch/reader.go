package batch

import (
	"cmp"
	"slices"
)

// mostStreams is how many streams a reader knows the position of.
const mostStreams = 16

// Reader reads the packed batches of one topic's subscription, in the order in which they come. It drops messages that
// it has delivered before, and tells where some may be missing. One goroutine at a time may use it. The rules are in
// docs/batch-formats.md.
type Reader struct {
	places        []place // The one longest unused is the first.
	number        uint64  // Of the last item. 0: not known.
	discontinuous bool    // Items may be missing before the next one.
}

// place is how far a stream has been delivered.
type place struct {
	stream uint32
	last   uint64
}

// Reading is what a publish brings.
type Reading struct {
	Messages []Message // To be delivered.
	Repeats  int       // Messages that have been delivered before, and are dropped.
	Gaps     []Gap     // Before the messages.
}

// Gap tells that messages are missing.
type Gap struct {
	Stream  uint32
	After   uint64 // Sequence of the last message that has been delivered. 0: not known.
	Before  uint64 // Sequence of the first message after the gap. 0: the publish has no marker.
	Certain bool   // At least one message is missing. Otherwise there may be none.
}

// NewReader returns a reader that goes on at a position, which another one has returned. With an empty one it knows
// nothing yet.
func NewReader(position string) (*Reader, error) {
	if position == "" {
		return &Reader{}, nil
	}
	places, err := parsePosition(position)
	if err != nil {
		return nil, err
	}
	return &Reader{places: places}, nil
}

// Read takes a publish apart and returns what is to be delivered of it. The number is Momento's own of the item in its
// topic; 0 when it is not known. An error is a *RefusedError, and leaves the reader as it was.
func (r *Reader) Read(publish []byte, number uint64) (Reading, error) {
	p, err := Unpack(publish, 0)
	if err != nil {
		return Reading{}, err
	}
	suspicious := r.discontinuous || r.number > 0 && number > r.number+1
	r.number, r.discontinuous = number, false
	if !p.Marked {
		reading := Reading{Messages: p.Messages}
		if suspicious {
			reading.Gaps = []Gap{{}}
		}
		return reading, nil
	}
	last := r.last(p.Marker.Stream)
	reading := Reading{Gaps: gaps(p.Marker, last, suspicious)}
	reading.Repeats, _ = slices.BinarySearchFunc(p.Messages, last+1, func(m Message, sequence uint64) int {
		return cmp.Compare(m.Sequence, sequence)
	})
	reading.Messages = p.Messages[reading.Repeats:]
	r.advance(p.Marker.Stream, max(last, p.Messages[len(p.Messages)-1].Sequence))
	return reading, nil
}

// Discontinuity tells the reader that items may be missing before the next one, as Momento tells subscribers.
func (r *Reader) Discontinuity() { r.discontinuous = true }

// gaps returns those before a publish: one at the most. A chain of known sequences says for certain whether something
// is missing, and then nothing else counts.
func gaps(m Marker, last uint64, suspicious bool) []Gap {
	gap := Gap{Stream: m.Stream, After: last, Before: m.First}
	if m.Previous > 0 && last > 0 {
		gap.Certain = m.Previous > last
		suspicious = gap.Certain
	}
	if !suspicious {
		return nil
	}
	return []Gap{gap}
}

// last returns the last sequence that was delivered of a stream. 0: not known.
func (r *Reader) last(stream uint32) uint64 {
	for _, p := range r.places {
		if p.stream == stream {
			return p.last
		}
	}
	return 0
}

// advance notes how far a stream has been delivered, and makes it the one used last.
func (r *Reader) advance(stream uint32, last uint64) {
	r.places = slices.DeleteFunc(r.places, func(p place) bool { return p.stream == stream })
	if len(r.places) == mostStreams {
		r.places = slices.Delete(r.places, 0, 1)
	}
	r.places = append(r.places, place{stream, last})
}
