package pipeline

import "time"

// untriedAfter is how long no message must have been there to probe a gate with for what closed it to be no longer
// told. The gate stays closed: the next message is the probe.
const untriedAfter = time.Minute

// told reports whether what closed the gate is told as what holds now. Without messages to probe with nobody would ever
// learn that the key is well again. waiting counts the messages that the gate holds up, and is asked last: it may have
// to look at every route.
func (g *gate) told(now time.Time, waiting func() int) bool {
	return g.closed &&
		(g.probing || g.trialsInFlight > 0 || now.Before(g.probeAt.Add(untriedAfter)) || waiting() > 0)
}

// halts are the gates, as they are told, that park a route as a whole.
type halts struct{ key, cache, route bool }

// toldOf returns what is told of the route. Of the gates that it shares with others the messages of all count.
func (d *dispatcher) toldOf(now time.Time, r *Route) halts {
	return halts{key: d.keyTold(now), cache: d.cacheTold(now, r.cache), route: r.gate.told(now, r.unsettled)}
}

// keyTold reports whether the key is told to be refused or missing.
func (d *dispatcher) keyTold(now time.Time) bool { return d.keyMissing || d.key.told(now, d.unsettled) }

// cacheTold reports whether a cache is told to be missing.
func (d *dispatcher) cacheTold(now time.Time, c *cache) bool {
	return c.gate.told(now, func() (n int) {
		for _, r := range d.routes {
			if r.cache == c {
				n += r.unsettled()
			}
		}
		return n
	})
}

// unsettled is how many messages all routes hold.
func (d *dispatcher) unsettled() (n int) {
	for _, r := range d.routes {
		n += r.unsettled()
	}
	return n
}

// toldForbidden is how many topics are told to be forbidden.
func (r *Route) toldForbidden(now time.Time) (n int) {
	if r.forbidden.held > 0 {
		return r.forbidden.topics
	}
	if r.forbidden.topics == 0 {
		return 0
	}
	for _, l := range r.lanes {
		if l.gate.told(now, func() int { return l.pending }) {
			n++
		}
	}
	return n
}
