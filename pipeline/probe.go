package pipeline

import (
	"container/heap"
	"time"
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
		if ok, next := g.trial(now, d.mostFlying); !ok {
			return false, earlier(at, next)
		}
	}
	return true, time.Time{}
}

// enter is called for each publish that starts. It notes of which closed gates it is the probe, and which it passes
// as a trial.
func (d *dispatcher) enter(now time.Time, p *parcel) {
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
		g.tried(now, slow)
		p.trials[i] = true
	}
}

// searching reports whether the route looks for a message that is accepted, among many if need be.
func (d *dispatcher) searching(r *Route) bool {
	if r.paused || d.key.closed {
		return false
	}
	found := false
	for _, g := range [...]*gate{&d.endpoint, &r.cache.gate, &r.gate} {
		if g.closed && (!g.searches || g.trials == 0) {
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

// credit lets the routes that a gate halts ask for one more message, as the latest probe was in vain.
func (d *dispatcher) credit(about *Route, which int) {
	for _, r := range d.routes {
		mine := which == keyGate || which == endpointGate || r == about || which == cacheGate && r.cache == about.cache
		if mine {
			r.credited = true
			r.probeAsks()
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
		r.mendedAt = time.Time{}
	}
	d.hasten(now, func(*Route) bool { return true }, d.spacing()/10)
	d.noteHalts(now)
	for _, r := range d.routes {
		r.signal()
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}
