package drive

import (
	"sync/atomic"

	"momento-bridge/loadtest/search"
)

// fate is what became of a ticket.
type fate uint64

const (
	open     fate = iota // Nobody knows yet.
	accepted             // 2xx.
	refused              // For quota.
	failed               // Any other answer, or none.
	missed               // It was not sent, as it was too late for that.
	fates

	fateBits = 3
)

// entry is a fate and when it was sent, in nanoseconds on the engine's clock.
type entry = atomic.Uint64

// ledger has an entry for each ticket of a phase, in the order of their planned times. The pacer adds entries, each is settled once by the worker that
// has its ticket, and may be read at any time.
type ledger struct {
	chunks atomic.Pointer[[]*chunk] // Replaced, never changed.
	n      atomic.Int64
}

const chunkSize = 1 << 12

type chunk [chunkSize]entry

// add makes room for one more ticket and returns its entry.
func (l *ledger) add() *entry {
	n := int(l.n.Load())
	chunks := l.chunks.Load()
	if chunks == nil || n == len(*chunks)*chunkSize {
		var grown []*chunk
		if chunks != nil {
			grown = append(grown, *chunks...)
		}
		grown = append(grown, new(chunk))
		chunks = &grown
		l.chunks.Store(chunks)
	}
	l.n.Store(int64(n) + 1)
	return &(*chunks)[n/chunkSize][n%chunkSize]
}

// each calls do for every ticket that is not open.
func (l *ledger) each(do func(f fate, at int64)) {
	n := int(l.n.Load())
	for i := range n {
		v := (*l.chunks.Load())[i/chunkSize][i%chunkSize].Load()
		if f := fate(v & (1<<fateBits - 1)); f != open {
			do(f, int64(v>>fateBits))
		}
	}
}

// events are the acceptances and refusals so far, up to the first ticket that is open.
func (l *ledger) events() []search.Event {
	n := int(l.n.Load())
	events := make([]search.Event, 0, n)
	for i := range n {
		v := (*l.chunks.Load())[i/chunkSize][i%chunkSize].Load()
		switch f := fate(v & (1<<fateBits - 1)); f {
		case open:
			return events
		case accepted, refused:
			events = append(events, search.Event{At: float64(v>>fateBits) / 1e9, Refused: f == refused})
		case failed, missed, fates:
		}
	}
	return events
}
