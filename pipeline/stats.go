package pipeline

import (
	"fmt"
	"math"
	"slices"
	"time"

	"momento-bridge/pipeline/quota"
)

// Stats is a snapshot of the whole pipeline at one moment. For each route in it, Received is the sum of what is
// settled, queued and in flight. Partitions of one name are one route.
type Stats struct {
	Routes      []RouteStats
	QueuedBytes int64        // Payload held, in flight included.
	Depth       int          // How many publishes may be in flight on a connection now.
	Quotas      []QuotaStats // The region's is the first.
	KeyRefused  bool         // The key is refused, or missing.
	KeyMissing  bool         // There is no key yet.
	Down        bool         // The endpoint as a whole is down.
	Why         string       // What the endpoint said when it refused the key or went down, bounded.
	WhyAdvised  bool         // Why says what to do.
	Moved       uint64       // Connections that were made anew because they were refused more than others.
	Troubles    []Trouble    // What has gone wrong since the start, in no order.
}

// RouteStats is one route in a snapshot.
type RouteStats struct {
	Name      string
	Cache     string
	State     State
	LimitedBy Limit // What holds back the messages that wait.

	// What has been counted since the start.
	Received    uint64
	Settled     Settled
	Attempts    Attempts
	Retries     Retries
	Ambiguous   uint64 // Attempts with an unknown outcome.
	Redelivered uint64
	Skipped     uint64 // On purpose; they are among those settled as Dropped.
	Bytes       uint64 // Published.
	Operations  uint64 // Of what was published.

	// What it holds.
	Oldest   time.Time // When the message came, or was stored, that has been queued for longest; zero: none is.
	Queued   int
	InFlight int
	// Aside is the messages that the endpoint refuses while it accepts others, and what waits behind them in their
	// topics. They use up no room.
	Aside int
	// AsideTopics is how many attempts it takes to try all of them: one for each message, or for each ordered topic.
	AsideTopics int
	// Unkept is the messages that cannot be published, and could not be stored as dead letters so far.
	Unkept int
	// UnkeptWhy is why storing the latest of them has failed.
	UnkeptWhy string

	// Troubled is the messages that the endpoint has refused and that are to be tried again.
	Troubled int
	// Suspects is those that may be at fault themselves, and what waits behind them in their topics.
	Suspects int

	// What it may do.
	Share     float64 // Of the quota while all routes are busy, from 0 to 1.
	Forbidden int     // Topics that the key may not publish to,
	// ForbiddenTopics are the names of some of them, few.
	ForbiddenTopics []string
	ForbiddenHeld   int // Messages that wait for them; they are among those put aside.
	// HaltedParts is how many of its Parts stand still, because all that they publish is refused, while others do not.
	HaltedParts, Parts int
	CacheMissing       bool
	RouteRefused       bool   // The key may not publish to any of its topics, as far as is known.
	Rejecting          string // What the endpoint says if it rejects whatever the route publishes; otherwise "".
	// LeftAlone is until when nothing is published because the endpoint asks for that (Retry-After); zero: it does not.
	LeftAlone time.Time
	// LeftAloneWhy is what the endpoint said with it.
	LeftAloneWhy string
}

// State is what a route is doing.
type State string

// The states.
const (
	Running  State = "running"
	Paused   State = "paused"
	Parked   State = "parked"
	Draining State = "draining"
)

// States lists every state.
var States = [...]State{Running, Paused, Parked, Draining}

// Stats returns a snapshot.
func (p *Pipeline) Stats() Stats {
	var s Stats
	p.StatsInto(&s)
	return s
}

// StatsInto makes s a snapshot, in the memory of the one that it has been.
func (p *Pipeline) StatsInto(s *Stats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	*s = Stats{
		Routes:     slices.Grow(s.Routes[:0], len(p.d.routes)),
		Depth:      p.depth.now.depth,
		Quotas:     p.d.quotaStats(now, s.Quotas[:0]),
		KeyRefused: p.d.keyTold(now),
		Down:       p.d.endpoint.told(now, p.d.unsettled),
		KeyMissing: p.d.keyMissing,
		Moved:      p.crowds.moved,
		Troubles:   s.Troubles[:0],
	}
	if s.KeyRefused {
		s.Why, s.WhyAdvised = p.d.key.detail, p.d.key.advised
	}
	if s.Down && s.Why == "" {
		s.Why, s.WhyAdvised = p.d.endpoint.detail, p.d.endpoint.advised
	}
	if p.crowds.found(now) {
		s.Quotas[0].Reason += fmt.Sprintf("; connections leave servers that are crowded with them, %d so far", s.Moved)
	}
	weights := 0.0
	for _, r := range p.d.routes {
		if !r.cfg.Apart {
			weights += r.common.weight / float64(r.parts)
		}
	}
	for _, r := range p.d.routes {
		if r.cfg.Apart {
			continue
		}
		s.QueuedBytes += r.payload
		s.Routes = append(s.Routes, RouteStats{})
		p.statsOf(now, r, &s.Routes[len(s.Routes)-1], weights)
	}
	refusing := slices.ContainsFunc(s.Quotas, func(q QuotaStats) bool { return q.Refusing })
	s.Troubles = p.d.troubles(now, refusing, s.Troubles)
	s.merge(p.d.routes[:len(s.Routes)]) // One that is apart is the last.
}

// statsOf makes s the snapshot of a route.
func (p *Pipeline) statsOf(now time.Time, r *Route, s *RouteStats, weights float64) {
	r.stats(now, s, p.d.toldOf(now, r), weights)
	if w := p.d.leftAlone(now, r); !w.until.IsZero() {
		s.LeftAlone, s.LeftAloneWhy = w.until, w.why
		if s.State == Running {
			s.State = Parked
		}
	}
	s.LimitedBy = p.d.limitedBy(now, r, len(p.idle) > 0 && !p.enough(now, p.busy()))
}

