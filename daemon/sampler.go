package daemon

import (
	"context"
	"sync"
	"time"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/daemon/status"
	"momento-bridge/pipeline"
)

// sampler looks at the daemon each second: what comes and goes, what waits on each route and when it will be gone.
type sampler struct {
	d         *Daemon
	history   admin.History
	latencies latencies
	stats     pipeline.Stats // Of run: the latest, whose memory is used again.

	mu      sync.Mutex // Guards the following.
	routes  []backlog
	latency admin.Latency
}

const (
	sampleEvery = time.Second
	// tellAfter is how long an outlook must last before it is worth a line in the log.
	tellAfter = 5
)

func newSampler(d *Daemon) *sampler {
	s := &sampler{
		d: d, routes: make([]backlog, len(d.sources)),
		latencies: latencies{most: d.plan.pipeline.Timeout.Seconds()},
	}
	for i := range s.routes {
		s.routes[i].told = keepingUp
	}
	return s
}

// run takes samples until ctx is done.
func (s *sampler) run(ctx context.Context) {
	ticks := time.NewTicker(s.d.plan.tick())
	defer ticks.Stop()
	defer s.d.vitals.sampling.rest()
	for {
		s.d.vitals.sampling.beat()
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			s.history.Add(s.sample(now))
			s.d.pipe.TellRepeats()
			s.d.lineup.RLock()
			s.d.settleProblems(now)
			s.d.lineup.RUnlock()
		}
	}
}

// sample looks at every route, and logs an outlook that has changed.
func (s *sampler) sample(now time.Time) admin.Sample {
	s.d.lineup.RLock()
	defer s.d.lineup.RUnlock()
	stats := &s.stats
	s.d.pipe.StatsInto(stats)
	if s.d.nats.IsConnected() {
		s.d.natsFailure.Store(nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = s.latencies.add(s.d.histograms.PublishTimes())
	quota := stats.Quotas[0]
	all := admin.Sample{
		At: now.UnixMilli(), Rate: status.Finite(quota.Rate), Learned: quota.Learned,
		P50: s.latency.P50, P99: s.latency.P99,
	}
	views := make([]view, len(s.routes))
	for i := range s.routes {
		if r := &s.routes[i]; s.d.begun(i, r) {
			r.add(s.d.sampleOf(i, stats, now))
			views[i] = viewOf(r.samples)
		}
	}
	together(views)
	for i := range s.routes {
		r, route, v := &s.routes[i], &stats.Routes[i], &views[i]
		if !r.begun {
			continue
		}
		if !v.now.halted && !v.now.away && r.news(v.forecast.Outlook) { // What halts it is told elsewhere.
			s.tell(route.Name, r.told, v.forecast.Text)
		}
		all.In += v.rates.In
		all.Out += v.rates.Out
		all.Refused += v.rates.Refused
		all.Waiting += v.now.waiting
		all.Queued += route.Queued + route.InFlight
	}
	return all
}

// lineUp puts what was seen of routes into the order of a new lineup. from is where each of its routes was before; -1:
// nowhere.
func (s *sampler) lineUp(from []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	routes := make([]backlog, len(from))
	for i, before := range from {
		if before >= 0 {
			routes[i] = s.routes[before]
		}
	}
	s.routes = routes
}

func (s *sampler) tell(route string, told outlook, text string) {
	log := s.d.log.With("route", route, "forecast", text)
	if told == fallingBehind {
		log.Warn("messages come faster than they can be published", condition.Attribute, condition.Behind)
		return
	}
	log.Info("the forecast of the backlog has changed")
}

// of returns how a route does at a moment, of which a sample is, and of which it keeps nothing.
func (s *sampler) of(i int, now sample) view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return viewOf(s.routes[i].with(now))
}

// losses returns what a route has lost lately.
func (s *sampler) losses(i int) losses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes[i].losses()
}

// times returns the latency of publishes.
func (s *sampler) times() admin.Latency {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latency
}
