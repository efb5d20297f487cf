package drive

import "momento-bridge/loadtest/search"

// judge looks at the refusals of a phase for those that are excused. It is used by the pacer alone.
type judge struct {
	excuse  *search.Excuse // nil: none is.
	ledger  *ledger
	before  *judge // Of the phase before, which comes first; nil: there is none with this excuse.
	looked  int    // At so many tickets.
	excused int
	counted int // Refusals that are not excused.
}

// judgeOf returns the judge of a phase that comes after others.
func judgeOf(ph *phase, before []*phase) judge {
	j := judge{ledger: &ph.ledger}
	if ph.Burst == 0 {
		return j
	}
	if n := len(before); n > 0 && before[n-1].Burst == ph.Burst && before[n-1].Rate == ph.Rate {
		j.before = &before[n-1].judge
		j.excuse = j.before.excuse
		return j
	}
	j.excuse = search.NewExcuse(ph.Rate, ph.Burst)
	return j
}

// look goes on to the first ticket that is open, and reports whether none is.
func (j *judge) look() bool {
	if j.excuse == nil || j.before != nil && !j.before.look() {
		return false
	}
	j.looked = j.ledger.eachEvent(j.looked, func(e search.Event) {
		switch {
		case j.excuse.Refusal(e):
			j.excused++
		case e.Refused:
			j.counted++
		}
	})
	return j.looked == int(j.ledger.n.Load())
}