// Stats is a snapshot of the route alone; its share is of no meaning.
func (r *Route) Stats() RouteStats {
	p := r.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	var s RouteStats
	p.statsOf(time.Now(), r, &s, 1)
	return s
}

func (r *Route) stats(now time.Time, s *RouteStats, told halts, weights float64) {
	*s = RouteStats{
		Name:          r.cfg.Name,
		Cache:         r.cfg.Cache,
		State:         r.state(now, told),
		Received:      r.received,
		Settled:       r.settled,
		Attempts:      r.attempts,
		Retries:       r.retries,
		Queued:        r.queued,
		InFlight:      r.inFlight,
		Ambiguous:     r.ambiguous,
		Redelivered:   r.redelivered,
		Skipped:       r.skipped,
		Bytes:         r.published,
		Operations:    r.operations,
		Share:         r.common.weight / weights,
		Forbidden:     r.toldForbidden(now),
		ForbiddenHeld: r.forbidden.held,
		CacheMissing:  told.cache,
		RouteRefused:  told.route && !r.distrusted(),
		Aside:         r.aside,
		AsideTopics:   r.asideUnits,
		Troubled:      r.troubled,
		Suspects:      r.suspects,
		Unkept:        r.unstored.n,
		UnkeptWhy:     r.unstored.why,
	}
	if s.Forbidden > 0 && len(r.forbidden.names) > 0 {
		s.ForbiddenTopics = slices.Clone(r.forbidden.names)
	}
	if told.route && r.distrusted() {
		s.Rejecting = r.gate.detail
	}
	if r.oldest != nil {
		s.Oldest = r.oldest.came
	}
}

func (r *Route) state(now time.Time, told halts) State {
	switch {
	case r.closed:
		return Draining
	case r.paused:
		return Paused
	case told.key || told.cache || told.route:
		return Parked
	case r.allForbidden(now) && r.toldForbidden(now) > 0:
		return Parked
	}
	return Running
}

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
	ByCache       Limit = "cache"      // The cache does not exist.
	ByPermission  Limit = "permission" // The key may not publish to the topics.
	ByRejection   Limit = "rejected"   // The endpoint rejects whatever the route publishes.
	ByPause       Limit = "pause"      // An operator has paused the route.
)

// RouteLimits lists every limit.
var RouteLimits = [...]Limit{
	ByNothing, ByQuota, ByConnections, ByOrder, ByBackoff, ByEndpoint, ByKey, ByCache, ByPermission,
	ByRejection, ByPause,
}

// limitedBy returns what holds the route's queued messages back at this moment. idle says that a connection is free.
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
		return d.waitsFor(r)
	case r.lead().front().first.rejection == nil && d.unaffordable(now, r):
		return ByQuota
	case idle:
		return ByNothing // One is about to take it.
	}
	return ByConnections
}

// waitsFor returns why none of the route's lanes may publish.
func (d *dispatcher) waitsFor(r *Route) Limit {
	switch {
	case r.inFlight > 0:
		return ByOrder
	case r.forbidden.topics > 0:
		return ByPermission
	case r.cfg.Batch.Linger > 0:
		return ByNothing
	}
	return ByBackoff
}

// unaffordable reports whether a quota holds back the next message of r, which must be ready.
func (d *dispatcher) unaffordable(now time.Time, r *Route) bool {
	first := r.lead().front().first
	cost, size := d.costOf(r, first), d.sizeOf(r, first)
	return !r.quotas.due(now, cost).IsZero() || !d.due(now, cost, size).IsZero()
}

// QuotaStats is what is known of one quota.
type QuotaStats struct {
	Scope   string  // "region", "throughput" (in bytes), "cache:NAME" or "route:NAME".
	Rate    float64 // In force, per second; +Inf without one.
	Learned float64 // The quota as measured by refusals; 0: none was met, or it has to be measured anew.
	// LearnedAt is when it was measured; zero: it was not, or by another process, or before the program started.
	LearnedAt time.Time
	Floor     float64 // The share of publishes that is refused at any rate; 0: none.
	State     QuotaState
	Reason    string // The state in words, with figures.
	// Refusing says that the latest answer that says something about the quota was a refusal.
	Refusing bool
}

// QuotaState says what sets the rate.
type QuotaState = quota.State

// quotaStats appends all quotas, the region's first.
func (d *dispatcher) quotaStats(now time.Time, all []QuotaStats) []QuotaStats {
	all = append(all, quotaStats(ScopeRegion, d.region, now))
	throughput := QuotaStats{
		Scope: ScopeThroughput, Rate: math.Inf(1), State: quota.Unlimited,
		Reason: "no refusal was about bytes",
	}
	if d.throughput != nil {
		throughput = quotaStats(ScopeThroughput, d.throughput, now)
	}
	all = append(all, throughput)
	seen := map[*quota.Pacer]bool{}
	for _, r := range d.routes {
		if p := r.cache.pacer; p != nil && !seen[p] {
			seen[p] = true
			all = append(all, quotaStats(ScopeOf(r.cfg.Cache), p, now))
		}
		if r.pacer != nil && !seen[r.pacer] {
			seen[r.pacer] = true
			all = append(all, quotaStats("route:"+r.cfg.Name, r.pacer, now))
		}
	}
	return all
}

func quotaStats(scope string, p *quota.Pacer, now time.Time) QuotaStats {
	s := p.Stats(now)
	return QuotaStats{
		Scope: scope, Rate: s.Rate, Learned: s.Learned, LearnedAt: s.LearnedAt, Floor: s.Floor, State: s.State,
		Reason: s.Reason, Refusing: s.Refusing,
	}
}
