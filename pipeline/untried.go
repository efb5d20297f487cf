package pipeline

import "time"

// untriedAfter is how long no message must have been there to probe a gate with for what closed it to be no longer
// told. The gate stays closed: the next message is the probe.
const untriedAfter = time.Minute

// told reports whether what closed the gate is told as what holds now. Without messages to probe with nobody would ever
// learn that the key is well again. waiting is how many messages the gate holds up.
func (g *gate) told(now time.Time, waiting int) bool {
	return g.closed &&
		(waiting > 0 || g.probing || g.trialsInFlight > 0 || now.Before(g.probeAt.Add(untriedAfter)))
}

// halts are the gates, as they are told, that stop a route as a whole.
type halts struct{ key, endpoint, cache, route bool }

// toldOf returns what is told of the route. Of the gates that it shares with others the messages of all count.
func (d *dispatcher) toldOf(now time.Time, r *Route) halts {
	if !d.key.closed && !d.endpoint.closed && !r.cache.gate.closed && !r.gate.closed {
		return halts{}
	}
	all, sameCache := d.unsettledFor(nil), d.unsettledFor(r.cache)
	return halts{
		key: d.keyMissing || d.key.told(now, all), endpoint: d.endpoint.told(now, all),
		cache: r.cache.gate.told(now, sameCache), route: r.gate.told(now, r.unsettled()),
	}
}

// unsettledFor is how many messages are held for a cache, or for all where c is nil.
func (d *dispatcher) unsettledFor(c *cache) (n int) {
	for _, r := range d.routes {
		if c == nil || r.cache == c {
			n += r.unsettled()
		}
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
		if l.gate.told(now, l.pending) {
			n++
		}
	}
	return n
}
