package pipeline

import (
	"math"
	"time"
)

// offered counts costs over the last second or two.
type offered struct {
	began         time.Time // Of the current second.
	before, since float64   // In the second before it, and since then.
}

func (o *offered) add(now time.Time, cost float64) {
	o.turn(now)
	o.since += cost
}

func (o *offered) turn(now time.Time) {
	switch passed := now.Sub(o.began); {
	case passed >= 2*time.Second:
		o.began, o.before, o.since = now, 0, 0
	case passed >= time.Second:
		o.began, o.before, o.since = o.began.Add(time.Second), o.since, 0
	}
}

// perSecond is the rate over the current second and the one before it; +Inf if less than least was offered, which is too little to tell.
func (o *offered) perSecond(now time.Time, least float64) float64 {
	o.turn(now)
	if o.before+o.since < least {
		return math.Inf(1)
	}
	passed := now.Sub(o.began).Seconds()
	return max(o.before, (o.before+o.since)/(1+passed), o.since/max(passed, 0.1))
}
