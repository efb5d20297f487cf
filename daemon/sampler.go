package daemon

import (
	"context"
	"sync"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// sampler looks at the daemon each second: what comes and goes, what waits on each route and when it will be gone.
type sampler struct {
	b         *Daemon
	history   admin.History
	latencies latencies

	mu      sync.Mutex // Guards the following.
	routes  []backlog
	latency admin.Latency
}

const (
	sampleEvery = time.Second
	sampleCount = 15 // What rates are taken over.
	// tellAfter is how long an outlook must last before it is worth a line in the log.
	tellAfter = 5
)

func newSampler(b *Daemon) *sampler {
	return &sampler{b: b, routes: make([]backlog, len(b.sources)), latencies: latencies{most: b.plan.pipeline.Timeout.Seconds()}}
}

// run takes samples until ctx is done.
func (s *sampler) run(ctx context.Context) {
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	defer s.b.vitals.sampling.rest()
	for {
		s.b.vitals.sampling.beat()
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			s.history.Add(s.sample(now))
			s.b.pipe.TellRepeats()
		}
	}
}

// sample looks at every route, and logs an outlook that has changed.
func (s *sampler) sample(now time.Time) admin.Sample {
	stats := s.b.pipe.Stats()
	if s.b.nats.IsConnected() {
		s.b.natsFailure.Store(nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = s.latencies.add(s.b.histograms.PublishTimes())
	quota := stats.Quotas[0]
	all := admin.Sample{At: now.UnixMilli(), Rate: finite(quota.Rate), Learned: quota.Learned, P50: s.latency.P50, P99: s.latency.P99}
	for i := range s.routes {
		r, route := &s.routes[i], &stats.Routes[i]
		if !s.b.begun(i, r) {
			continue
		}
		r.add(s.b.sampleOf(i, &stats, now))
		r.load = s.b.loadOf(i, r.samples, &stats)
		r.forecast = r.load.Forecast()
		if !r.load.Halted && s.b.delivers(i) && r.news() { // What halts it is told elsewhere.
			s.tell(route.Name, r)
		}
		rates := r.rates()
		all.In += rates.In
		all.Out += rates.Out
		all.Refused += rates.Refused
		all.Waiting += r.load.Waiting
		all.Queued += route.Queued + route.InFlight
	}
	return all
}

func (s *sampler) tell(route string, r *backlog) {
	log := s.b.log.With("route", route, "forecast", r.forecast.Text)
	if r.told == pipeline.FallingBehind {
		log.Warn("messages come faster than they can be published")
		return
	}
	log.Info("the backlog's outlook has changed")
}

// of returns a route's load and forecast, and what comes and goes.
func (s *sampler) of(i int) (pipeline.Load, pipeline.Forecast, admin.Rates) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.routes[i]
	forecast := r.forecast
	if forecast.Text == "" {
		forecast.Text = "not known yet"
	}
	return r.load, forecast, r.rates()
}

// losses returns what a route has lost lately.
func (s *sampler) losses(i int) losses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes[i].losses(s.b.plan.routes[i].route.Overload)
}

// times returns the latency of publishes.
func (s *sampler) times() admin.Latency {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latency
}
