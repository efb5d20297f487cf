package pipeline

import (
	"container/heap"
	"slices"
	"strings"
	"time"

	"momento-bridge/pipeline/quota"
)

// passes reports whether a route's first message passes the closed gates of the endpoint, the cache and the route, as
// their probe or as a trial. If not, it returns when to ask again.
func (d *dispatcher) passes(now time.Time, r *Route, first *entry) (bool, time.Time) {
	for _, g := range [...]*gate{&d.endpoint, &r.cache.gate, &r.gate} {
		ok, at := g.admits(now)
		if ok {
			continue
		}
		// Where a message may be dropped after each attempt, there are no trials after an unknown outcome.
		if first.trouble != nil || first.lane.gate.closed || g.unclear && r.cfg.AtMostOnce {
			return false, at
		}
		if ok, next := g.admitsTrial(now, d.maxTrialsInFlight); !ok {
			return false, earlier(at, next)
		}
	}
	return true, time.Time{}
}

// enterGates is called for each publish that starts. It notes which closed gates the publish probes, and which it
// passes as a trial.
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

// releaseProbes is called when p has been answered, after its answer has been applied. It ends the probes and trials
// that p was, so that the gates that are still closed may be probed again.
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

// searching reports whether the route is halted by gates that all allow trials in quick succession.
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

// EndSearch ends the search of a halted route for a message that is accepted. From now on it asks for one message at a
// time to probe with.
func (r *Route) EndSearch() {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	for _, g := range [...]*gate{&r.pipeline.d.endpoint, &r.cache.gate, &r.gate} {
		g.trials = 0
	}
}

// grantProbe lets the routes that a gate halts ask for one more message, because the latest probe has failed.
func (d *dispatcher) grantProbe(about *Route, which int) {
	for _, r := range d.routes {
		mine := which == keyGate || which == endpointGate || r == about || which == cacheGate && r.cache == about.cache
		if mine {
			r.mayProbe = true
			r.wakeForProbe()
		}
	}
}

// hasten brings forward the lanes and messages of some routes that wait for their next attempt. They start one after
// the other, with a gap. It returns how many that are.
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

// ProbeNow lets everything that waits be tried at once, whatever it waits for, because somebody thinks that it may go
// on.
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

// KeyChanged says that there is a new key. Everything that may have failed because of the old one is probed at once.
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
		for _, l := range r.closedLanes() {
			l.gate.probeNow(now)
			l.heldUntil = time.Time{}
			p.d.refresh(l)
		}
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}

// closedLanes returns the topics that are forbidden, in one order.
func (r *Route) closedLanes() []*lane {
	var all []*lane
	for _, l := range r.lanes {
		if l.gate.closed {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b *lane) int { return strings.Compare(a.topic, b.topic) })
	return all
}

// Halted returns since when publishing has been halted for the route as a whole: an operator has paused it, the key is
// refused, the endpoint is down or asks to be left alone, the cache is missing, the topics are forbidden. Zero: it is
// not halted.
func (r *Route) Halted() time.Time {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	return r.halted(time.Now())
}

// halted is Halted for a caller that holds the pipeline's mutex.
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

// gateHalts reports whether a gate or an operator halts publishing for the route as a whole.
func (d *dispatcher) gateHalts(r *Route) bool {
	return d.key.closed || d.endpoint.closed || r.cache.gate.closed || r.gate.closed || r.paused
}

// noteHalts must be called after a gate may have closed or opened. It notes for every route whether it is halted, and
// wakes its source when that changes.
func (d *dispatcher) noteHalts(now time.Time) {
	for _, r := range d.routes {
		if halted := d.gateHalts(r); halted == r.haltedSince.IsZero() {
			r.haltedSince = time.Time{}
			if halted {
				r.haltedSince = now
				r.memory().forgetHungry(r)
			}
			r.roomChanged()
			r.signal()
		}
	}
}

// retryAfter is a long Retry-After: the endpoint asks to be left alone for at least quota.LongPause.
type retryAfter struct {
	until time.Time // Zero: there is none.
	why   string    // What the endpoint said.
}

// later returns the one that lasts longer.
func (w retryAfter) later(other retryAfter) retryAfter {
	if other.until.After(w.until) {
		return other
	}
	return w
}

// retryAfterOf returns a pacer's, which may be nil.
func retryAfterOf(p *quota.Pacer, now time.Time) retryAfter {
	if p == nil {
		return retryAfter{}
	}
	until, why := p.LongPause(now)
	return retryAfter{until, why}
}

// retryAfter returns that of a closed gate.
func (g *gate) retryAfter(now time.Time) retryAfter {
	if !g.closed || !g.retryAfterUntil.After(now) {
		return retryAfter{}
	}
	return retryAfter{g.retryAfterUntil, g.detail}
}

// leftAlone returns until when nothing of the route is published because the endpoint asks for that.
func (d *dispatcher) leftAlone(now time.Time, r *Route) retryAfter {
	w := retryAfterOf(d.region, now).later(retryAfterOf(d.throughput, now)).later(retryAfterOf(r.cache.pacer, now))
	for _, g := range [...]*gate{&d.key, &d.endpoint, &r.cache.gate, &r.gate} {
		w = w.later(g.retryAfter(now))
	}
	return w
}

// noteRetryAfter logs a long Retry-After.
func (d *dispatcher) noteRetryAfter(now time.Time, r *Route, a Answer) {
	if a.RetryAfter < quota.LongPause {
		return
	}
	d.events.note(now, event{kind: eventLeftAlone, route: r, detail: "until " + now.Add(a.RetryAfter).UTC().Format(
		time.RFC3339) + ": " + a.Detail})
}
