package pipeline

import (
	"slices"
	"time"
)

// Place is one route in the lineup that Exchange makes: one that stays as it is, or a new one.
type Place struct {
	Stays *Route      // nil: a new one begins.
	Begin RouteConfig // Otherwise unused.
}

// Retire says that the route will be closed and then leave by Exchange: until then the pipeline does not end, although
// all of its routes may be closed.
func (r *Route) Retire() {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.retiring = true
}

// Unsettled returns how many messages the route holds that have not ended.
func (r *Route) Unsettled() int {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	return r.unsettled()
}

// Exchange makes a new lineup of routes, in one moment, and puts limits in force. It returns the lineup's routes. Those
// that are not in it leave: they must be retired, closed and without messages. A new route goes on with the counts of
// one that leaves and has its name, and is paused if that was. What stays is not touched, except that the memory is
// shared out anew. Partitions of one name come and go together.
func (p *Pipeline) Exchange(lineup []Place, l Limits) []*Route {
	p.mu.Lock()
	now := time.Now()
	leaving := p.leaving(lineup)
	all, begun := p.makeLineup(lineup)
	p.d.lineUp(all)
	p.d.memory.share(all, int64(p.cfg.MaxMessages), p.cfg.MaxBytes)
	for _, r := range begun {
		r.begin()
	}
	for _, r := range leaving {
		p.succeed(r, begun)
	}
	p.d.setLimits(now, l)
	p.d.noteHalts(now)
	for _, r := range all {
		r.mayProbe = true // Who leaves may have had the message that was to be probed with.
		r.wakeForProbe()
		r.roomChanged()
	}
	if len(p.idle) > 0 && p.timer != nil {
		p.pump(now)
	}
	p.checkDrained()
	p.unlock()
	return all
}

// leaving returns the routes that are not in the lineup.
func (p *Pipeline) leaving(lineup []Place) []*Route {
	var leaving []*Route
	for _, r := range p.d.routes {
		if !slices.ContainsFunc(lineup, func(at Place) bool { return at.Stays == r }) {
			leaving = append(leaving, r)
		}
	}
	return leaving
}

// makeLineup returns all routes of a lineup, and those of them that are new.
func (p *Pipeline) makeLineup(lineup []Place) (all, begun []*Route) {
	var configs []RouteConfig
	caches := map[string]*cache{}
	for _, r := range p.d.routes {
		caches[r.cfg.Cache] = r.cache
	}
	for _, at := range lineup {
		if at.Stays == nil {
			configs = append(configs, at.Begin)
		}
	}
	commons := commonOf(configs)
	for _, at := range lineup {
		r := at.Stays
		if r == nil {
			rc := configs[len(begun)]
			if caches[rc.Cache] == nil {
				caches[rc.Cache] = &cache{}
			}
			r = p.newRoute(rc, caches[rc.Cache], commons[len(begun)])
			begun = append(begun, r)
		}
		all = append(all, r)
	}
	return all, begun
}

// lineUp takes the routes into the places where all of them are known, and those that leave out of them.
func (d *dispatcher) lineUp(all []*Route) {
	gone := func(r *Route) bool { return r != nil && !slices.Contains(all, r) }
	d.routes, d.aging = all, nil
	for _, r := range all {
		if r.cfg.MaxAge > 0 {
			d.aging = append(d.aging, r)
		}
	}
	for range d.active.len() {
		r := d.active.front()
		if gone(r) {
			d.deactivate()
			continue
		}
		d.active.pushBack(d.active.popFront())
	}
	d.delayed.forget(func(item *delayed) bool { return gone(item.lane.route) })
	d.unstoredRoutes = slices.DeleteFunc(d.unstoredRoutes, gone)
	d.memory.hungry = slices.DeleteFunc(d.memory.hungry, gone)
	d.events.forget(gone)
}

// succeed lets the first of the new routes with the name of one that leaves go on with its counts. If there is none,
// its histograms go as well.
func (p *Pipeline) succeed(gone *Route, begun []*Route) {
	at := slices.IndexFunc(begun, func(r *Route) bool { return r.cfg.Name == gone.cfg.Name })
	if at < 0 {
		p.metrics.forget(gone.cfg.Name)
		return
	}
	r := begun[at]
	r.count(gone)
	if r.pacer == nil {
		r.pacer = gone.pacer
	}
	for _, other := range begun[at:] {
		if other.cfg.Name == gone.cfg.Name {
			other.paused = other.paused || gone.wasPaused
		}
	}
}

// count adds what another route has counted.
func (r *Route) count(other *Route) {
	r.received += other.received
	r.redelivered += other.redelivered
	for o, n := range other.settled {
		r.settled[o] += n
	}
	for result, n := range other.attempts {
		r.attempts[result] += n
	}
	for reason, n := range other.retries {
		r.retries[reason] += n
	}
	r.skipped += other.skipped
	r.ambiguous += other.ambiguous
	r.published += other.published
	r.operations += other.operations
}
