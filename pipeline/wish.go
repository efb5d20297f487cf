package pipeline

import "time"

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

// wish returns the pacer's, while it is one for long.
func (p *pacer) wish(now time.Time) wish {
	if p == nil || p.paused(now).IsZero() {
		return wish{}
	}
	return wish{p.pausedUntil, p.said}
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
	w := d.region.wish(now).later(d.throughput.wish(now)).later(r.cache.pacer.wish(now))
	for _, g := range [...]*gate{&d.key, &d.endpoint, &r.cache.gate, &r.gate} {
		w = w.later(g.wish(now))
	}
	return w
}

// noteWish tells of an answer that wishes to be left alone for long.
func (d *dispatcher) noteWish(now time.Time, r *Route, a Answer) {
	if a.RetryAfter < longPause {
		return
	}
	d.events.note(now, event{kind: eventLeftAlone, route: r, detail: "until " + now.Add(a.RetryAfter).UTC().Format(time.RFC3339) + ": " + a.Detail})
}
