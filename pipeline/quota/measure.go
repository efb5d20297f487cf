package quota

import (
	"math"
	"time"
)

// firstProven returns what is less than the quota when so much has been refused for the first time. Without a rate
// there is no telling.
func (l *learner) firstProven(most float64) float64 {
	if math.IsInf(l.rate, 1) {
		return 0
	}
	return firstProven * most
}

// confirmed reports whether a refusal that comes this long after the latest one is what a quota as suspected leads to.
func (l *learner) confirmed(since time.Duration) bool {
	over := (trying - 1 - beyond*l.noise) * l.suspect // What is refused per second.
	expected := tolerated(l.publishes(), l.noise) * l.usual / max(0.1*(trying-1)*l.suspect, over)
	return l.suspect > 0 && l.accepted > 0 && !l.blocked && since.Seconds() < 1.3*expected+0.1 &&
		math.Abs(l.got()-l.suspect*since.Seconds()) < 1.5*l.usual
}

// measure concludes from the costs accepted per second between two refusals, the later one at a rate of most.
func (l *learner) measure(now time.Time, most, least float64) {
	if l.noise > 0 { // A surplus takes time to be seen, and the rate is well above the quota then.
		most = min(most, max(least, l.taken.LastSecond()/(1-l.noise)), least*(1+2*tight))
	}
	switch {
	case most <= near*least:
		l.know(now, (least+most)/2)
	case !l.lull && l.lowest >= least: // The rate was above the quota all the time.
		l.know(now, least)
	case !l.lull && !l.doubted && least < same*l.quota && least > l.quota/same:
		l.know(now, least) // The refusal was late because the limiter had saved up much.
		l.doubted = true
		return
	default:
		l.guess(most, least)
	}
	l.doubted = false
}

// know goes on from a quota that has been measured.
func (l *learner) know(now time.Time, quota float64) {
	l.knownAt = now
	if l.quota > 0 && quota < l.quota*near && quota > l.quota/near {
		l.found++
	} else {
		l.found = 1
	}
	l.measured = Learned{Quota: quota, Found: l.found}
	if l.found >= provenAfter {
		l.proven = max(l.proven, quota)
	}
	l.suspect = 0
	steady := max(leastMiddle, l.span(middleMany, quota))
	l.middle = min(steady, l.first(quota)<<min(l.found, 8))
	l.begin(quota, quota*(1-margin))
}

// guess goes on from a rate between the bounds of the quota, when no more is known than those; least may be 0. If a
// rate just above the lower bound is refused, the lower bound was the quota.
func (l *learner) guess(most, least float64) {
	l.found = 0
	l.suspect = 0
	trial := trying * least
	l.middle = 2 * l.first(max(trial, hardest*most))
	if trial <= hardest*most {
		l.begin(most, hardest*most)
		return
	}
	if !l.lull {
		l.suspect = least
	}
	l.begin(trial, trial)
	l.climbed = l.middle
}

// first returns the middle of the shortest climb.
func (l *learner) first(quota float64) time.Duration {
	return max(firstMiddle, l.span(middleFew, quota))
}

// span returns how long this many publishes take at a rate, and no more than an hour.
func (l *learner) span(publishes, rate float64) time.Duration {
	return time.Duration(min(publishes*l.usual/rate, 3600) * float64(time.Second))
}

// begin starts a climb.
func (l *learner) begin(quota, rate float64) {
	l.quota = quota
	l.climbed = 0
	l.set(max(l.floor, rate))
	l.depth = max(margin, 1-l.rate/quota)
}

// set puts a rate in force, within the ceiling.
func (l *learner) set(rate float64) {
	if rate > fastest {
		rate = math.Inf(1)
	}
	l.rate = min(rate, l.ceiling)
	l.lowest = min(l.lowest, l.rate)
}
