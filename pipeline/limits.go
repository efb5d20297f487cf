package pipeline

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// Limits are the quotas that publishes count towards. They nest: a publish must be within its route's, its cache's
// and the region's.
type Limits struct {
	Region Rate
	// Caches are quotas of single caches, by name.
	Caches map[string]Rate
	// Routes are ceilings of single routes and their shares, by name.
	Routes map[string]RouteLimit
}

// RouteLimit is a route's part of the quota.
type RouteLimit struct {
	// Rate is a ceiling of its own; the zero Rate is none.
	Rate Rate
	// Weight is its share against other routes, 1 or more; 0 means 1.
	Weight int
}

// Rate is how fast costs may be spent, per second.
type Rate = quota.Rate

const (
	// DefaultQuota is what a new account of Momento's may publish, per second.
	DefaultQuota = quota.DefaultQuota
	// FirstRate is where a learned rate starts, per second.
	FirstRate = quota.FirstRate
)

// quotas are those that a publish of a route counts towards besides the region's.
type quotas struct {
	pacers [2]*quota.Pacer // The route's and its cache's; nil: none.
}

// due returns when all of them let a publish of this cost start: zero for now.
func (q *quotas) due(now time.Time, cost float64) time.Time {
	var at time.Time
	for _, p := range q.pacers {
		if p == nil {
			continue
		}
		if next := p.Due(now, cost); next.After(at) {
			at = next
		}
	}
	return at
}

// SetLimits puts new limits in force at once. What has been learned of a quota stays. Routes and caches that are not
// named have no quota of their own. The unit that quotas count in cannot be changed.
func (p *Pipeline) SetLimits(l Limits) {
	p.mu.Lock()
	now := time.Now()
	p.d.setLimits(now, l)
	if len(p.idle) > 0 {
		p.pump(now)
	}
	p.unlock()
}

func (d *dispatcher) setLimits(now time.Time, l Limits) {
	if d.region == nil {
		d.region = quota.NewPacer(l.Region, d.delays.Quota(), now)
	}
	d.region.SetRate(now, l.Region)
	pacers := map[*common]*quota.Pacer{}
	for _, r := range d.routes {
		r.cache.pacer = d.repace(now, r.cache.pacer, l.Caches[r.cfg.Cache])
		own := l.Routes[r.cfg.Name]
		if shared, seen := pacers[r.common]; seen { // Of another partition.
			r.pacer = shared
		} else {
			r.pacer = d.repace(now, r.pacer, own.Rate)
			pacers[r.common] = r.pacer
		}
		r.common.weight = float64(max(1, own.Weight))
		r.quotas = quotas{[2]*quota.Pacer{r.pacer, r.cache.pacer}}
	}
}

// repace returns the pacer for these limits: the old one with the new limits, a new one, or nil if there are none.
func (d *dispatcher) repace(now time.Time, p *quota.Pacer, limits Rate) *quota.Pacer {
	switch {
	case limits.None():
		return nil
	case p == nil:
		return quota.NewPacer(limits, d.delays.Quota(), now)
	}
	p.SetRate(now, limits)
	return p
}

// sizeOf returns the size of a publish of e alone, in bytes.
func (d *dispatcher) sizeOf(r *Route, e *entry) int {
	c := &r.cfg.Batch
	switch {
	case c.Packing != nil: // Larger ones are known to fit once they are packed.
		return min(int(e.size)+c.overhead(), c.MaxBytes)
	case c.Framing != nil:
		return int(e.size) + c.overhead()
	}
	return len(e.payload)
}

// costOf returns the cost of a publish of e alone.
func (d *dispatcher) costOf(r *Route, e *entry) float64 { return d.cost(r, d.sizeOf(r, e)) }

// cost returns what a publish of this many bytes costs: one, or its operations where those are counted.
func (d *dispatcher) cost(r *Route, size int) float64 {
	if !d.operations {
		return 1
	}
	return quota.Cost(size, r.cfg.Subscribers)
}

// due returns when the region's quotas let a publish start: zero for now.
func (d *dispatcher) due(now time.Time, cost float64, size int) time.Time {
	at := d.region.Due(now, cost)
	if d.throughput != nil {
		if next := d.throughput.Due(now, float64(size)); next.After(at) {
			at = next
		}
	}
	return at
}

// affordable returns how many bytes a publish may have that is paid for now. The first message fits in any case.
func (d *dispatcher) affordable(now time.Time, r *Route, first *entry) int {
	tokens := d.region.Available(now)
	for _, p := range r.quotas.pacers {
		if p != nil {
			tokens = min(tokens, p.Available(now))
		}
	}
	return quota.Affordable(tokens, r.cfg.Subscribers, d.sizeOf(r, first))
}

// pay pays for a publish in every quota.
func (d *dispatcher) pay(now time.Time, r *Route, cost float64, size int) {
	d.region.Pay(now, cost)
	if d.throughput != nil {
		d.throughput.Pay(now, float64(size))
	}
	for _, p := range r.quotas.pacers {
		if p != nil {
			p.Pay(now, cost)
		}
	}
}

// quotasAccepted tells the quotas of an accepted publish. It reports whether that ends a run of refusals.
func (d *dispatcher) quotasAccepted(now time.Time, p *parcel) bool {
	r, cost := p.lane.route, p.cost
	d.acceptedBytes.Add(now, float64(p.size))
	ended := d.region.Accepted(now, cost)
	if d.throughput != nil {
		ended = d.throughput.Accepted(now, float64(p.charged)) || ended
	}
	if c := r.cache.pacer; c != nil {
		ended = c.Accepted(now, cost) || ended
	}
	d.sharing.tell(false)
	return ended
}

// quotaRefused tells a quota of a refusal. The endpoint says which one it means only if that is throughput. Otherwise
// the cache's own quota is taken to be meant, or the region's if it has none. It reports whether this is the first
// refusal after a success.
func (d *dispatcher) quotaRefused(now time.Time, p *parcel, a Answer) bool {
	meant, cost := d.region, p.cost
	switch c := p.lane.route.cache.pacer; {
	case a.Reason == ReasonThroughput:
		if d.throughput == nil {
			d.throughput = quota.NewBytePacer(d.delays.Quota(), now, d.acceptedBytes)
		}
		meant, cost = d.throughput, float64(p.charged)
	case c != nil:
		meant = c
	}
	defer d.sharing.tell(true)
	return meant.Refused(now, quota.Refusal{Sent: p.sent, Cost: cost, RetryAfter: a.RetryAfter, Detail: a.Detail})
}

// leaveAlone makes everything wait as long as something on the way asks for: everything goes that way. It says nothing
// of a quota.
func (d *dispatcher) leaveAlone(now time.Time, r *Route, a Answer) {
	d.region.Asked(now, a.RetryAfter, a.Detail)
	d.sharing.tell(true)
	d.noteRetryAfter(now, r, a)
}
