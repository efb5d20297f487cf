package quota

import (
	"math"
	"time"
)

// tally counts publishes and how many of them were refused.
type tally struct{ publishes, refused float64 }

func (t *tally) count(refused bool) {
	t.publishes++
	if refused {
		t.refused++
	}
}

func (t *tally) add(other tally) {
	t.publishes += other.publishes
	t.refused += other.refused
}

// share returns which share was refused; 0 if nothing was published.
func (t *tally) share() float64 { return t.refused / max(1, t.publishes) }

// trial is a slower rate for a while, to see whether fewer are refused then.
type trial struct {
	on       bool
	back     float64 // The rate before.
	share    float64 // What was refused then.
	against  float64 // What is refused at the slower rate if that helps.
	evidence float64 // That it does not help: how much more probable what is seen is then, as a logarithm.
	seen     tally
	base     float64 // What is noise if it helps.
}

const (
	// slower is the rate of a trial, as a share of the one before. A quota of which a few percent too much is asked
	// for refuses nothing then, and several servers that share it refuse a fraction.
	slower = 0.75
	// helpful is what share of the refusals is left if going slower helps.
	helpful = 0.1
	// A trial ends when it is exp(certain) times as probable that going slower helps, or that it does not.
	certain = 4.6
	// loudest is the highest share that is believed to be noise. A limiter of several servers that save up nothing
	// looks like more.
	loudest = 0.13
	// sure is how many refusals tell that the share is above loudest.
	sure = 20
	// Strange refusals lead to a trial when there are leastStrange of them beyond what is tolerated. That
	// doubles with each trial that helped, up to mostStrange.
	leastStrange = 6
	mostStrange  = 24
	// audible is how many refusals per second must be due to noise for a trial to end within half a minute.
	audible = 0.4
	// Below quietest publishes per second it takes too long to tell a surplus from noise: what is found there is only
	// that the quota must be looked for anew.
	quietest = 20.0
	// After a trial that did not help, the next one comes when leastExplained refusals have been explained by it. That
	// doubles each time up to mostExplained, so that trials take one or two percent of the time.
	leastExplained = 400
	mostExplained  = 6400
	// A refusal is strange at less than provenShare of the best quota of late, or, if the quota has been found several
	// times in a row, below knownShare of it. Limiters refuse from 98.1 % of the quota as measured.
	provenShare = 0.95
	knownShare  = 0.985
	knownAfter  = 3
	// firstProven of the first rate that is refused is less than the quota, even if that had been saved up for long.
	firstProven = 0.35
	provenAfter = 4
	// The quota has fallen if at least fallen publishes were refused between two cuts, and one in fallen of all.
	fallen = 3.0
	// forgetting is how much nearer each cut takes the best quota of late to the present one.
	forgetting = 0.1
	// idleShare of the quota is certainly not all of it.
	idleShare = 0.99
	// fainter than this, as a share of what was heard, noise may be none.
	fainter = 0.6
	// outage is how many refusals in a row have nothing to do with the rate.
	outage = 5
	// precise is how many refusals a share is the average of.
	precise = 30
)

// strange reports whether the quota should not be used up at the present rate.
func (l *learner) strange() bool {
	switch {
	case math.IsInf(l.rate, 1):
		return false
	case l.quota == 0:
		return l.rate >= l.ceiling
	}
	slack := 2 * l.usual / (l.quota * l.middle.Seconds()) // A measurement may be wrong by two publishes.
	low := (provenShare - slack) * l.proven
	if l.found >= knownAfter {
		low = max(low, (knownShare-slack)*l.quota)
	}
	return l.rate < low
}

// wonder takes note of a strange refusal. It reports whether that begins a trial.
func (l *learner) wonder(now time.Time) bool {
	enough := tolerated(l.publishes(), l.noise) + leastStrange - 1 + l.patience
	share := (l.strangers.refused - 1) / max(1, l.strangers.publishes)
	if float64(l.strangeness) < enough || (share-l.noise)*l.publishes() < audible {
		return false
	}
	l.try(now, share, l.noise)
	return true
}

// try begins a trial, in which what was refused before was a share, of which base is noise.
func (l *learner) try(now time.Time, share, base float64) {
	share = min(share, loudest)
	l.trial = trial{on: true, back: l.rate, share: share, base: base, against: min(max(base, helpful*share), share/2)}
	l.set(max(l.floor, slower*l.rate))
	on := l.trial
	l.cut(now)
	l.trial = on
}

// judge counts an answer during a trial. It reports whether that ends it.
func (l *learner) judge(now time.Time, refused bool) bool {
	t := &l.trial
	if l.row >= outage {
		t.seen, t.evidence = tally{}, 0 // Nothing gets through: that says nothing about the rate.
		return false
	}
	t.seen.count(refused)
	t.evidence -= t.share - t.against
	if refused {
		t.evidence += math.Log(t.share / t.against)
	}
	switch {
	case t.evidence <= -certain:
		l.helped(now)
	case t.evidence < certain || t.seen.share() > loudest && t.seen.refused < sure:
		return false
	case t.seen.share() > loudest:
		l.trial = trial{}
		l.guess(l.rate, 0)
		l.emptied, l.accepted = now, 0
	default:
		l.vain()
	}
	l.cut(now)
	l.believed = true
	return true
}

// helped goes on after a trial in which less was refused. If what was refused before was strange, the quota is a little
// below the rate before it. If it was believed to be noise, the quota was counted too high by as much.
func (l *learner) helped(now time.Time) {
	t := l.trial
	l.trial = trial{}
	l.strangers, l.strangeness = tally{}, 0
	quota := t.back * (1 - t.share)
	if l.noise > t.base {
		quota = l.quota * (1 - t.share)
	}
	l.hear(t.base)
	l.patience = min(max(leastStrange, 2*l.patience), mostStrange)
	if quota == 0 {
		l.set(t.back)
		return
	}
	l.know(now, quota)
	l.proven = quota
}

// vain goes on after a trial in which as much was refused as before: that is noise.
func (l *learner) vain() {
	t := l.trial
	l.trial = trial{}
	if t.back < quietest*l.usual {
		l.patience = min(max(leastStrange, 2*l.patience), mostStrange)
		l.strangers, l.strangeness = tally{}, 0
		l.quota = 0
		l.set(t.back)
		return
	}
	seen := t.seen
	seen.add(l.strangers)
	if l.noise > t.base { // What was heard before counts as much as half of what it is the average of.
		seen.add(tally{publishes: precise / 2 / t.share, refused: precise / 2})
	}
	l.hear(seen.share())
	l.explained = 0
	l.retrial = min(max(leastExplained, 2*l.retrial), mostExplained)
	l.patience = 0
	l.strangers, l.strangeness = tally{}, 0
	if l.quota == 0 {
		l.set(t.back)
		return
	}
	quota, rate := max(l.quota, l.proven), max(t.back, l.proven*(1-margin))
	if l.found > 0 {
		rate = max(rate, quota*(1-margin))
	}
	l.begin(quota, rate)
}

// hear takes a share of refusals for noise.
func (l *learner) hear(share float64) {
	if share < negligible {
		share = 0
	}
	l.noise, l.heard, l.hearing = share, share, share
}

// listen counts an answer at a rate at which the quota is not used up, so that all that is refused is noise.
func (l *learner) listen(refused bool) {
	if l.noise == 0 {
		return
	}
	weight := l.heard / precise
	l.hearing -= l.hearing * weight
	if refused {
		l.hearing += weight
		l.explained++
	}
	l.noise = min(l.hearing, beyond*l.heard, loudest)
	if l.noise < negligible {
		l.hear(0)
	}
}
