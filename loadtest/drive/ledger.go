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

// entry is what became of a ticket, with times in nanoseconds on the engine's clock.
type entry struct {
	answered atomic.Int64  // Set before the rest.
	rest     atomic.Uint64 // The fate, and above it when it was sent.
}

func (e *entry) settle(f fate, sent, answered int64) {
	e.answered.Store(answered)
	e.rest.Store(uint64(sent)<<fateBits | uint64(f))
}

// load returns the fate and, unless it is open, when the ticket was sent.
func (e *entry) load() (f fate, sent int64) {
	v := e.rest.Load()
	return fate(v & (1<<fateBits - 1)), int64(v >> fateBits)
}

// ledger has an entry for each ticket of a phase, in the order of their planned times. The pacer adds entries, each is
// settled once by the worker that has its ticket, and may be read at any time.
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

// at is the i-th entry, which exists.
func (l *ledger) at(i int) *entry { return &(*l.chunks.Load())[i/chunkSize][i%chunkSize] }

// each calls do for every ticket that is not open.
func (l *ledger) each(do func(f fate, sent int64)) {
	for i := range int(l.n.Load()) {
		if f, sent := l.at(i).load(); f != open {
			do(f, sent)
		}
	}
}

// eachEvent calls do with the acceptances and refusals from the i-th ticket on, up to the first one that is open, and
// returns the number of that.
func (l *ledger) eachEvent(i int, do func(search.Event)) int {
	for n := int(l.n.Load()); i < n; i++ {
		e := l.at(i)
		switch f, sent := e.load(); f {
		case open:
			return i
		case accepted, refused:
			do(search.Event{At: float64(sent) / 1e9, Answered: float64(e.answered.Load()) / 1e9, Refused: f == refused})
		case failed, missed, fates:
		}
	}
	return i
}

// events are the acceptances and refusals so far, up to the first ticket that is open.
func (l *ledger) events() []search.Event {
	events := make([]search.Event, 0, l.n.Load())
	l.eachEvent(0, func(e search.Event) { events = append(events, e) })
	return events
}
