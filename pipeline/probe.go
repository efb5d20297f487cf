package pipeline

import (
	"container/heap"
	"time"

	"momento-bridge/pipeline/quota"
)

// passes reports whether a message passes the gates that stand closed for the endpoint, the cache or the route. If
// not, it returns when to ask again.
func (d *dispatcher) passes(now time.Time, r *Route, first *entry) (bool, time.Time) {
	for _, g := range [...]*gate{&d.endpoint, &r.cache.gate, &r.gate} {
		ok, at := g.admits(now)
		if ok {
			continue
		}
		if first.trouble != nil || first.lane.gate.closed || g.unclear && r.cfg.AtMostOnce { // Where each attempt may be the last one, few are made.
			return false, at
		}
		if ok, next := g.admitsTrial(now, d.maxTrialsInFlight); !ok {
			return false, earlier(at, next)
		}
	}
	return true, time.Time{}
}

// enterGates is called for each publish that starts. It notes of which closed gates it is the probe, and which it passes
// as a trial.
func (d *dispatcher) enterGates(now time.Time, p *parcel) {
	l := p.lane
	if !d.key.closed && !d.endpoint.closed && !l.route.cache.gate.closed && !l.route.gate.closed && !l.gate.closed {
		return
	}
	p.gated = true
	for i, g := range p.lane.gates(d) {
		if !g.closed {
			continue
		}
		if ok, _ := g.admits(now); ok || i == keyGate || i == topicGate {
			g.probing = true
			p.probes[i] = true
			continue
		}
		slow := slowerTrial
		if i == endpointGate {
			slow = slowTrial
		}
		g.countTrial(now, slow)
		p.trials[i] = true
	}
}

// releaseProbes ends the probes that p was and whose gates are still closed: the next probe may start after the delay.
func (d *dispatcher) releaseProbes(now time.Time, p *parcel) {
	if !p.gated {
		return
	}
	for i, g := range p.lane.gates(d) {
		if p.probes[i] && g.closed && i != topicGate {
			d.grantProbe(p.lane.route, i)
		}
		if p.probes[i] && g.probing {
			g.undecided(now)
		}
		if p.trials[i] {
			g.trialsInFlight = max(0, g.trialsInFlight-1)
		}
		p.probes[i], p.trials[i] = false, false
	}
}

// searching reports whether the route looks for a message that is accepted, among many if need be.
func (d *dispatcher) searching(r *Route) bool {
	if r.paused || d.key.closed {
		return false
	}
	found := false
	for _, g := range [...]*gate{&d.endpoint, &r.cache.gate, &r.gate} {
		if g.closed && (!g.trialsAllowed || g.trials == 0) {
			return false
		}
		found = found || g.closed
	}
	return found
}

// EndSearch lets a halted route ask for one message at a time from now on: the search for one that is accepted has
// failed so far.
func (r *Route) EndSearch() {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	for _, g := range [...]*gate{&r.pipeline.d.endpoint, &r.cache.gate, &r.gate} {
		g.trials = 0
	}
}

// grantProbe lets the routes that a gate halts ask for one more message, as the latest probe was in vain.
func (d *dispatcher) grantProbe(about *Route, which int) {
	for _, r := range d.routes {
		mine := which == keyGate || which == endpointGate || r == about || which == cacheGate && r.cache == about.cache
		if mine {
			r.mayProbe = true
			r.wakeForProbe()
		}
	}
}

// hasten brings forward what waits for its next attempt, of some routes, one after the other. It returns how much
// that is.
func (d *dispatcher) hasten(now time.Time, of func(*Route) bool, gap time.Duration) int {
	n := 0
	for i := range d.delayed {
		item := &d.delayed[i]
		if item.lane.lingering || !of(item.lane.route) || item.stale() {
			continue
		}
		at := now.Add(time.Duration(n) * gap)
		n++
		if !at.Before(item.at) {
			continue
		}
		item.at = at
		if item.entry == nil {
			item.lane.heldUntil = at
		}
	}
	heap.Init(&d.delayed)
	return n
}

