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
	rate   float64
	enough int     // What a limiter of the rate accepts in each window, at the least.
	events []Event // Accepted, in the order of their times; Answered is without what it takes at the least.
	from   int     // The first that was accepted within one window with the last, for certain.
	most   int
}

func newLately(rate, window, doubt float64) *lately {
	least := window - doubt
	return &lately{window: window + doubt, least: least, rate: rate, enough: int(math.Ceil(rate*least - 1e-6))}
}

// full reports whether as much as the rate has in a window may have been accepted in the one before a refusal.
// What was sent while the refused one was on its way may have come before it.
func (l *lately) full(refused Event) bool {
	n := int(l.rate * max(0, refused.Answered-refused.At))
	for _, e := range slices.Backward(l.events) {
		if e.Answered <= refused.At-l.window && e.At <= refused.At-l.window {
			break
		}
		if e.Answered > refused.At-l.window && e.At < refused.Answered {
			n++
		}
	}
	return n >= l.enough
}

const (
	// forgetAfter is how many windows an acceptance is remembered.
	forgetAfter = 2
	// forgetFrom is how many are forgotten at a time.
	forgetFrom = 1024
)

// add takes one that was accepted.
func (l *lately) add(e Event) {
	l.events = append(l.events, e)
	for l.events[l.from].At <= e.Answered-l.least && l.from < len(l.events)-1 {
		l.from++
	}
	l.most = max(l.most, len(l.events)-l.from)
	if l.from >= forgetFrom && l.events[forgetFrom-1].At < e.At-forgetAfter*l.window {
		l.events = slices.Delete(l.events, 0, forgetFrom)
		l.from -= forgetFrom
	}
}
