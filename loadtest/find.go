package loadtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/trials"
	"momento-bridge/pipeline"
)

// The efforts of a search.
const (
	Quick    = "quick"    // Bracket and plateau: an estimate.
	Standard = "standard" // Three pairs of trials.
	Proof    = "proof"    // Five pairs, and half the width.
)

// Efforts are the efforts of a search, the least first.
var Efforts = []string{Quick, Standard, Proof}

// FindConfig is a search for the limit of a target.
type FindConfig struct {
	Target     Target
	Search     search.Config // Its MaxRate is lowered to what the generator can do; Flip is set.
	Effort     string
	Dimensions []string
	Latency    bool // Measure the latency at fractions of the clean rate at the end.
	Generator  Calibration
	Before     int // Publishes that were sent before: they count.
	Labels     map[string]string
	// Trials are those that were made before, and where further ones are kept; nil: there are none, and none are.
	Trials *trials.File
	// Progress is called once a second and before each trial, one call at a time; nil: never.
	Progress func(FindProgress)
}

// FindProgress is how far a search is.
type FindProgress struct {
	Trial   int         // The number of the trial that is being made.
	Step    search.Step // What it is.
	Elapsed time.Duration
	Counts  drive.Second // Publishes so far.
}

// Limit lowers what the search may do to what the generator can, and to the effort.
func (c *FindConfig) Limit() {
	if c.Generator.Ceiling > 0 {
		most := mostOfCeiling * c.Generator.Ceiling
		c.Search.Slow, c.Search.MaxRate = most < c.Search.MaxRate, min(c.Search.MaxRate, most)
	}
	c.Search.Stall = c.Generator.Burst
	switch c.Effort {
	case Quick:
		c.Search.Estimate = true
	case Proof:
		c.Search.Pairs, c.Search.Width = 5, c.Search.Width/2
	}
}

// Preflight publishes once, and says what is wrong if that is not accepted. A refusal for quota is fine.
func Preflight(t Target) error {
	p := t.endpoint().Publisher()
	defer p.Close()
	cfg := t.engine()
	now := time.Now()
	a := p.Publish(&pipeline.Request{
		Cache: cfg.Cache(0), Topic: cfg.Topic(0), Payload: cfg.Payload(0), Start: now,
		Deadline: now.Add(t.Timeout),
	})
	if a.Verdict == pipeline.Accept || a.Verdict == pipeline.SlowDown {
		return nil
	}
	return &drive.RefusedError{Answer: a, KeyAdvice: t.KeyAdvice}
}

// Find searches for the limit and returns the report. It does so also when ctx ended the search, which is no error, and
// beside the error when the endpoint refused for another reason than quota, or failed.
func Find(ctx context.Context, c FindConfig) (*report.Report, error) {
	e := drive.New(ctx, c.Target.engine())
	defer e.Close()
	rng := rand.New(rand.NewPCG(c.Target.Seed, 5))
	c.Search.Flip = func() bool { return rng.IntN(2) == 0 }
	f := &finder{cfg: c, engine: e, started: time.Now(), began: e.Now(), extra: c.Before, whole: e}
	tester := f.goOn(e)
	show := newShower(f)
	f.cfg.Search.Progress = show.step
	defer show.stop()
	within := f.cfg.Search
	within.MaxRequests -= f.extra
	f.result = search.Find(within, tester)
	f.leave()
	f.measured = e.Measured()
	f.report = f.describe()
	if f.result.Err == nil && c.Latency {
		f.profile()
	}
	if f.result.Err == nil {
		f.dimensions(ctx)
	}
	f.finish()
	f.report.Interrupted = ctx.Err() != nil // Possibly after the search, which is then as good as ever.
	if refused, ok := errors.AsType[*drive.RefusedError](f.result.Err); ok {
		return f.report, refused
	}
	return f.report, nil
}

// finder is one search under way.
type finder struct {
	cfg      FindConfig
	engine   *drive.Engine
	started  time.Time
	began    float64 // On the engine's clock.
	result   *search.Result
	measured []drive.Measured // Of the search's trials.
	profiled []drive.Measured // Of the latency profile's.
	report   *report.Report
	extra    int            // Publishes before and after the search.
	kept     *trials.Tester // nil: no trials are kept.
	whole    *drive.Engine  // Of the search.
	apart    apart
}

