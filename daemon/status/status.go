package status

import (
	"fmt"
	"math"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// Of returns what is told of a daemon.
func Of(f *Facts) admin.Status {
	s := short(f)
	for i := range s.Routes {
		r, stats := &s.Routes[i], &f.Pipeline.Routes[i]
		r.Settled, r.Attempts = map[string]uint64{}, map[string]uint64{}
		for outcome, n := range stats.Settled.All() {
			r.Settled[outcome.String()] = n
		}
		for result, n := range stats.Attempts.All() {
			r.Attempts[result.String()] = n
		}
	}
	return s
}

// Line tells of a daemon in one line.
func Line(f *Facts) string {
	s := short(f)
	return Bounded(fmt.Sprintf("%d in flight, %d waiting. %s", s.Queue.InFlight, s.Queue.Waiting, s.Summary))
}

// short is Of without what is counted of each route.
func short(f *Facts) admin.Status {
	stats := &f.Pipeline
	s := admin.Status{
		Schema: admin.Schema, Version: f.Version, Now: f.Now.UTC(), Started: f.Started.UTC(),
		NotReady: append([]string{}, NotReady(f)...),
		NATS:     f.NATS.URL,
		Endpoint: f.Endpoint,
		Key:      f.Key.Key,
		Queue:    admin.Queue{Bytes: stats.QueuedBytes, MaxMessages: f.MaxMessages, MaxBytes: f.MaxBytes},
		Latency:  f.Latency,
		Problems: f.Problems,
		Canary:   f.Canary,
	}
	s.Ready = len(s.NotReady) == 0
	s.Group = *f.told()
	for _, q := range stats.Quotas {
		s.Quotas = append(s.Quotas, admin.Quota{
			Scope: q.Scope, Rate: Finite(q.Rate), Learned: q.Learned,
			LearnedSeconds: age(q.LearnedAt, f.Now),
			Floor:          q.Floor, State: string(q.State), Reason: quotaReason(&q), Refusing: q.Refusing,
		})
	}
	s.Routes = make([]admin.Route, 0, len(stats.Routes))
	for i := range stats.Routes {
		r := route(f, i)
		s.Routes = append(s.Routes, r)
		s.Rates.In += r.Rates.In
		s.Rates.Out += r.Rates.Out
		s.Rates.Refused += r.Rates.Refused
		s.Queue.Messages += r.Queued
		s.Queue.InFlight += r.InFlight
		s.Queue.Waiting += r.Waiting
	}
	s.State, s.Summary = summary(f, &s)
	s.Verdict = s.State.Verdict()
	return s
}

func route(f *Facts, i int) admin.Route {
	s, known := &f.Pipeline.Routes[i], &f.Routes[i]
	r := admin.Route{
		Name: s.Name, From: known.From, To: known.To,
		State: f.RouteState(i), Reason: routeReason(f, i), LimitedBy: string(s.LimitedBy), Rates: known.Rates,
		Received: s.Received, Skipped: s.Skipped, Redelivered: s.Redelivered, Ambiguous: s.Ambiguous,
		SourceDropped: known.Missed, LostTotal: s.Settled.Lost(s.Skipped) + known.Missed,
		Lost: known.Lost, LostWhy: known.LostWhy, DeadLettered: known.DeadLettered,
		PutAside: s.Aside, PutAsideIn: s.AsideTopics,
		Degraded: degraded(s), Forbidden: s.Forbidden, HeldByForbidden: s.ForbiddenHeld,
		ForbiddenTopics: append([]string{}, s.ForbiddenTopics...),
		Queued:          s.Queued, InFlight: s.InFlight, Waiting: known.Waiting,
		Arrivals: known.Arrivals, Capacity: Finite(known.Capacity),
		Unacknowledged: known.Strayed + known.Beside, OldestSeconds: Finite(known.Oldest),
	}
	if (!f.delivers(i) || known.Dry || known.Strayed > 0) && s.LimitedBy == pipeline.ByNothing &&
		s.State == pipeline.Running {
		r.LimitedBy = byNATS
	}
	if s.State == pipeline.Paused && !known.Paused.IsZero() {
		r.PausedSince, r.PauseKept = &known.Paused, known.PauseLost == ""
	}
	if f.StandsBy(i) && s.State == pipeline.Running {
		r.CarriedBy = f.carriage(s.Name).by
	}
	var drain float64
	r.ForecastKind, drain, r.Forecast = f.Forecast(i)
	r.DrainSeconds = Finite(drain)
	return r
}

// byNATS is what limits a route that NATS gives nothing, as what it holds is limited by nothing.
const byNATS = "nats"

// delivers reports whether NATS gives a route what waits there, as far as is known.
func (f *Facts) delivers(i int) bool {
	return f.NATS.Connected && f.notReady(i) == "" && f.Routes[i].Starved == ""
}

// Finite is nil for what is infinite or not known, as JSON has no number for it.
func Finite(n float64) *float64 {
	if math.IsInf(n, 0) || math.IsNaN(n) {
		return nil
	}
	return &n
}
