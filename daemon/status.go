package daemon

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// Status reports what the daemon is doing. It may be called concurrently.
func (d *Daemon) Status() admin.Status {
	stats := d.pipe.Stats()
	s := admin.Status{
		Version: d.cfg.Version, Now: time.Now().UTC(), Started: d.started.UTC(),
		NotReady: append([]string{}, d.notReady()...),
		NATS:     d.natsNote(),
		Endpoint: d.plan.sink.Endpoint.String(),
		Key:      keyReport(d),
		Queue:    admin.Queue{Bytes: stats.QueuedBytes, MaxMessages: d.plan.pipeline.MaxMessages, MaxBytes: d.plan.pipeline.MaxBytes},
		Latency:  d.sampler.times(),
		Problems: d.problems.list(),
	}
	s.Ready = len(s.NotReady) == 0
	for _, q := range stats.Quotas {
		s.Quotas = append(s.Quotas, admin.Quota{Scope: q.Scope, Rate: finite(q.Rate), Learned: q.Learned, State: string(q.State), Reason: q.Reason, Refusing: q.Refusing})
	}
	for i := range stats.Routes {
		r := d.routeStatus(i, &stats)
		s.Routes = append(s.Routes, r)
		s.Rates.In += r.Rates.In
		s.Rates.Out += r.Rates.Out
		s.Rates.Refused += r.Rates.Refused
		s.Queue.Messages += r.Queued
		s.Queue.InFlight += r.InFlight
		s.Queue.Waiting += r.Waiting
	}
	s.State, s.Summary = d.sum(&s, &stats)
	return s
}

func (d *Daemon) routeStatus(i int, stats *pipeline.Stats) admin.Route {
	s, p := &stats.Routes[i], &d.plan.routes[i]
	load, forecast, rates := d.sampler.of(i)
	r := admin.Route{
		Name: s.Name, From: p.from, To: p.to,
		State: string(s.State), Reason: d.routeReason(i, stats), LimitedBy: string(s.LimitedBy), Rates: rates,
		Received: s.Received, Settled: map[string]uint64{}, Attempts: map[string]uint64{}, Skipped: s.Skipped, Redelivered: s.Redelivered, Ambiguous: s.Ambiguous,
		Queued: s.Queued, InFlight: s.InFlight, Waiting: d.sampleOf(i, stats, time.Now()).waiting,
		Arrivals: load.Arrivals, Capacity: finite(load.Capacity), DrainSeconds: finite(drainSeconds(forecast)), Forecast: forecast.Text,
	}
	if src, ok := d.sources[i].(*source.Core); ok {
		r.SourceDropped = uint64(src.Dropped())
	}
	r.PutAside, r.PutAsideIn = s.Aside, s.AsideTopics
	lately := d.sampler.losses(i)
	r.Lost, r.LostWhy, r.DeadLettered = lately.dropped+lately.missed, lately.why(&p.route), lately.dead
	if (!d.delivers(i) || !d.nats.IsConnected()) && s.LimitedBy == pipeline.ByNothing && s.State == pipeline.Running {
		r.LimitedBy, r.Forecast = byNATS, "not known while nothing comes from NATS"
	}
	for outcome, n := range s.Settled {
		r.Settled[outcome.String()] = n
	}
	for result, n := range s.Attempts {
		r.Attempts[result.String()] = n
	}
	return r
}

// byNATS is what limits a route that NATS gives nothing, as what it holds is limited by nothing.
const byNATS = "nats"

// routeReason says why a route does not carry messages, or not all of them, and what to do where that is about this
// route; empty while it does, or could.
func (d *Daemon) routeReason(i int, stats *pipeline.Stats) string {
	s := &stats.Routes[i]
	ready, why := d.sources[i].Ready()
	switch {
	case s.State == pipeline.Paused:
		return "paused by an operator"
	case !d.nats.IsConnected():
		return "not connected to NATS"
	case !ready:
		return why
	case d.starved(i) != "":
		return d.starved(i)
	case stats.KeyMissing:
		return "there is no API key yet"
	case stats.KeyRefused:
		return "the endpoint refuses the API key"
	case stats.Down:
		return "the endpoint is down"
	case !s.LeftAlone.IsZero():
		return leftAloneText(s)
	case s.CacheMissing:
		return "the cache " + d.plan.routes[i].route.Cache + " does not exist: create it, or correct the route"
	case s.RouteRefused, s.Forbidden > 0 && s.State == pipeline.Parked:
		return "the API key may not publish to its topics: grant the permission, or correct the route"
	case s.Rejecting != "":
		return "the endpoint rejects whatever it publishes: " + bounded(s.Rejecting) + "; " + rejectingAdvice
	case s.Forbidden > 0:
		return fmt.Sprintf("the API key may not publish to %d of its topics: grant the permission, or correct the route", s.Forbidden)
	case s.Unkept > 0:
		return unkeptText(s)
	}
	return ""
}

// starved says who holds all messages of a route's consumer that may be out; empty if nobody does.
func (d *Daemon) starved(i int) string {
	if src, ok := d.sources[i].(*source.JetStream); ok {
		return src.Starved()
	}
	return ""
}

// drainSeconds is 0 while a route keeps up, and +Inf when its backlog is never gone.
func drainSeconds(f forecast) float64 {
	if f.Outlook == fallingBehind {
		return math.Inf(1)
	}
	return f.Drain.Seconds()
}

func finite(f float64) *float64 {
	if math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// pause pauses or resumes a route, or with no name all of them.
func (d *Daemon) pause(name string, paused bool) error {
	found := false
	for i, r := range d.plan.routes {
		if name != "" && r.route.Name != name {
			continue
		}
		found = true
		d.log.Info("an operator changes a route", "route", r.route.Name, "paused", paused)
		if paused {
			d.pipe.Route(i).Pause()
		} else {
			d.pipe.Route(i).Resume()
		}
	}
	if found && !paused {
		d.pipe.ProbeNow() // Whoever resumes thinks that it may go on.
	}
	if !found {
		return fmt.Errorf("there is no route %q", name)
	}
	return nil
}
