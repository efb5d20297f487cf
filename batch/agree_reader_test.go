package batch

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"momento-bridge/test/long"
)

// TestReadersAgreeOnRandomSubscriptions gives readers what subscriptions could bring: batches of several streams,
// again, composed anew, with some missing, damaged; numbers of Momento that jump, and restarts at the saved position.
// They agree on every message, repeat, gap and position.
func TestReadersAgreeOnRandomSubscriptions(t *testing.T) {
	t.Parallel()
	peers := []*peer{nodePeer(t), pythonPeer(t)}
	rng := rand.New(rand.NewPCG(19, 2))
	var seen told
	for range long.Or(15, 120) {
		seen.add(compareReaders(t, newSubscription(rng), peers))
		if t.Failed() {
			return
		}
	}
	t.Logf("%+v", seen)
	if min(seen.messages, seen.repeats, seen.certain, seen.uncertain, seen.refused) < 20 {
		t.Errorf("too little of something: %+v", seen)
	}
}

// told is how much readers told of.
type told struct{ messages, repeats, certain, uncertain, refused int }

func (t *told) add(o told) {
	t.messages += o.messages
	t.repeats += o.repeats
	t.certain += o.certain
	t.uncertain += o.uncertain
	t.refused += o.refused
}

// compareReaders reads a subscription with all readers. What the Go reader says comes first, as the position of a
// restart is its own.
func compareReaders(t *testing.T, s *subscription, peers []*peer) (seen told) {
	t.Helper()
	reader, _ := NewReader("")
	questions, want := [][]byte{[]byte("N")}, [][]byte{hashed(nil)}
	for range 200 {
		switch s.rng.IntN(30) {
		case 0:
			position := reader.Position()
			reader, _ = NewReader(position)
			questions, want = append(questions, append([]byte("N"), position...)), append(want, hashed(nil))
		case 1:
			reader.Discontinuity()
			questions, want = append(questions, []byte("D")), append(want, hashed(nil))
		}
		publish, number := s.next()
		reading, err := reader.Read(publish, number)
		questions = append(questions, readQuestion(publish, number))
		if err != nil {
			seen.refused++
			want = append(want, []byte("!"))
			continue
		}
		seen.note(reading)
		want = append(want, hashed(appendReading(nil, reading, reader.Position(), publish[2]&flagTime != 0)))
	}
	for _, p := range peers {
		answers, err := p.ask(questions...)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			return seen
		}
		for i, got := range answers {
			if !same(got, want[i]) {
				t.Errorf("%s says %.300q to step %d, Go %q; the steps are %q", p.name, got, i, want[i], questions[:i+1])
				return seen
			}
		}
	}
	return seen
}

func (t *told) note(r Reading) {
	t.messages += len(r.Messages)
	t.repeats += r.Repeats
	for _, g := range r.Gaps {
		if g.Certain {
			t.certain++
		} else {
			t.uncertain++
		}
	}
}

// subscription makes what a subscription could bring.
type subscription struct {
	rng     *rand.Rand
	streams []uint64 // Where the next batch of each begins.
	number  uint64
	packing Packing
}

func newSubscription(rng *rand.Rand) *subscription {
	s := &subscription{rng: rng, streams: make([]uint64, 1+rng.IntN(4)), number: rng.Uint64N(3)}
	if rng.IntN(4) == 0 {
		s.streams = make([]uint64, 20)
	}
	for i := range s.streams {
		s.streams[i] = 1 + rng.Uint64N(50)
		if rng.IntN(8) == 0 {
			s.streams[i] = 1<<53 - 1 - rng.Uint64N(2000)
		}
	}
	s.packing = Packing{Time: rng.IntN(2) == 0, Subject: rng.IntN(2) == 0}
	return s
}

// next returns a publish, and Momento's number of it, if it is known.
func (s *subscription) next() (publish []byte, number uint64) {
	number = s.step()
	stream := s.rng.IntN(len(s.streams) + 1)
	if stream == len(s.streams) { // No marker.
		return s.pack(0, 1, 0), number
	}
	first := s.streams[stream]
	switch s.rng.IntN(6) {
	case 0: // Some that have been there, and perhaps more.
		first -= min(first-1, s.rng.Uint64N(12))
	case 1: // Some are missing, or are of other topics.
		first += s.rng.Uint64N(4)
	}
	publish = s.pack(uint32(stream)+1, first, first-min(first, s.rng.Uint64N(5)))
	if s.rng.IntN(15) == 0 {
		return damage(s.rng, publish), number
	}
	if p, err := Unpack(publish, 0); err == nil && s.rng.IntN(12) > 0 { // Otherwise it is lost, and comes again.
		s.streams[stream] = max(s.streams[stream], p.Messages[len(p.Messages)-1].Sequence+1)
	}
	return publish, number
}

// step returns the number of the next item.
func (s *subscription) step() uint64 {
	switch s.rng.IntN(12) {
	case 0:
		return 0
	case 1:
		s.number += 1 + s.rng.Uint64N(4)
	case 2:
		s.number -= min(s.number, s.rng.Uint64N(3))
	default:
		s.number++
	}
	return s.number
}

func (s *subscription) pack(stream uint32, first, previous uint64) []byte {
	p := NewPacker(&s.packing)
	p.Begin(stream, previous)
	for n := range 1 + s.rng.IntN(8) {
		payload := strconv.AppendUint([]byte("the message "), first, 10)
		p.Add(payload, first, "orders."+strconv.Itoa(n), time.UnixMilli(s.rng.Int64N(1<<41)), nil)
		first += 1 + s.rng.Uint64N(3)/2
	}
	publish, _ := p.Fit(nil, 4096)
	return publish
}
