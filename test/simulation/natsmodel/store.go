package natsmodel

import (
	"slices"
	"time"
)

// stored is a message in a stream. Its bytes never change.
type stored struct {
	seq     uint64
	at      time.Time
	subject string
	header  []byte
	data    []byte
	size    uint64
	ends    time.Time // Of its own; zero: it has no end of its own.
}

// store keeps the messages of a stream by sequence, and the sequences of each subject.
type store struct {
	memory   bool // Sizes are counted as the memory store counts them.
	first    uint64
	last     uint64
	lastAt   time.Time
	entries  []entry // By sequence; those before head, and those without a message, are removed.
	head     int
	live     int
	bytes    uint64
	subjects map[string][]uint64
}

type entry struct {
	seq uint64
	m   *stored
}

func newStore(memory bool) *store { return &store{memory: memory, subjects: map[string][]uint64{}} }

func (s *store) sizeOf(subject string, header, data []byte) uint64 {
	n := len(subject) + len(header) + len(data)
	switch {
	case s.memory:
		return uint64(n + 16)
	case len(header) == 0:
		return uint64(n + 30)
	}
	return uint64(n + 34)
}

// add stores a message under the next sequence. It copies the bytes.
func (s *store) add(now time.Time, subject string, header, data []byte) *stored {
	s.last++
	s.lastAt = now
	if s.live == 0 {
		s.first = s.last
	}
	both := make([]byte, len(header)+len(data))
	copy(both, header)
	copy(both[len(header):], data)
	m := &stored{
		seq: s.last, at: now, subject: subject, header: both[:len(header):len(header)], data: both[len(header):],
		size: s.sizeOf(subject, header, data),
	}
	s.entries = append(s.entries, entry{m.seq, m})
	s.live++
	s.bytes += m.size
	s.subjects[subject] = append(s.subjects[subject], m.seq)
	return m
}

// skip uses a sequence up without a message.
func (s *store) skip(now time.Time) {
	s.last++
	s.lastAt = now
	if s.live == 0 {
		s.first = s.last + 1
	}
}

// at returns the place of the first entry from a sequence on.
func (s *store) place(seq uint64) int {
	low, high := s.head, len(s.entries)
	if low < high && seq >= s.entries[low].seq { // Mostly none is missing.
		if guess := low + int(seq-s.entries[low].seq); guess < high && s.entries[guess].seq == seq {
			return guess
		}
	}
	for low < high {
		middle := (low + high) / 2
		if s.entries[middle].seq < seq {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// get returns a message; nil if there is none with this sequence.
func (s *store) get(seq uint64) *stored {
	if at := s.place(seq); at < len(s.entries) && s.entries[at].seq == seq {
		return s.entries[at].m
	}
	return nil
}

// next returns the first message from a sequence on that one of the filters takes; nil if there is none.
func (s *store) next(seq uint64, filters []string) *stored {
	for at := s.place(seq); at < len(s.entries); at++ {
		if m := s.entries[at].m; m != nil && anyMatches(filters, m.subject) {
			return m
		}
	}
	return nil
}

// anyMatches reports whether one of the filters takes a subject, which no filters at all do.
func anyMatches(filters []string, subject string) bool {
	if len(filters) == 0 {
		return true
	}
	for _, f := range filters {
		if matches(f, subject) {
			return true
		}
	}
	return false
}

// lastOf returns the latest message that a filter takes; nil if there is none.
func (s *store) lastOf(filter string) *stored {
	if literal(filter) {
		seqs := s.subjects[filter]
		if len(seqs) == 0 {
			return nil
		}
		return s.get(seqs[len(seqs)-1])
	}
	for at := len(s.entries) - 1; at >= s.head; at-- {
		if m := s.entries[at].m; m != nil && matches(filter, m.subject) {
			return m
		}
	}
	return nil
}

// count returns how many messages from a sequence on the filters take.
func (s *store) count(seq uint64, filters []string) uint64 {
	n := uint64(0)
	for at := s.place(seq); at < len(s.entries); at++ {
		if m := s.entries[at].m; m != nil && anyMatches(filters, m.subject) {
			n++
		}
	}
	return n
}

// oldest returns the first message; nil if there is none.
func (s *store) oldest() *stored {
	if s.live == 0 {
		return nil
	}
	return s.entries[s.head].m
}

// remove takes a message out, and returns it; nil if there is none.
func (s *store) remove(seq uint64) *stored {
	at := s.place(seq)
	if at >= len(s.entries) || s.entries[at].seq != seq || s.entries[at].m == nil {
		return nil
	}
	m := s.entries[at].m
	s.entries[at].m = nil
	s.live--
	s.bytes -= m.size
	s.forget(m)
	s.trim()
	return m
}

// forget takes a message's sequence from those of its subject.
func (s *store) forget(m *stored) {
	seqs := s.subjects[m.subject]
	switch at, _ := slices.BinarySearch(seqs, m.seq); {
	case len(seqs) == 1:
		delete(s.subjects, m.subject)
	case at == 0:
		s.subjects[m.subject] = seqs[1:]
	default:
		s.subjects[m.subject] = slices.Delete(seqs, at, at+1)
	}
}

// trim moves the first sequence up to the first message, and gives room back.
func (s *store) trim() {
	for s.head < len(s.entries) && s.entries[s.head].m == nil {
		s.head++
	}
	if s.live == 0 {
		s.entries, s.head = s.entries[:0], 0
		s.first = s.last + 1
		return
	}
	s.first = s.entries[s.head].seq
	if room := len(s.entries) - s.live; room < 64 || room < s.live {
		return
	}
	kept := s.entries[:0]
	for _, e := range s.entries[s.head:] {
		if e.m != nil {
			kept = append(kept, e)
		}
	}
	clear(s.entries[len(kept):])
	s.entries, s.head = kept, 0
}