// describe turns the result into a report.
func (f *finder) describe() *report.Report {
	r, c := f.result, f.cfg.Search
	out := &report.Report{
		Schema: report.Schema, Test: report.Find, Verdict: report.NotProved, Reason: r.Reason,
		CleanRate: known(r.Clean), FailingRate: known(r.Failing), PlateauRate: known(r.Plateau),
		Burst: known(r.Burst), WindowSeconds: known(r.Window),
		CleanSent: r.CleanSent, Limiter: string(r.Kind), Unit: "not tested",
		Started: f.cfg.began(f.started), Target: f.cfg.Target.Report(),
		Settings: report.Settings{
			Effort: f.cfg.Effort, Width: c.Width, Goal: c.Goal, NoOverload: c.Gentle, MaxRate: c.MaxRate,
			MaxRequests: c.MaxRequests, MaxSeconds: c.MaxSeconds,
			Seed: f.cfg.Target.Seed, Labels: f.cfg.Labels,
		},
		Latency: map[string]report.Latency{}, Plateau: []report.Point{}, Trials: []report.Trial{},
	}
	out.LimiterConfidence, out.LimiterEvidence = string(r.KindConfidence), r.KindEvidence
	out.BurstConfidence, out.BurstEvidence = string(r.BurstConfidence), r.BurstEvidence
	if r.Proved {
		out.Verdict = report.Proved
	}
	if r.Overload {
		out.RejectionsCost = &r.Dear
	}
	if r.CleanSent > 0 {
		bound := search.UpperBound(r.CleanRefused, r.CleanSent)
		out.CleanBound = &bound
	}
	for i, t := range r.Trials {
		out.Trials = append(out.Trials, report.Trial{
			Tolerance: t.Tolerance, OnTime: f.measured[i].OnTime, Shown: t.Shown, Waited: f.measured[i].Waited,
			Name: t.Name, Rate: t.Rate, Began: t.Began, Seconds: t.Seconds, Sent: t.Sent, Accepted: t.Accepted,
			Refused: t.Refused, Excused: t.Excused, Failed: t.Failed,
			Unfit: t.Unfit, Passed: t.Passed,
		})
	}
	for _, g := range r.Goals {
		out.Goals = append(out.Goals, goalOf(g))
	}
	out.Plateau = points(r.Overloaded)
	return out
}

func goalOf(g search.GoalResult) report.Goal {
	out := report.Goal{
		Goal: g.Goal, Verdict: report.NotProved, Reason: g.Reason, CleanRate: known(g.Clean),
		FailingRate: known(g.Failing),
	}
	if g.Proved {
		out.Verdict = report.Proved
	}
	if g.CleanSent > 0 {
		bound := search.UpperBound(g.CleanRefused, g.CleanSent)
		out.CleanBound = &bound
	}
	return out
}

// known is nil for what was not determined.
func known(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return &v
}

// mostPoints is how many points of the plateau a report has.
const mostPoints = 500

// points are the acceptances of a phase, cumulative and thinned out.
func points(events []search.Event) []report.Point {
	all := []report.Point{}
	step := max(1, len(events)/mostPoints)
	n := 0
	for i, e := range events {
		if !e.Refused {
			n++
		}
		if i%step == 0 || i == len(events)-1 {
			all = append(all, report.Point{Seconds: e.At - events[0].At, Accepted: n})
		}
	}
	return all
}

// finish adds what is known at the end.
func (f *finder) finish() {
	r := f.report
	r.Ended = time.Now().UTC()
	r.DurationSeconds = f.engine.Now() - f.began
	r.Requests = f.result.Requests + f.extra
	r.Refusals = refusals(f.apart.refusals(f.engine.Refusals()))
	r.Seconds = series(f.apart.seconds(f.engine.Seconds()))
	r.Generator = f.generator()
}

func (f *finder) generator() report.Generator {
	g := report.Generator{
		Ceiling: f.cfg.Generator.Ceiling, FitRate: f.cfg.Generator.FitRate, Timing: f.cfg.Generator.Timing,
		Burst: f.cfg.Generator.Burst, OnTime: 1, Repeated: f.result.Repeated, Cores: runtime.GOMAXPROCS(0),
		OS: runtime.GOOS + "/" + runtime.GOARCH,
	}
	sent, planned := 0, 0
	all := slices.Concat(f.measured, f.profiled)
	for _, m := range all {
		sent, planned = sent+m.Sent, planned+m.Planned
		g.CPU = max(g.CPU, m.CPU)
	}
	if planned > 0 {
		g.OnTime = float64(sent) / float64(planned)
	}
	if delays := drive.Delays(all); delays.TotalCount() > 0 {
		g.SendDelay = within(LatencyOf(delays), 0, f.report.DurationSeconds)
	}
	return g
}
