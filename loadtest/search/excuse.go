package search

// Excuse tells refusals that come from publishes that arrived too close together from those that come from the rate.
// Nobody sees arrivals, but each lies between the moments when a publish was sent and when it was answered, less the
// time that both ways take at the least. A refusal that a limiter of the rate would have given, too, if they arrived at
// the worst of these moments, says nothing about the rate.
//
// A token bucket with a small burst forgives little: with 500/s and a burst of 2, a publish that is 2 ms late costs the
// one after it its token. An Excuse follows the emptiest bucket of a rate and burst. Each refusal gives back what it
// was excused with, so one late publish excuses about as many as it can have cost.
//
// A window forgives what is late, but not what comes into one window from another: see lately.
type Excuse struct {
	gap   float64 // Seconds for one token.
	most  float64 // How far a bucket that still gives a token may be behind a full one, in seconds.
	full  float64 // When the bucket would be full again at the latest.
	least float64 // How long an acceptance takes at the least, in seconds.

	lately *lately // Of a window; nil: it is a bucket.
}

// NewExcuse begins with a full bucket. least is how long an acceptance takes at the least, in seconds.
func NewExcuse(rate, burst, least float64) *Excuse {
	return &Excuse{gap: 1 / rate, most: (burst - 1) / rate, least: least}
}

// ExcuseOf returns the excuse of a phase; nil: nothing is excused.
func ExcuseOf(p *Phase, least float64) *Excuse {
	switch {
	case p.Window > 0:
		return &Excuse{least: least, lately: newLately(p)}
	case p.Burst > 0:
		return NewExcuse(p.Rate, p.Burst, least)
	}
	return nil
}

// Take takes the publishes one after the other, in the order in which they were planned, and returns how many refusals
// are judged by that: those that are excused, and those that count. A refusal may be judged later than it is taken.
func (x *Excuse) Take(e Event) (excused, counted int) {
	e.Answered -= x.least
	switch {
	case x.lately != nil:
		return x.lately.take(e)
	case e.Refused && x.full-e.At > x.most:
		return 1, 0
	case e.Refused:
		return 0, 1
	}
	x.full = max(x.full, e.Answered) + x.gap
	return 0, 0
}

// End judges the refusals that are not judged yet, as nothing comes after them.
func (x *Excuse) End() (excused, counted int) {
	if x.lately == nil {
		return 0, 0
	}
	return x.lately.judge(len(x.lately.waiting))
}

// Most is how many were accepted within one window, for certain.
func (x *Excuse) Most() int {
	if x.lately == nil {
		return 0
	}
	return x.lately.most
}
