package source

import (
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Numbers are what is known of what waits at the server for a consumer.
type Numbers struct {
	Heard          time.Time // When the server told of it last; zero: it has not yet, or this replica stands by.
	Unanswered     time.Time // Since when it does not answer; zero: it does, as far as is known.
	Undelivered    int64     // Messages that have been delivered to nobody yet.
	Unacknowledged int64     // Delivered to any replica and not acknowledged, when that was looked at last.
	// Elsewhere is what of those this replica does not hold: what another one holds that lives, and otherwise what was
	// given out before, to somebody who is gone, and comes again within AckWait.
	Elsewhere int64
	Others    bool          // Other replicas take messages from the consumer.
	Held      int64         // By this replica.
	First     int64         // How many have come here for the first time.
	Since     time.Time     // Nothing undelivered was stored before; zero: not known.
	AckWait   time.Duration // Of the consumer.
}

// figures are what a route knows of its consumer. All may be used concurrently.
type figures struct {
	heard      atomic.Int64 // In nanoseconds of Unix time, as are the next two.
	since      atomic.Int64
	unanswered atomic.Int64
	elsewhere  atomic.Int64
	first      atomic.Int64
	others     atomic.Bool
}

// Numbers returns what is known of what waits.
func (j *JetStream) Numbers() Numbers {
	f := &j.figures
	n := Numbers{
		Undelivered: j.pending.Load(), Unacknowledged: j.ackWaits.Load(), Elsewhere: f.elsewhere.Load(),
		Others: f.others.Load(), First: f.first.Load(), AckWait: 2 * time.Duration(j.renewAfter.Load()),
		Heard: timeOf(f.heard.Load()), Since: timeOf(f.since.Load()), Unanswered: timeOf(f.unanswered.Load()),
	}
	held, _ := j.held.count()
	n.Held = int64(held)
	if n.Unanswered.Before(n.Heard) {
		n.Unanswered = time.Time{}
	}
	return n
}

// timeOf is the time of so many nanoseconds; 0 is none.
func timeOf(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}

// came notes a delivery, after which so many were pending.
func (f *figures) came(now time.Time, meta *metadata) {
	at := now.UnixNano()
	f.heard.Store(at)
	if meta.deliveries > 1 {
		return
	}
	f.first.Add(1)
	if meta.pending > 0 {
		at = meta.stored.UnixNano()
	}
	f.since.Store(at)
}

// gathered notes that a message is in hand that was given out before.
func (f *figures) gathered() {
	for n := f.elsewhere.Load(); n > 0 && !f.elsewhere.CompareAndSwap(n, n-1); n = f.elsewhere.Load() {
	}
}

// told notes what the server has told of the consumer, and how much of it is elsewhere.
func (f *figures) told(info *jetstream.ConsumerInfo, elsewhere int64) {
	now := time.Now().UnixNano()
	if info.NumPending == 0 {
		f.since.Store(now)
	}
	f.elsewhere.Store(max(0, elsewhere))
	f.heard.Store(now)
	f.unanswered.Store(0)
}

// silent notes that the server has not answered.
func (f *figures) silent(since time.Time) {
	if timeOf(f.unanswered.Load()).Before(timeOf(f.heard.Load())) {
		f.unanswered.Store(0)
	}
	f.unanswered.CompareAndSwap(0, since.UnixNano())
}

// forget notes that nothing is known any more.
func (f *figures) forget() {
	f.heard.Store(0)
	f.since.Store(0)
	f.elsewhere.Store(0)
	f.unanswered.Store(0)
}

// Add makes the numbers those of several consumers: as old as the oldest that say that something waits. Consumers of
// which nothing is known do not count.
func (n *Numbers) Add(more Numbers) {
	if more.Heard.IsZero() {
		n.Held, n.First = n.Held+more.Held, n.First+more.First
		return
	}
	waits, moreWaits := n.Undelivered+n.Elsewhere > 0, more.Undelivered+more.Elsewhere > 0
	switch {
	case n.Heard.IsZero(), moreWaits && !waits, moreWaits == waits && more.Heard.Before(n.Heard) == waits:
		n.Heard = more.Heard
	}
	n.Since, n.Unanswered = older(n.Since, more.Since, n.Undelivered > 0, more.Undelivered > 0),
		older(n.Unanswered, more.Unanswered, true, true)
	n.Undelivered += more.Undelivered
	n.Unacknowledged += more.Unacknowledged
	n.Elsewhere += more.Elsewhere
	n.Others = n.Others || more.Others
	n.Held += more.Held
	n.First += more.First
	n.AckWait = max(n.AckWait, more.AckWait)
}

// older is the earlier one of two times that count.
func older(a, b time.Time, countsA, countsB bool) time.Time {
	if a.IsZero() || !countsA || countsB && !b.IsZero() && b.Before(a) {
		if countsB {
			return b
		}
	}
	return a
}
