package quota

import "time"

// Learned is what is worth keeping of a quota, for when the program starts again.
type Learned struct {
	Quota float64 // Per second, as measured; 0: it was not, or a much higher rate has been carried since.
	Floor float64 // The share of publishes that is refused at any rate; 0: none.
	Found int     // How many measurements in a row confirmed the quota.
}

// valid reports whether it can have been learned: it may come from a file. It is a quota, a share, or both.
func (l Learned) valid() bool {
	measured := l.Quota > 0 && l.Quota <= fastest && l.Found > 0
	return l.Floor >= 0 && l.Floor < 1 && (measured || l.Quota == 0 && l.Found == 0 && l.Floor > 0)
}

// Learned returns what is worth keeping. It reports false if nothing is: the quota has not been measured, or nothing is
// learned.
func (p *Pacer) Learned() (Learned, bool) {
	l := p.learner.measured
	if p.learner.rate > near*l.Quota {
		l = Learned{}
	}
	l.Floor = p.Floor()
	return l, l.valid() && !p.limits.None()
}

// Believe goes on from what was learned earlier, perhaps long ago: the rate starts a margin below that quota, and
// climbs gently. The first refusal costs no more than the margin, and begins a measurement, from which all is known
// anew. What is no quota is ignored, and so is everything where nothing is learned. Call it before the first publish.
func (p *Pacer) Believe(now time.Time, l Learned) {
	if p.limits.None() || !l.valid() {
		return
	}
	p.learner.believe(l)
	p.fill(now)
}

// believe begins a climb below a quota that was measured earlier.
func (l *learner) believe(learned Learned) {
	l.hear(learned.Floor)
	l.retrial = leastExplained
	if learned.Quota == 0 {
		return
	}
	l.measured = learned
	l.believed = true
	l.found = 1
	l.middle = max(leastMiddle, l.span(middleMany, learned.Quota))
	l.begin(learned.Quota, learned.Quota*(1-margin))
}
