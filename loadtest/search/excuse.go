package search

// Excuse tells refusals that come from publishes that arrived too close together from those that come from the rate. A
// token bucket with a small burst forgives little: with 500/s and a burst of 2, a publish that is 2 ms late costs the
// one after it its token. Nobody sees arrivals, but each lies between the moments when a publish was sent and when it
// was answered, less the time that both ways take at the least. So an Excuse follows the emptiest bucket of a rate and
// burst that these moments allow; a refusal that even this one would not have given is not excused.
//
// Each refusal gives back what it was excused with, so one late publish excuses about as many as it can have cost.
type Excuse struct {
	gap   float64 // Seconds for one token.
	most  float64 // How far a bucket that still gives a token may be behind a full one, in seconds.
	full  float64 // When the bucket would be full again at the latest.
	least float64 // How long an acceptance takes at the least, in seconds.
}

// NewExcuse begins with a full bucket. least is how long an acceptance takes at the least, in seconds.
func NewExcuse(rate, burst, least float64) *Excuse {
	return &Excuse{gap: 1 / rate, most: (burst - 1) / rate, least: least}
}

// Refusal takes the publishes one after the other, in the order in which they were planned, and reports whether one was
// refused and is excused.
func (x *Excuse) Refusal(e Event) bool {
	if !e.Refused {
		x.full = max(x.full, e.Answered-x.least) + x.gap
		return false
	}
	return x.full-e.At > x.most
}
