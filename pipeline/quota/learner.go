package quota

import (
	"math"
	"time"
)

// learner finds an unknown quota from what is refused.
//
// It relies on one thing that every limiter has in common: between two moments at which the quota is used up, exactly
// what the quota allows is accepted. So the costs accepted from one refusal to the next, divided by the time between
// them, are the quota, whatever burst or window it has. That holds if the rate was above the quota all the time. If it
// was below for a while, the quota may have lain idle and is at least that much; it is at most the rate that was
// refused.
//
//	rate
//	 |      / refused: cut          . . . twofold each second again
//	 |     /|                      .
//	 |    / |   __ refused        .   nothing refused: the quota has been raised
//	 |   /  |  |  |     _ _ _ _ _.
//	 |  /   |__|  |  ,-'       quota, as learned
//	 | /           |/
//	 +--------------------------------------- time
//
// The rate starts low and doubles each second until refusals get thick. Two or three refusals later the quota is known.
// From then on the rate climbs along a cubic curve, as CUBIC of RFC 9438 does: fast at first, slowly where the quota is
// expected, then faster. A refusal ends the climb and yields a new measurement of the quota. If none comes, the quota
// has been raised.
//
// Not every refusal says that the quota is used up. The model is
//
//	accepted = min(quota, rate) × (1 - noise)
//
// where noise is a share of publishes that is refused at any rate: by a proxy, a full queue, a server that restarts.
// What a quota refuses depends on the rate, noise does not. So a refusal counts as an exhaustion only if there are more
// of them than noise explains (tolerance.go). Where that happens at a rate that the quota is known to allow, it is
// strange: the rate is not cut, but goes down by a quarter for a while, to see whether that helps (trial.go).
type learner struct {
	ceiling float64 // Never exceeded; +Inf: none.
	floor   float64 // Refusals never push the rate below it.
	rate    float64 // In force; +Inf: none.
	quota   float64 // As learned; 0: not yet.
	found   int     // Refusals in a row that confirmed it.

	measured Learned   // The quota as measured last, and how many measurements in a row confirmed it.
	knownAt  time.Time // When that was; zero: somebody else did it, or before the program started.
	believed bool      // The quota was measured before the program started, and nothing has been refused since.

	// The climb.
	depth   float64       // Where it began below the quota, as a share of it.
	climbed time.Duration // How long it has lasted, as far as there was demand.
	middle  time.Duration // When it reaches the quota.

	usual   float64   // What a publish costs, on average.
	wanted  bool      // A publish had to wait for a token since the last step.
	stepped time.Time // When the last step was.
	cutAt   time.Time // When a refusal changed the rate last.

	suspect float64 // What the quota is if the next refusal comes at once; 0: unknown.
	doubted bool    // The latest refusal came late, although the quota seemed to be as known.

	// What has happened since the refusal from which costs are counted.
	emptied  time.Time // When that was; zero: there was none.
	accepted float64   // The costs accepted.
	lowest   float64   // The lowest rate.
	lull     bool      // The rate was not used to the full for a while.
	blocked  bool      // A refusal has followed another one, as it does where a window has been used up.

	offered Meter // The costs of what has been answered.
	taken   Meter // The costs of what has been accepted.

	// What has been refused since the rate was cut.
	answers   tally
	surplus   surplus // Beyond what is tolerated.
	thickness surplus // Beyond what is believed to be noise.
	settled   bool    // Something has been accepted since the effects of the cut ended.
	row       int     // How many refusals have come in a row.

	// What is refused at any rate.
	noise     float64 // Its share of the publishes; 0: none.
	heard     float64 // The share as found by trial.
	hearing   float64 // The average since.
	explained float64 // How many refusals are explained by it since the latest trial.
	retrial   float64 // After how many the next trial comes.

	// What should not have been refused, if it was for the quota.
	proven      float64 // The best quota of late.
	strangers   tally   // All publishes at such rates, since there is a surplus.
	strangeness surplus
	patience    float64 // How many more than leastStrange it takes.
	trial       trial
}

