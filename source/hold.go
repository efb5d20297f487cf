package source

import "time"

// hold decides how many messages to hold. The derived number follows from the rate that was expected; when messages come to wait for
// longer than half of AckWait all the same, they are published more slowly than that, and holding so many only costs renewals.
type hold struct {
	limit   int // 0 before the first decision.
	renewed int // Since the last decision, other than in a halt.
	settled uint64
	decided time.Time
}

// leastHeld is held however slow publishing is, where so much may be held at all.
const leastHeld = 16

// next decides once in a quarter of AckWait, given how many messages have been settled so far: to hold what is published in that time
// if anything had to be renewed, and otherwise twice as many as before, up to the derived number. It reports whether that is a change.
func (h *hold) next(now time.Time, settled uint64, s *Settings) (int, bool) {
	if h.limit == 0 {
		h.limit, h.settled, h.decided = s.Held, settled, now
	}
	period := s.AckWait / 4
	if now.Sub(h.decided) < period {
		return h.limit, false
	}
	before := h.limit
	switch {
	case h.renewed > 0:
		published := float64(settled-h.settled) / now.Sub(h.decided).Seconds() * period.Seconds()
		h.limit = min(s.Held, max(leastHeld, int(published)))
	case h.limit < s.Held:
		h.limit = min(s.Held, 2*h.limit)
	}
	h.renewed, h.settled, h.decided = 0, settled, now
	return h.limit, h.limit != before
}
