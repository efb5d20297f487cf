package drive

import (
	"math"

	"momento-bridge/loadtest/search"
)

// judge looks at the refusals of a phase for those that are excused. It is used by the pacer alone.
type judge struct {
	of      *phase // nil: none is excused.
	before  *judge // Of the phase before, which comes first; nil: there is none with the same excuse.
	earlier []*phase
	excuse  *search.Excuse // Since the first look.
	looked  int            // At so many tickets.
	excused int
	counted int  // Refusals that are not excused.
	passed  bool // The phase after this one goes on with the excuse.
}

// judgeOf returns the judge of a phase that comes after others.
func judgeOf(ph *phase, before []*phase) judge {
	if search.ExcuseOf(&ph.Phase, 0) == nil {
		return judge{}
	}
	j := judge{of: ph, earlier: before}
	if n := len(before); n > 0 && ph.Continues(&before[n-1].Phase) {
		j.before = &before[n-1].judge
	}
	return j
}

// look goes on to the first ticket that is open, and reports whether none is.
func (j *judge) look() bool {
	if j.of == nil || j.before != nil && !j.before.look() {
		return false
	}
	if j.excuse == nil {
		j.excuse = j.begin()
	}
	j.looked = j.of.ledger.eachEvent(j.looked, func(e search.Event) { j.note(j.excuse.Take(e)) })
	return j.looked == int(j.of.ledger.n.Load())
}

func (j *judge) note(excused, counted int) {
	j.excused += excused
	j.counted += counted
}

// end looks at all that is left, once every ticket is settled, also those of the phases after this one.
func (j *judge) end() {
	if j.look() && !j.passed {
		j.note(j.excuse.End())
	}
}

// begin returns the excuse of the phase before, or a new one that knows how long an acceptance takes at the least.
func (j *judge) begin() *search.Excuse {
	if j.before != nil {
		j.before.note(j.before.excuse.End())
		j.before.passed = true
		return j.before.excuse
	}
	least := math.Inf(1)
	shorter := func(e search.Event) {
		if !e.Refused {
			least = min(least, e.Answered-e.At)
		}
	}
	for _, ph := range j.earlier {
		ph.ledger.eachEvent(0, shorter)
	}
	j.of.ledger.eachEvent(0, shorter)
	if math.IsInf(least, 1) {
		least = 0
	}
	return search.ExcuseOf(&j.of.Phase, least)
}

// most is how many were accepted within one window, for certain.
func (j *judge) most() int {
	if j.excuse == nil {
		return 0
	}
	return j.excuse.Most()
}