// ProbeNow lets everything that waits be tried at once, whatever it waits for: somebody thinks that it may go on.
func (p *Pipeline) ProbeNow() {
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	d := &p.d
	d.key.probeNow(now)
	d.endpoint.probeNow(now)
	d.region.Resume()
	if d.throughput != nil {
		d.throughput.Resume()
	}
	for _, r := range d.routes {
		r.cache.gate.probeNow(now)
		r.gate.probeNow(now)
		for _, q := range r.quotas.pacers {
			if q != nil {
				q.Resume()
			}
		}
		r.hastenedUntil = time.Time{}
	}
	d.hasten(now, func(*Route) bool { return true }, d.suspectSpacing()/10)
	d.noteHalts(now)
	for _, r := range d.routes {
		r.signal()
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}

// KeyChanged says that there is a new key: probes with it may start at once, of all that may have been the old key's
// fault.
func (p *Pipeline) KeyChanged() {
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.d.keySince = now
	p.d.keyFound(now)
	p.d.key.probeNow(now)
	for _, r := range p.d.routes {
		r.cache.gate.probeNow(now)
		r.gate.probeNow(now)
		for _, l := range r.lanes {
			if l.gate.closed {
				l.gate.probeNow(now)
				l.heldUntil = time.Time{}
				p.d.refresh(l)
			}
		}
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}

// Halted says since when publishing has been halted for the route as a whole: the key is refused, the endpoint is
// down or wishes to be left alone, the cache is missing, the topics are forbidden. Zero: it is not.
func (r *Route) Halted() time.Time {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	return r.halted(time.Now())
}

// halted is Halted under the pipeline's mutex.
func (r *Route) halted(now time.Time) time.Time {
	if !r.haltedSince.IsZero() {
		return r.haltedSince
	}
	d := &r.pipeline.d
	for _, p := range [...]*quota.Pacer{d.region, d.throughput, r.cache.pacer} {
		if p == nil {
			continue
		}
		if since := p.HaltedSince(now); !since.IsZero() {
			return since
		}
	}
	return time.Time{}
}

// gateHalts reports whether a gate halts publishing for the route as a whole.
func (d *dispatcher) gateHalts(r *Route) bool {
	return d.key.closed || d.endpoint.closed || r.cache.gate.closed || r.gate.closed || r.paused
}

// noteHalts keeps every route's word on whether a gate halts it, and wakes its source when that changes. It is called
// after a gate may have closed or opened.
func (d *dispatcher) noteHalts(now time.Time) {
	for _, r := range d.routes {
		if gated := d.gateHalts(r); gated == r.haltedSince.IsZero() {
			r.haltedSince = time.Time{}
			if gated {
				r.haltedSince = now
			}
			r.signal()
		}
	}
}

// retryAfter is that of an endpoint to be left alone for long (Retry-After).
type retryAfter struct {
	until time.Time // Zero: there is none.
	why   string    // What the endpoint said.
}

// later returns the wish that lasts longer.
func (w retryAfter) later(other retryAfter) retryAfter {
	if other.until.After(w.until) {
		return other
	}
	return w
}

// retryAfterOf returns a pacer's, while it is one for long.
func retryAfterOf(p *quota.Pacer, now time.Time) retryAfter {
	if p == nil {
		return retryAfter{}
	}
	until, why := p.LongPause(now)
	return retryAfter{until, why}
}

// retryAfter returns the gate's, while it is closed.
func (g *gate) retryAfter(now time.Time) retryAfter {
	if !g.closed || !g.retryAfterUntil.After(now) {
		return retryAfter{}
	}
	return retryAfter{g.retryAfterUntil, g.detail}
}

// leftAlone returns until when nothing of the route is published because the endpoint wishes so.
func (d *dispatcher) leftAlone(now time.Time, r *Route) retryAfter {
	w := retryAfterOf(d.region, now).later(retryAfterOf(d.throughput, now)).later(retryAfterOf(r.cache.pacer, now))
	for _, g := range [...]*gate{&d.key, &d.endpoint, &r.cache.gate, &r.gate} {
		w = w.later(g.retryAfter(now))
	}
	return w
}

// noteRetryAfter tells of an answer that wishes to be left alone for long.
func (d *dispatcher) noteRetryAfter(now time.Time, r *Route, a Answer) {
	if a.RetryAfter < quota.LongPause {
		return
	}
	d.events.note(now, event{kind: eventLeftAlone, route: r, detail: "until " + now.Add(a.RetryAfter).UTC().Format(time.RFC3339) + ": " + a.Detail})
}
