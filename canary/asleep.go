package canary

import "time"

// wake is told the time first of all. Whoever has not asked for longer than lateAfter did not run meanwhile: stopped,
// frozen, moved to another machine. Neither the bridge nor the subscriber, which are in its process, had that time, so
// that no patience runs out by it. How long a message took stays what it was.
func (w *Watch) wake(now time.Time) {
	asleep := now.Sub(w.awake)
	if asleep <= 0 {
		return
	}
	began := w.awake.IsZero()
	w.awake = now
	if began || asleep <= lateAfter {
		return
	}
	for i := range w.journeys {
		j := &w.journeys[i]
		j.since = j.since.Add(asleep)
	}
	for _, at := range [...]*time.Time{&w.listener.failing, &w.listener.polling, &w.known.at, &w.slow.at} {
		if !at.IsZero() {
			*at = at.Add(asleep)
		}
	}
	w.book.delay(asleep)
}

// delay expects all that is under way so much later.
func (b *Book) delay(by time.Duration) {
	for i := range b.entries {
		if b.entries[i].state == underWay {
			b.entries[i].due = b.entries[i].due.Add(by)
		}
	}
}
