package source

import "time"

// hold decides how many messages to hold: what is published in a few seconds, as replicas share a consumer, and what
// one of them holds the others cannot publish. The derived number, which AckWait allows, is the most.
type hold struct {
	limit   int // 0 before the first decision.
	settled uint64
	decided time.Time
}

const (
	// firstHeld is held before it is known how fast messages are published, by all replicas together.
	firstHeld = 1024
	// mostHeld keeps connections busy through a round trip to the server of 80 ms at 50 000 messages a second. More
	// would only take memory, about 1 KiB each.
	mostHeld = 4096
	// holdTime is how long the messages held last.
	holdTime = 4 * time.Second
	// holdEvery is the least time between two decisions.
	holdEvery = time.Second
)

// next decides, given how many messages have been settled so far. It reports whether that is a change. The number grows
// at once and shrinks by half at the most, so that a lull is not the end.
func (h *hold) next(now time.Time, settled uint64, s *Settings) (int, bool) {
	before := h.limit
	elapsed := now.Sub(h.decided)
	switch {
	case before == 0:
		h.limit = min(s.Held, max(s.first, s.LeastHeld))
	case elapsed < holdEvery:
		return before, false
	default:
		published := float64(settled-h.settled) / elapsed.Seconds() * holdTime.Seconds()
		h.limit = min(s.Held, max(min(int(published), mostHeld), before/2, s.LeastHeld))
	}
	h.settled, h.decided = settled, now
	return h.limit, h.limit != before
}
