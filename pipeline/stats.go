package pipeline

import "time"

// Stats is a snapshot of the whole pipeline, taken in one moment: the ledger holds in it.
type Stats struct {
	Routes      []RouteStats
	QueuedBytes int64
	Quotas      []QuotaStats // The region's is the first.
	KeyRefused  bool         // Or missing.
	KeyMissing  bool
	Down        bool   // The endpoint as a whole.
	Why         string // What the endpoint said to it, bounded.
	WhyAdvised  bool   // Why says what to do.
}

// RouteStats is one route in a snapshot.
type RouteStats struct {
	Name         string
	Cache        string
	State        State
	LimitedBy    Limit
	Received     uint64
	Settled      map[Outcome]uint64
	Attempts     map[Result]uint64
	Retries      map[string]uint64
	Queued       int
	InFlight     int
	Ambiguous    uint64
	Redelivered  uint64
	Skipped      uint64  // On purpose; among those settled as Dropped.
	Bytes        uint64  // Published.
	Operations   uint64  // Published.
	Share        float64 // Of the quota when all routes are busy.
	Forbidden    int     // Topics that the key may not publish to.
	CacheMissing bool
	RouteRefused bool      // The key may not publish to any of its topics, as far as is known.
	LeftAlone    time.Time // Until when nothing is published, as the endpoint wishes so (Retry-After); zero: it does not,
	LeftAloneWhy string    // and what it said.
	Rejecting    string    // What the endpoint says to whatever the route publishes, none of which it accepts; or empty.
	Aside        int       // Messages that the endpoint refuses while it accepts others, and what waits behind them: they use up no room.
	AsideTopics  int       // In how many attempts that is tried: one for each message, or topic.
	Unkept       int       // Messages that wait to be kept as dead letters, as that has failed,
	UnkeptWhy    string
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
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	s := Stats{
		Quotas:     p.d.quotaStats(now),
		KeyRefused: p.d.key.closed,
		Down:       p.d.endpoint.closed,
		KeyMissing: p.d.keyMissing,
		Why:        p.d.key.detail,
		WhyAdvised: p.d.key.advised,
	}
	if s.Why == "" {
		s.Why, s.WhyAdvised = p.d.endpoint.detail, p.d.endpoint.advised
	}
	weights := 0.0
	for _, r := range p.d.routes {
		weights += r.weight
	}
	for _, r := range p.d.routes {
		s.QueuedBytes += r.bytes
		stats := r.stats(s.KeyRefused, weights)
		if w := p.d.leftAlone(now, r); !w.until.IsZero() {
			stats.LeftAlone, stats.LeftAloneWhy = w.until, w.why
			if stats.State == Running {
				stats.State = Parked
			}
		}
		stats.LimitedBy = p.d.limitedBy(now, r, len(p.idle) > 0)
		s.Routes = append(s.Routes, stats)
	}
	return s
}

func (r *Route) stats(keyRefused bool, weights float64) RouteStats {
	s := RouteStats{
		Name:         r.cfg.Name,
		Cache:        r.cfg.Cache,
		State:        r.state(keyRefused),
		Received:     r.received,
		Settled:      make(map[Outcome]uint64, len(Outcomes)),
		Attempts:     make(map[Result]uint64, resultCount),
		Retries:      make(map[string]uint64, retryReasonCount),
		Queued:       r.queued,
		InFlight:     r.inFlight,
		Ambiguous:    r.ambiguous,
		Redelivered:  r.redelivered,
		Skipped:      r.skipped,
		Bytes:        r.published,
		Operations:   r.operations,
		Share:        r.weight / weights,
		Forbidden:    r.forbidden,
		CacheMissing: r.cache.gate.closed,
		RouteRefused: r.gate.closed && !r.distrusted(),
		Aside:        r.aside,
		AsideTopics:  r.asideUnits,
		Unkept:       r.parked.n,
		UnkeptWhy:    r.parked.why,
	}
	if r.gate.closed && r.distrusted() {
		s.Rejecting = r.gate.detail
	}
	for _, o := range Outcomes {
		s.Settled[o] = r.settled[o]
	}
	for i := range resultCount {
		s.Attempts[i] = r.attempts[i]
	}
	for i, name := range retryReasonNames {
		s.Retries[name] = r.retries[i]
	}
	return s
}

func (r *Route) state(keyRefused bool) State {
	switch {
	case r.closed:
		return Draining
	case r.paused:
		return Paused
	case keyRefused || r.cache.gate.closed || r.gate.closed:
		return Parked
	case r.forbidden > 0 && r.refusals > 0 && r.inFlight == 0 && r.ready.len()+r.again.len() == 0:
		return Parked
	}
	return Running
}
