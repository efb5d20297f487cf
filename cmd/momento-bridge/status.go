package main

import (
	"context"
	"fmt"
	"math"

	"momento-bridge/pipeline"
)

// statusReport is what GET /api/v1/status answers. Rates are per second; null stands for no limit, and for a backlog that is never gone.
type statusReport struct {
	Version  string        `json:"version"`
	Ready    bool          `json:"ready"`
	NotReady []string      `json:"not_ready"`
	Quotas   []quotaReport `json:"quotas"`
	Routes   []routeReport `json:"routes"`
}

type quotaReport struct {
	Scope    string   `json:"scope"`
	Rate     *float64 `json:"rate"`
	Learned  float64  `json:"learned"` // 0: no quota was met.
	State    string   `json:"state"`
	Reason   string   `json:"reason"`
	Refusing bool     `json:"refusing"`
}

type routeReport struct {
	Name         string            `json:"name"`
	State        string            `json:"state"`
	Received     uint64            `json:"received"`
	Settled      map[string]uint64 `json:"settled"`
	Queued       int               `json:"queued"`
	InFlight     int               `json:"in_flight"`
	Waiting      int64             `json:"waiting"` // What NATS still has included.
	Arrivals     float64           `json:"arrivals_per_second"`
	Capacity     *float64          `json:"capacity_per_second"`
	DrainSeconds *float64          `json:"drain_seconds"`
	Forecast     string            `json:"forecast"`
}

// status reports what the daemon is doing. ctx is done when it stops.
func (b *bridge) status(ctx context.Context) statusReport {
	stats := b.pipe.Stats()
	report := statusReport{Version: version, NotReady: append([]string{}, b.notReady(ctx)...)}
	report.Ready = len(report.NotReady) == 0
	for _, q := range stats.Quotas {
		report.Quotas = append(report.Quotas, quotaReport{q.Scope, finite(q.Rate), q.Learned, string(q.State), q.Reason, q.Refusing})
	}
	for i, s := range stats.Routes {
		load, forecast := b.backlogs.of(i)
		r := routeReport{
			Name: s.Name, State: string(s.State), Received: s.Received, Settled: map[string]uint64{}, Queued: s.Queued, InFlight: s.InFlight,
			Waiting: load.Waiting, Arrivals: load.Arrivals, Capacity: finite(load.Capacity), DrainSeconds: finite(drainSeconds(forecast)), Forecast: forecast.Text,
		}
		for outcome, n := range s.Settled {
			r.Settled[outcome.String()] = n
		}
		report.Routes = append(report.Routes, r)
	}
	return report
}

// drainSeconds is 0 while a route keeps up, and +Inf when its backlog is never gone.
func drainSeconds(f pipeline.Forecast) float64 {
	if f.Outlook == pipeline.FallingBehind {
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
func (b *bridge) pause(name string, paused bool) error {
	found := false
	for i, r := range b.plan.routes {
		if name != "" && r.route.Name != name {
			continue
		}
		found = true
		b.log.Info("an operator changes a route", "route", r.route.Name, "paused", paused)
		if paused {
			b.pipe.Route(i).Pause()
		} else {
			b.pipe.Route(i).Resume()
		}
	}
	if !found {
		return fmt.Errorf("there is no route %q", name)
	}
	return nil
}
