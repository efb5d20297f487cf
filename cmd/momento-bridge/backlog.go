package main

import (
	"context"
	"math"
	"sync"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// backlogs watches what waits on each route, and forecasts when it will be gone.
type backlogs struct {
	b *bridge

	mu     sync.Mutex // Guards the following.
	routes []backlog
}

// backlog is what has been seen of one route.
type backlog struct {
	samples  []sample // The oldest first.
	load     pipeline.Load
	forecast pipeline.Forecast
	told     pipeline.Outlook // The one that has been logged,
	differs  int              // and how many samples in a row have differed from it.
}

// sample is a route at one moment. All but waiting count up.
type sample struct {
	at       time.Time
	waiting  int64
	arrived  float64
	done     float64
	bytes    float64
	accepted float64 // Messages.
}

const (
	sampleEvery = time.Second
	sampleCount = 15 // What rates are taken over.
	// tellAfter is how long an outlook must last before it is worth a line in the log.
	tellAfter = 5
)

func newBacklogs(b *bridge) *backlogs {
	return &backlogs{b: b, routes: make([]backlog, len(b.sources))}
}

// run takes samples until ctx is done.
func (f *backlogs) run(ctx context.Context) {
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	defer f.b.vitals.sampling.rest()
	for {
		f.b.vitals.sampling.beat()
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			f.sample(now)
		}
	}
}

func (f *backlogs) sample(now time.Time) {
	stats := f.b.pipe.Stats()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.routes {
		r := &f.routes[i]
		r.add(f.b.sampleOf(i, &stats.Routes[i], now))
		r.load = f.b.loadOf(i, r.samples, &stats)
		r.forecast = r.load.Forecast()
		if !r.news() {
			continue
		}
		log := f.b.log.With("route", stats.Routes[i].Name, "forecast", r.forecast.Text)
		if r.told == pipeline.FallingBehind {
			log.Warn("messages come faster than they can be published")
		} else {
			log.Info("the backlog's outlook has changed")
		}
	}
}

// of returns a route's load and forecast.
func (f *backlogs) of(i int) (pipeline.Load, pipeline.Forecast) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &f.routes[i]
	if r.forecast.Text == "" {
		return r.load, pipeline.Forecast{Text: "not known yet"}
	}
	return r.load, r.forecast
}

func (r *backlog) add(s sample) {
	if len(r.samples) > sampleCount {
		r.samples = append(r.samples[:0], r.samples[1:]...)
	}
	r.samples = append(r.samples, s)
}

// news reports whether the outlook is another one, and has been for a while, than what was told last.
func (r *backlog) news() bool {
	if r.forecast.Outlook == r.told {
		r.differs = 0
		return false
	}
	if r.differs++; r.differs < tellAfter {
		return false
	}
	r.told, r.differs = r.forecast.Outlook, 0
	return true
}

func (b *bridge) sampleOf(i int, s *pipeline.RouteStats, now time.Time) sample {
	var undelivered int64
	arrived := float64(s.Received) - float64(s.Redelivered)
	switch src := b.sources[i].(type) {
	case *source.Core:
		arrived += float64(src.Dropped())
	case *source.JetStream:
		undelivered, _ = src.Pending()
		arrived += float64(undelivered)
	}
	done := 0.0
	for outcome, n := range s.Settled {
		if outcome != pipeline.Returned {
			done += float64(n)
		}
	}
	return sample{
		at:       now,
		waiting:  undelivered + int64(s.Queued+s.InFlight),
		arrived:  arrived,
		done:     done,
		bytes:    float64(s.Bytes),
		accepted: float64(s.Settled[pipeline.Published]),
	}
}

// loadOf concludes from samples what a route has to do and what it can: where messages have been waiting all the time, what it has done is what
// it can do. Elsewhere the quota says it.
func (b *bridge) loadOf(i int, samples []sample, stats *pipeline.Stats) pipeline.Load {
	first, last := samples[0], samples[len(samples)-1]
	load := pipeline.Load{Waiting: last.waiting, Capacity: math.Inf(1)}
	rate, messages := stats.Quotas[0].Rate, b.plan.perPublish(i, last)
	load.Quota = !math.IsInf(rate, 1)
	if b.plan.routes[i].route.Batch.Framing == nil {
		load.PerBatch = messages
	}
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return load
	}
	load.Arrivals = max(0, last.arrived-first.arrived) / seconds
	done := (last.done - first.done) / seconds
	if waited(samples, done) {
		load.Capacity = done
		return load
	}
	share := stats.Routes[i].Share
	load.Capacity = max(done, rate*share)
	if load.PerBatch == 0 {
		load.Capacity = max(done, rate*share*messages)
	}
	return load
}

// waited reports whether more messages waited at each moment than are published in one.
func waited(samples []sample, perSecond float64) bool {
	for _, s := range samples {
		if float64(s.waiting) <= perSecond*sampleEvery.Seconds() {
			return false
		}
	}
	return true
}

// perPublish estimates how many messages like those published so far fit into a batch.
func (p *plan) perPublish(i int, s sample) float64 {
	size := float64(usualMessage)
	if s.accepted > 0 {
		size = s.bytes/s.accepted + 1
	}
	c := p.routes[i].route.Batch
	limit := float64(c.MaxBytes)
	if c.Framing == nil {
		limit = usualBatch
	}
	n := max(1, math.Floor((limit-1)/max(1, size)))
	if c.MaxMessages > 0 {
		n = min(n, float64(c.MaxMessages))
	}
	return n
}

// usualBatch is the default of batch.max_bytes.
const usualBatch = 4096