const (
	// While no refusal has come, the rate doubles in doubleTime, or in the time of doubleFew publishes if that is
	// longer.
	doubleTime = time.Second
	doubleFew  = 4.0
	// margin is how far below the quota a climb begins, as a share of it.
	margin = 0.04
	// hardest is the smallest share of the rate that one refusal leaves, unless the quota has been measured.
	hardest = 0.5
	// near is the ratio below which two bounds of the quota are as good as a measurement.
	near = 1.12
	// same is the ratio below which two measurements are the same.
	same = 1.03
	// tight is how much the quota may be above a measurement, where noise hides when it was used up.
	tight = 0.03
	// trying is how far above the lower bound of the quota a rate is chosen that shows whether the bound is the quota.
	trying = 1.06
	// enough publishes accepted between two refusals make a measurement.
	enough = 4.0
	// period is the least time that a measurement takes. Where accepted and refused publishes alternate, shortPeriod
	// is.
	period      = time.Second
	shortPeriod = period / 2
	// stepTime is the least time between two steps of the rate.
	stepTime = 50 * time.Millisecond
	// After the first measurement a climb reaches the quota after firstMiddle, or after the time of middleFew publishes
	// if that is longer.
	firstMiddle = time.Second
	middleFew   = 8.0
	// Once the quota is confirmed, it takes leastMiddle, or the time of middleMany publishes if that is longer. One
	// refusal in twice as many publishes is the price of noticing that the quota has been raised.
	leastMiddle = 4 * time.Second
	middleMany  = 70.0
	// smoothing is the weight of the latest cost in the usual one.
	smoothing = 1.0 / 16
	// fastest is the highest rate that counts as a limit, per second.
	fastest = 1e6
)

// step lets the rate grow while publishes wait for tokens. It reports whether the rate has changed.
func (l *learner) step(now time.Time) bool {
	passed := now.Sub(l.stepped)
	if passed < stepTime {
		return false
	}
	l.stepped = now
	if l.trial.on {
		return false
	}
	if !l.wanted {
		l.lull = true
		return false
	}
	l.wanted = false
	if l.rate >= l.ceiling {
		return false
	}
	l.set(l.grown(min(passed, time.Second)))
	return true
}

// grown returns the rate after a further time of unmet demand.
func (l *learner) grown(passed time.Duration) float64 {
	l.climbed += passed
	doubled := l.rate * math.Exp2(passed.Seconds()/max(doubleTime, l.span(doubleFew, l.rate)).Seconds())
	if l.quota == 0 || l.rate > l.quota*(1+2*l.depth) {
		return doubled
	}
	x := float64(l.climbed-l.middle) / float64(l.middle)
	return min(doubled, max(l.rate, l.quota*(1+l.depth*x*x*x)))
}

// accept takes note of an accepted cost. It reports whether the rate has changed.
func (l *learner) accept(now time.Time, cost float64) bool {
	l.accepted += cost
	l.taken.Add(now, cost)
	l.offer(now, cost)
	l.settled = l.settled || now.Sub(l.cutAt) >= shortPeriod
	return l.count(now, false)
}

// count counts an answer. It reports whether the rate has changed.
func (l *learner) count(now time.Time, refused bool) bool {
	if !refused && l.row >= outage { // An outage is over. It has nothing to do with the rate.
		l.surplus, l.thickness = 0, 0
	}
	usual := beyond * max(negligible, l.noise)
	l.answers.count(refused)
	l.surplus.count(refused, usual)
	l.thickness.count(refused, thickShare)
	l.row++
	if !refused {
		l.row = 0
	}
	if l.trial.on {
		return l.judge(now, refused)
	}
	if l.settled && (l.quota == 0 || l.rate >= l.ceiling || l.found > 0 && l.rate < idleShare*l.quota) {
		l.listen(refused)
	}
	if l.settled && l.strange() {
		l.strangeness.count(refused, usual)
		l.strangers.count(refused)
		if l.strangeness == 0 {
			l.strangers = tally{}
		}
	}
	if l.noise > 0 && (l.explained >= l.retrial || l.noise < fainter*l.heard) && l.noise*l.publishes() >= audible {
		l.try(now, l.noise, 0)
		return true
	}
	return false
}

