package source

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"momento-bridge/pipeline"
)

// barrier keeps what arrives from being published while something older may be on its way, or lie at the server:
// delivered, and lost with a connection, a killed daemon or a leader. What is in the pipeline already may go on, as
// it is older than all that: deliveries reach us in the order in which they were made, and a missing one raises the
// barrier before the next is let through. It is opened when everything unacknowledged is in our hands; then what has
// waited goes on in the order of the stream.
//
// Routes without order do not wait: theirs is up after a connection was lost, only so that what was on its way comes
// again before AckWait is over.
//
// Its methods may be called concurrently, except that one goroutine at a time takes deliveries.
type barrier struct {
	up     atomic.Bool   // Nothing that arrives may go on.
	shared atomic.Bool   // Other replicas use the consumer: gaps are theirs.
	next   atomic.Uint64 // The consumer's sequence of the next delivery; 0: not known.
	away   handedBack    // What was handed back in a halt and has not come again.
	raised chan struct{} // One slot: it was raised, or may be opened.

	mu      sync.Mutex // Guards the following.
	why     string     // It was raised, and that has not been looked at yet.
	waiting []arrival  // In the order in which they came.
	upTo    uint64     // Everything delivered up to this sequence of the stream must be in our hands; 0: not known yet.
	missing int        // So many of them are not.
	moved   time.Time  // When one of them came, or it was raised.
	seen    uint64     // The highest consumer's sequence that came before the numbers.
	gap     bool       // A delivery was lost since the numbers were asked for.
	firsts  int        // How many messages have come for the first time.
}

// arrival is a message that waits. It is noted among the deliveries, so it is renewed.
type arrival struct {
	sequence uint64
	message  pipeline.Message
}

// raise lets nothing through from now on. Raised again, it is as if it were raised for the first time.
func (b *barrier) raise(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.why, b.upTo, b.missing, b.seen, b.moved = why, 0, 0, 0, time.Now()
	b.next.Store(0)
	b.away.forget()
	b.up.Store(true)
	b.signal()
}

func (b *barrier) signal() {
	select {
	case b.raised <- struct{}{}:
	default: // It has been signalled and not looked at yet.
	}
}

// reason returns why the barrier was raised since it was asked for last; empty: it was not.
func (b *barrier) reason() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	why := b.why
	b.why = ""
	return why
}

// handedBack notes that the server was asked to deliver a message again, by its sequence in the stream. It is told of
// several in the order in which the server is.
func (b *barrier) handedBack(sequence uint64) {
	if !b.shared.Load() { // Else others may have it.
		b.away.add(sequence)
	}
}

// awaits reports whether something that was handed back has not come again, and will come here.
func (b *barrier) awaits() bool { return b.away.any() && !b.shared.Load() }

// behind is told of a delivery while some that were handed back have not come again.
func (b *barrier) behind(sequence uint64, again bool) {
	why := b.away.came(sequence, again)
	if why != "" && !b.up.Load() && !b.shared.Load() {
		b.raise(why)
	}
}

// holds is told of each delivery, by its sequences in the stream and the consumer and whether it was delivered before,
// and reports whether it must wait. This is all that a message costs while no barrier is up.
func (b *barrier) holds(sequence, consumer uint64, again bool) bool {
	if b.away.any() {
		b.behind(sequence, again)
	}
	if b.next.CompareAndSwap(consumer, consumer+1) {
		return b.up.Load()
	}
	b.unexpected(consumer)
	return b.up.Load()
}

// goesBack reports whether a delivery has a consumer's sequence that another one has had: the consumer was made anew.
// While the barrier is up, that is found by the consumer's numbers.
func (b *barrier) goesBack(consumer uint64) bool {
	return consumer < b.next.Load() && !b.up.Load() && !b.shared.Load()
}

// unexpected raises the barrier for a gap, or for a count that goes back. If it is up, what was delivered before the
// numbers were asked for is in them, and for a gap after that they are asked for once more.
func (b *barrier) unexpected(consumer uint64) {
	if b.shared.Load() {
		b.next.Store(consumer + 1)
		return
	}
	if !b.up.Load() {
		b.raise("a delivery was lost")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = max(b.seen, consumer)
	if next := b.next.Load(); next > 0 && consumer > next {
		b.gap = true
		b.next.Store(consumer + 1)
	}
}

// wait keeps a message until the barrier is opened. It reports false if that has just happened. note notes the
// delivery and says what the pipeline is to call it; nil: it is known already.
func (b *barrier) wait(sequence uint64, m pipeline.Message, note func() *delivery) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.up.Load() {
		return false
	}
	d := note()
	if d == nil {
		return true
	}
	m.Handle = d
	if !m.Redelivered {
		b.firsts++
	}
	b.waiting = append(b.waiting, arrival{sequence, m})
	b.came(sequence)
	return true
}

// pass is told of each delivery that goes on although the barrier is up, by its sequences in the stream and the
// consumer.
func (b *barrier) pass(sequence, consumer uint64) {
	b.holds(sequence, consumer, true)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came(sequence)
}

// came notes that a message is in hand. The caller holds mu.
func (b *barrier) came(sequence uint64) {
	if sequence > b.upTo {
		return
	}
	b.moved = time.Now()
	if b.missing--; b.missing == 0 {
		b.signal()
	}
}

// inform tells the consumer's numbers: how many deliveries there were, the last one's sequence in the stream, and how
// many messages are unacknowledged. held of them are in our hands.
func (b *barrier) inform(consumer, upTo uint64, unacknowledged, held int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.upTo, b.missing, b.gap = upTo, unacknowledged-held, false
	b.next.Store(max(consumer, b.seen, b.next.Load()-min(b.next.Load(), 1)) + 1)
}

// anew forgets what the consumer has counted: another one, with its name, counts from 1.
func (b *barrier) anew() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = 0
	b.next.Store(0)
}

// complete reports whether everything is in our hands.
func (b *barrier) complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.missing <= 0 && !b.gap
}

// state returns how many messages are missing, since when none has come, how many wait, and whether a delivery was
// lost meanwhile.
func (b *barrier) state() (missing int, moved time.Time, waiting int, gap bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.missing, b.moved, len(b.waiting), b.gap
}

// firstDeliveries returns how many messages have come for the first time while the barrier was up.
func (b *barrier) firstDeliveries() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.firsts
}

// open lets what waits go on in the order of the stream, and then whatever comes. It does nothing, and reports false,
// if the barrier was raised again meanwhile.
func (b *barrier) open(submit func(pipeline.Message)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.why != "" {
		return false
	}
	for _, a := range b.sorted() {
		submit(a.message)
	}
	b.waiting = nil
	b.up.Store(false)
	return true
}

// giveBack empties the barrier without opening it.
func (b *barrier) giveBack(settle func(handle any)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.sorted() {
		settle(a.message.Handle)
	}
	b.waiting = nil
}

// sorted is what waits, in the order of the stream. The caller holds mu.
func (b *barrier) sorted() []arrival {
	slices.SortFunc(b.waiting, func(x, y arrival) int { return cmp.Compare(x.sequence, y.sequence) })
	return b.waiting
}
