package search

import (
	"math"
	"slices"
)

// lately are the acceptances of a window's length. A limiter that allows the rate allows as many in each window as the
// rate has in it. Where so many were accepted lately, a refusal says nothing against the rate: publishes that were late
// came into a window that had no room for them.
type lately struct {
	window float64 // Seconds, at the most,
	least  float64 // and at the least.
	enough int     // What a limiter of the rate accepts in each window, at the least.
	events []Event // Accepted, in the order of their plan; Answered is without what it takes at the least.
	from   int     // The first that was accepted within one window with the last, for certain.
	latest float64 // When the latest of those was answered.
	most   int
	// waiting are refusals that are not judged yet: what was sent while one was on its way may have come before it.
	waiting []Event
}

// newLately looks at the window of a phase. Where it is known how many a window has room for, the rate itself says how
// long it is at the most if the limiter allows the rate: how long it really is need not be known.
func newLately(p *Phase) *lately {
	l := &lately{window: p.Window + p.Doubt, least: p.Window - p.Doubt}
	l.enough = int(math.Ceil(p.Rate*l.least - 1e-6))
	if p.Room > 0 {
		l.window, l.enough = min(l.window, p.Within), p.Room
	}
	return l
}

// take takes the next publish, and judges the refusals before which nothing can have come any more.
func (l *lately) take(e Event) (excused, counted int) {
	n := 0
	for n < len(l.waiting) && l.waiting[n].Answered <= e.At {
		n++
	}
	excused, counted = l.judge(n)
	if e.Refused {
		l.waiting = append(l.waiting, e)
	} else {
		l.add(e)
	}
	return excused, counted
}

// judge says what the first refusals are that wait for it.
func (l *lately) judge(n int) (excused, counted int) {
	for _, refused := range l.waiting[:n] {
		if l.full(refused) {
			excused++
		} else {
			counted++
		}
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
	return excused, counted
}

// full reports whether as much as the rate has in a window may have been accepted in the one before a refusal.
func (l *lately) full(refused Event) bool {
	n, began := 0, refused.At-l.window
	for _, e := range slices.Backward(l.events) {
		if e.At <= began-longestAnswer {
			break
		}
		if e.Answered > began && e.At < refused.Answered {
			n++
		}
	}
	return n >= l.enough
}

const (
	// longestAnswer is how late a publish may be answered to be looked for in a window, in seconds.
	longestAnswer = 1
	// forgetAfter is how many windows an acceptance is remembered.
	forgetAfter = 2
	// forgetFrom is how many are forgotten at a time.
	forgetFrom = 1024
)

// add takes one that was accepted.
func (l *lately) add(e Event) {
	l.events = append(l.events, e)
	l.latest = max(l.latest, e.Answered)
	for l.events[l.from].At <= l.latest-l.least && l.from < len(l.events)-1 {
		l.from++
	}
	l.most = max(l.most, len(l.events)-l.from)
	if l.from >= forgetFrom && l.events[forgetFrom-1].At < e.At-forgetAfter*l.window-longestAnswer {
		l.events = slices.Delete(l.events, 0, forgetFrom)
		l.from -= forgetFrom
	}
}