// offer takes note of the cost of a publish that has been answered, either way.
func (l *learner) offer(now time.Time, cost float64) {
	if l.usual == 0 {
		l.usual = cost
	}
	l.usual += (cost - l.usual) * smoothing
	l.offered.Add(now, cost)
}

// refuse takes note of a refusal of a publish that started at sent. It reports whether the rate has changed. A publish
// that was sent at a rate which has been cut since says nothing new.
func (l *learner) refuse(now, sent time.Time, cost float64) bool {
	l.offer(now, cost)
	if sent.Before(l.cutAt) {
		return false
	}
	again := l.row > 0
	if l.count(now, true) {
		return true
	}
	most := min(l.rate, l.offered.PerSecond(now, enough*l.usual))
	since := now.Sub(l.emptied)
	switch {
	case math.IsInf(most, 1) || most <= 0 || l.trial.on || !l.exhausted():
		return false
	case !l.collapsed() && l.strange():
		l.surplus = 0
		return l.wonder(now)
	case l.believed && l.quota > 0:
		l.begin(l.quota, l.quota*(1-margin))
	case l.emptied.IsZero() || l.quota == 0:
		l.proven = l.firstProven(most)
		l.guess(most, 0)
	case l.confirmed(since) && since < period:
		l.know(now, l.suspect)
	case l.confirmed(since):
		l.know(now, (l.suspect+most)/2)
	case l.collapsed() && !again:
		if l.noise > loudest/2 { // What is believed to be noise may be this.
			l.explained = l.retrial
		}
		l.proven = firstProven * most
		l.guess(most, 0)
	case since < period && (l.blocked || since < shortPeriod) || l.accepted < enough*l.usual &&
		now.Sub(l.cutAt) < period:
		return false
	case l.accepted < enough*l.usual:
		l.guess(most, 0)
		l.cut(now)
		return true // Count on.
	default:
		if l.answers.refused >= fallen && l.answers.share() >= 1/fallen {
			l.proven = min(l.proven, firstProven*most)
		}
		l.measure(now, most, l.got()/since.Seconds())
	}
	l.cut(now)
	l.emptied, l.accepted, l.lowest, l.lull, l.blocked = now, 0, l.rate, false, false
	return true
}

// cut notes that a refusal has changed the rate.
func (l *learner) cut(now time.Time) {
	l.cutAt, l.believed, l.settled = now, false, false
	l.answers, l.surplus, l.thickness = tally{}, 0, 0
	l.trial = trial{}
	if l.quota < l.proven {
		l.proven -= forgetting * (l.proven - l.quota)
	}
}

// exhausted reports whether so many have been refused that the quota was used up at this moment. While the rate
// doubles for the first time, nothing is known but that refusals get thick once the quota has been passed.
func (l *learner) exhausted() bool {
	switch {
	case math.IsInf(l.rate, 1):
		return true
	case l.quota == 0 && l.rate < l.ceiling:
		return l.collapsed()
	}
	return float64(l.surplus) >= tolerated(l.publishes(), l.noise)
}

// collapsed reports whether so many have been refused that the quota is far below the rate.
func (l *learner) collapsed() bool { return float64(l.thickness) >= thick(l.publishes()) }

// got returns what was accepted, as it would have been without noise.
func (l *learner) got() float64 { return l.accepted / (1 - l.noise) }

// publishes returns the rate in publishes per second.
func (l *learner) publishes() float64 { return l.rate / l.usual }

// block notes that a refusal has followed another one, and that nothing is sent until a time. A limiter that refuses
// like that counts in windows, and this one is used up: the time until the next window does not count.
func (l *learner) block(until time.Time) {
	l.blocked = true
	if l.accepted == 0 && !l.emptied.IsZero() {
		l.emptied = until
	}
}
