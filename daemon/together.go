package daemon

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/terminal"
)

// part is what one route has of a quota that several share, in what they pay with.
type part struct {
	waiting  float64
	arrivals float64 // Per second.
	share    float64 // Of the quota while all are busy.
}

// drains returns in how many seconds the backlog of each is gone, +Inf for never, when they share so much per second:
// what one does not need any more the others have.
func drains(quota float64, parts []part) []float64 {
	gone, left := make([]float64, len(parts)), make([]float64, len(parts))
	for i, p := range parts {
		gone[i], left[i] = math.Inf(1), p.waiting
	}
	for now, busy := 0.0, len(parts); busy > 0; busy-- {
		spare, shares := quota, 0.0
		for i, p := range parts {
			if math.IsInf(gone[i], 1) {
				shares += p.share
			} else {
				spare -= p.arrivals
			}
		}
		next, after := -1, math.Inf(1)
		for i, p := range parts {
			if fair := spare * p.share / shares; math.IsInf(gone[i], 1) && fair-p.arrivals > tie*fair {
				if t := left[i] / (fair - p.arrivals); t < after {
					next, after = i, t
				}
			}
		}
		if next < 0 {
			break
		}
		now += after
		for i, p := range parts {
			if math.IsInf(gone[i], 1) {
				left[i] = max(0, left[i]-after*(spare*p.share/shares-p.arrivals))
			}
		}
		gone[next] = now
	}
	return gone
}

// spent is which part of a quota must be used up for it to be what limits those who share it.
const spent = .8

// together corrects the forecasts of routes that share a quota which is known and used up: each alone would go on as
// now, although it has more once another one's backlog is gone, and less once another one's begins. How it comes to
// publish what it does matters less then, so that it need not be steady. The views are of one moment.
func together(views []view) {
	var parts []part
	var of []int
	quota, used := 0.0, 0.0
	for i := range views {
		v := &views[i]
		quota, used = max(quota, v.now.quota), used+v.spent
		if !v.now.busy || v.now.halted || v.now.away {
			continue
		}
		if v.each == 0 {
			return // Nobody knows what it costs.
		}
		parts = append(parts, part{float64(v.now.flowing()) / v.each, v.load.Arrivals / v.each, v.now.share})
		of = append(of, i)
	}
	if len(parts) == 0 || quota == 0 || used < spent*quota {
		return
	}
	for i := range views { // The others have what they need.
		if v := &views[i]; !v.now.busy {
			quota -= v.needs()
		}
	}
	for n, seconds := range drains(quota, parts) {
		v := &views[of[n]]
		switch {
		case v.unsure && v.since >= soonest && seconds < longDrain.Seconds():
			v.forecast = v.shared(seconds)
		case len(parts) > 1 && (v.forecast.Outlook == catchingUp || v.forecast.Outlook == fallingBehind):
			v.forecast = v.shared(seconds)
		}
	}
}

// needs is what a route without a backlog takes of the quota: what it has spent lately may have been for one that is
// gone.
func (v *view) needs() float64 {
	if v.each > 0 && v.load.Arrivals > 0 {
		return min(v.spent, v.load.Arrivals/v.each)
	}
	return v.spent
}

// shared is the forecast of a route that is to be done in so many seconds.
func (v *view) shared(seconds float64) forecast {
	if seconds > longDrain.Seconds() {
		return v.load.never()
	}
	drain := time.Duration(seconds * float64(time.Second))
	return forecast{Outlook: catchingUp, Drain: drain, Text: fmt.Sprintf(
		"drained in %v: %s, arrivals %s/s, publishing %s/s for now", drain.Round(time.Second), waiting(v.load.Waiting),
		terminal.Number(v.load.Arrivals), terminal.Number(v.load.Capacity))}
}
