package pipeline

import "time"

// Limit is what holds back the messages that a route holds and that are not in flight.
type Limit string

// The limits.
const (
	ByNothing     Limit = "nothing" // Nothing waits, or only for the next moment.
	ByQuota       Limit = "quota"   // A rate in force, or a pause after a refusal.
	ByConnections Limit = "connections"
	ByOrder       Limit = "order"   // Each topic that has messages has one in flight.
	ByBackoff     Limit = "backoff" // What waits has failed and is to be tried again later.
	ByEndpoint    Limit = "endpoint"
	ByKey         Limit = "key"
	ByCache       Limit = "cache"      // It does not exist.
	ByPermission  Limit = "permission" // The key may not publish to the topics.
	ByRejection   Limit = "rejected"   // The endpoint rejects whatever the route publishes.
	ByPause       Limit = "pause"      // An operator's.
)

// RouteLimits lists every limit.
var RouteLimits = [...]Limit{
	ByNothing, ByQuota, ByConnections, ByOrder, ByBackoff, ByEndpoint, ByKey, ByCache, ByPermission, ByRejection, ByPause,
}

// limitedBy returns what holds the route back at this moment. idle says that a connection is free.
func (d *dispatcher) limitedBy(now time.Time, r *Route, idle bool) Limit {
	switch {
	case r.queued == 0:
		return ByNothing
	case r.paused:
		return ByPause
	case d.key.closed:
		return ByKey
	case d.endpoint.closed:
		return ByEndpoint
	case r.cache.gate.closed:
		return ByCache
	case r.gate.closed && r.distrusted():
		return ByRejection
	case r.gate.closed:
		return ByPermission
	case !r.trim():
		return d.heldBy(r)
	case r.lead().front().first.rejection == nil && d.unaffordable(now, r):
		return ByQuota
	case idle:
		return ByNothing // One is about to take it.
	}
	return ByConnections
}

// heldBy says what keeps a route from having a message that may start.
func (d *dispatcher) heldBy(r *Route) Limit {
	switch {
	case r.inFlight > 0:
		return ByOrder
	case r.forbidden > 0:
		return ByPermission
	case r.cfg.Batch.Linger > 0:
		return ByNothing
	}
	return ByBackoff
}

// unaffordable reports whether a quota holds back the first message of r, which is ready.
func (d *dispatcher) unaffordable(now time.Time, r *Route) bool {
	first := r.lead().front().first
	cost, size := d.costOf(r, first), d.sizeOf(r, first)
	return !r.quotas.due(now, cost).IsZero() || !d.due(now, cost, size).IsZero()
}
