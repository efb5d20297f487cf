package pipeline

import (
	"slices"
	"time"

	"momento-bridge/pipeline/quota"
)

// ScopeThroughput is the scope of the quota of bytes.
const ScopeThroughput = "throughput"

// sharing is what the quotas' answers are told to, where several processes share them.
type sharing struct {
	answered func() // nil: nobody asks.
	each     bool   // Each answer is told, rather than refusals only.
	several  bool   // Other processes are known to share the quotas.
	quotas   []quota.Shared
}

// OnAnswers has f called when a publish was refused for quota, and after each answer if Quotas said so. f must not
// block, nor call the pipeline. It is called before Run.
func (p *Pipeline) OnAnswers(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.d.sharing.answered = f
}

// Quotas gives f all quotas, always in the same order, while nobody else uses them. several says that other processes
// use them, too. f must not block, nor call the pipeline. It reports whether each answer is to be told from now on.
func (p *Pipeline) Quotas(several bool, f func(now time.Time, all []quota.Shared) (each bool)) {
	p.mu.Lock()
	now := time.Now()
	s := &p.d.sharing
	s.several = several
	s.each = f(now, p.d.shared(now))
	if len(p.idle) > 0 && p.timer != nil {
		p.pump(now)
	}
	p.unlock()
}

// shared returns all quotas with what waits for them. That of bytes is there from the first refusal that is about
// bytes, or when others may have met one.
func (d *dispatcher) shared(now time.Time) []quota.Shared {
	if d.sharing.several && d.throughput == nil {
		d.throughput = quota.NewBytePacer(d.delays.Quota(), now, d.acceptedBytes)
	}
	all := append(d.sharing.quotas[:0], quota.Shared{Scope: ScopeRegion, Pacer: d.region})
	if d.throughput != nil {
		all = append(all, quota.Shared{Scope: ScopeThroughput, Pacer: d.throughput})
	}
	messages, bytes := 0, int64(0)
	for i, r := range d.routes {
		n, size := d.waiting(r)
		messages, bytes = messages+n, bytes+size
		if r.pacer != nil {
			all = addRoute(all, r, costs(n, r.pacer))
		}
		if r.cache.pacer != nil && d.firstOf(i) {
			all = append(all, quota.Shared{
				Scope: ScopeOf(r.cfg.Cache), Pacer: r.cache.pacer, Queued: d.waitingFor(r.cache),
			})
		}
	}
	all[0].Queued = costs(messages, d.region)
	if d.throughput != nil {
		all[1].Queued = float64(bytes)
	}
	d.sharing.quotas = all
	return all
}

// addRoute adds a route's own quota, which its partitions have in common.
func addRoute(all []quota.Shared, r *Route, queued float64) []quota.Shared {
	if r.cfg.Partition > 0 {
		same := func(s quota.Shared) bool { return s.Pacer == r.pacer }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].Queued += queued
			return all
		}
	}
	return append(all, quota.Shared{Scope: "route:" + r.cfg.Name, Pacer: r.pacer, Queued: queued})
}

// firstOf reports whether no route before the i-th one publishes to its cache.
func (d *dispatcher) firstOf(i int) bool {
	for _, r := range d.routes[:i] {
		if r.cache == d.routes[i].cache {
			return false
		}
	}
	return true
}

// waitingFor is the cost of what waits for a cache.
func (d *dispatcher) waitingFor(c *cache) float64 {
	messages := 0
	for _, r := range d.routes {
		if r.cache == c {
			n, _ := d.waiting(r)
			messages += n
		}
	}
	return costs(messages, c.pacer)
}

// waiting returns how many messages of a route might be published if the quotas allowed it, and their bytes.
func (d *dispatcher) waiting(r *Route) (messages int, bytes int64) {
	if r.cfg.Apart || r.paused || d.key.closed || d.endpoint.closed || r.cache.gate.closed || r.gate.closed {
		return 0, 0
	}
	return r.queued, r.payload
}

func costs(messages int, p *quota.Pacer) float64 { return float64(messages) * max(1, p.Usual()) }

// tell tells that a publish was answered.
func (s *sharing) tell(refused bool) {
	if s.answered != nil && (refused || s.each) {
		s.answered()
	}
}
