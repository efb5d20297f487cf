package daemon

import (
	"slices"
	"time"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/source"
)

// settleProblems finds out which problems are over.
func (d *Daemon) settleProblems(now time.Time) {
	d.problems.settle(now, d.isSo)
	for i := range d.sources {
		if src, ok := d.sources[i].(*source.Core); ok {
			d.problems.missed(now, d.plan.routes[i].route.Name, uint64(src.Dropped()))
		}
	}
}

// lineUpProblems forgets the problems of the lines that are not among the next ones.
func (d *Daemon) lineUpProblems(next []*line) {
	var gone []string
	for _, l := range without(d.lines, next) {
		if !slices.ContainsFunc(next, func(other *line) bool { return other.name() == l.name() }) {
			gone = append(gone, l.name())
		}
	}
	begun := map[string]uint64{}
	for _, l := range without(next, d.lines) {
		if core := l.core(); core != nil {
			begun[l.name()] = uint64(core.Dropped())
		}
	}
	d.problems.lineUp(gone, begun)
}

// isSo reports whether a condition that was logged is so now, of the daemon or of a route. Of what has no condition it
// is whether something is wrong that it may belong to.
func (d *Daemon) isSo(cause condition.Condition, route string) bool {
	keys := d.plan.sink.Keys
	switch cause { //nolint:exhaustive // The log tells of no others.
	case condition.Disconnected:
		return !d.nats.IsConnected()
	case condition.KeyMissing:
		return keys.Missing() != nil || keys.Trouble() != nil
	case condition.NotConsuming, condition.Starved:
		return !d.wellFed(route)
	case condition.Behind:
		return d.sampler.isBehind(route)
	case condition.NoLeases:
		what, _ := d.leasing.Missing()
		return what != ""
	case condition.OtherRoutes:
		return d.unshared() != ""
	case condition.Losing:
		return false
	case condition.Unwritten:
		return d.keeper.failing.Load()
	}
	return !d.nats.IsConnected() || keys.Missing() != nil || route != "" && !d.wellFed(route)
}

// wellFed reports whether a route of that name gets messages from NATS; true where there is none.
func (d *Daemon) wellFed(route string) bool {
	for i := range d.plan.routes {
		if d.plan.routes[i].route.Name == route {
			ready, _ := d.sources[i].Ready()
			return ready && d.starved(i) == ""
		}
	}
	return true
}

// isBehind reports whether it was told last that the messages of a route come faster than they can be published.
func (s *sampler) isBehind(route string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.routes {
		if s.d.plan.routes[i].route.Name == route {
			return s.routes[i].told == fallingBehind
		}
	}
	return false
}

// noMemory is the problem of messages of core NATS for which there is no memory.
const noMemory = "messages are lost: they come faster than they can be published, and the memory for them is used up"

// missed takes note of how many messages of a route were lost so since the start.
func (p *problems) missed(now time.Time, route string, n uint64) {
	p.mu.Lock()
	known := p.dropped[route]
	p.dropped[route] = max(n, known)
	p.mu.Unlock()
	if n > known {
		p.note(&problem{cause: condition.Count, Problem: admin.Problem{
			Level: admin.LevelError, Text: noMemory, Route: route, Count: n - known, First: now.UTC(), Last: now.UTC(),
			Detail: "raise queue.max_bytes, let a stream take the subject, or see docs/quotas.md",
		}})
	}
}
