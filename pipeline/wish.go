package pipeline

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// wish is that of an endpoint to be left alone for long (Retry-After).
type wish struct {
	until time.Time // Zero: there is none.
	why   string    // What the endpoint said.
}

// later returns the wish that lasts longer.
func (w wish) later(other wish) wish {
	if other.until.After(w.until) {
		return other
	}
	return w
}

// wishOf returns a pacer's, while it is one for long.
func wishOf(p *quota.Pacer, now time.Time) wish {
	if p == nil {
		return wish{}
	}
	until, why := p.LongPause(now)
	return wish{until, why}
}

// wish returns the gate's, while it is closed.
func (g *gate) wish(now time.Time) wish {
	if !g.closed || !g.wished.After(now) {
		return wish{}
	}
	return wish{g.wished, g.detail}
}

// leftAlone returns until when nothing of the route is published because the endpoint wishes so.
func (d *dispatcher) leftAlone(now time.Time, r *Route) wish {
	w := wishOf(d.region, now).later(wishOf(d.throughput, now)).later(wishOf(r.cache.pacer, now))
	for _, g := range [...]*gate{&d.key, &d.endpoint, &r.cache.gate, &r.gate} {
		w = w.later(g.wish(now))
	}
	return w
}

// noteWish tells of an answer that wishes to be left alone for long.
func (d *dispatcher) noteWish(now time.Time, r *Route, a Answer) {
	if a.RetryAfter < quota.LongPause {
		return
	}
	d.events.note(now, event{kind: eventLeftAlone, route: r, detail: "until " + now.Add(a.RetryAfter).UTC().Format(time.RFC3339) + ": " + a.Detail})
}
