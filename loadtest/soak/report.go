package soak

import (
	"math"
	"time"

	"momento-bridge/loadtest"
	"momento-bridge/loadtest/drift"
	"momento-bridge/loadtest/report"
)

// Schema is the version of the JSON.
const Schema = 1

// Test is what the JSON says which test it is of.
const Test = "soak"

// The verdicts.
const (
	Steady  = "steady"  // Nothing was lost, and nothing has drifted.
	Drifted = "drifted" // Something has, and nothing was lost.
	Lost    = "lost"    // Messages were.
	Short   = "short"   // Nothing was lost; it took too little time for anything to be said of drift.
)

// Report is one soak. Rates are messages per second, times are seconds, memory is bytes; null stands for what is not
// known. It never holds the API key.
type Report struct {
	Schema          int           `json:"schema"`
	Test            string        `json:"test"`
	Verdict         string        `json:"verdict"`
	Reason          string        `json:"reason,omitempty"` // Why it ended early; empty: it did not.
	Started         time.Time     `json:"started"`
	Ended           time.Time     `json:"ended"`
	DurationSeconds float64       `json:"duration_seconds"` // Without the wait for what was on its way at the end.
	Interrupted     bool          `json:"interrupted"`
	Target          report.Target `json:"target"`
	Settings        Settings      `json:"settings"`
	Delivery        Delivery      `json:"delivery"`
	Series          []Series      `json:"series"`
	At              []float64     `json:"at"` // Of the values of each series, seconds after the start.
}

// Settings are those of the soak.
type Settings struct {
	Rate         float64           `json:"rate"`
	Share        float64           `json:"share,omitempty"` // Of the quota, from 0 to 1.
	Quota        float64           `json:"quota,omitempty"`
	Seconds      float64           `json:"seconds"`
	EverySeconds float64           `json:"every_seconds"`
	NATS         string            `json:"nats"` // Its address, or embedded.
	Topics       int               `json:"topics"`
	Seed         uint64            `json:"seed"`
	Labels       map[string]string `json:"labels,omitempty"`
}

// Delivery is what subscribers got.
type Delivery struct {
	Sent            int            `json:"sent"` // Taken by NATS, as far as is known.
	NotTaken        int            `json:"not_taken"`
	NotSent         int            `json:"not_sent"` // As the program was too late for them.
	Delivered       int            `json:"delivered"`
	Lost            int            `json:"lost"` // Have not come.
	Late            int            `json:"late"` // Came after they had been taken for lost.
	Duplicates      int            `json:"duplicates"`
	Reordered       int            `json:"reordered"`
	Discontinuities int            `json:"discontinuities"`
	UnderWay        int            `json:"under_way,omitempty"` // At an early end; in none of the others.
	Latency         report.Latency `json:"latency"`             // From NATS to the subscriber.
}

// Series is one quantity over the time.
type Series struct {
	Name   string     `json:"name"`
	Unit   string     `json:"unit"`
	Values []*float64 `json:"values"` // One for each of At.
	Drift  Drift      `json:"drift"`
}

// Drift is what became of a series.
type Drift struct {
	Shape  drift.Shape `json:"shape"` // none, step, slope, too short or not known.
	P      float64     `json:"p"`
	Since  *time.Time  `json:"since"`
	Before *float64    `json:"before"`
	After  *float64    `json:"after"`
	// Change is from before to after, as a share of before; null where that is 0.
	Change  *float64 `json:"change"`
	PerHour *float64 `json:"per_hour"` // Of a slope, in the series' unit.
	First   *float64 `json:"first_tenth"`
	Last    *float64 `json:"last_tenth"`
}

// unknown is the shape of what the machine does not tell.
const unknown = drift.Shape("not known")

// Has reports whether it has drifted.
func (d *Drift) Has() bool { return d.Shape == drift.Step || d.Shape == drift.Slope }

// quantity is what is looked at.
type quantity struct {
	name, unit string
	of         func(s *Sample) float64
	matters    drift.Matters
}

const mib = 1 << 20

// quantities are all of them, with what is worth telling: a busy neighbour moves latencies somewhat, and the memory of
// a program settles for some minutes.
var quantities = []quantity{
	{"rate", "/s", func(s *Sample) float64 { return s.Rate }, drift.Matters{Share: 0.01}},
	{"refused", "/s", func(s *Sample) float64 { return s.Refused }, drift.Matters{Share: 0.1, Least: 0.05}},
	{"failed", "/s", func(s *Sample) float64 { return s.Failed }, drift.Matters{Share: 0.1, Least: 0.05}},
	{"latency p50", "s", func(s *Sample) float64 { return s.P50 }, drift.Matters{Share: 0.1, Least: 0.001}},
	{"latency p99", "s", func(s *Sample) float64 { return s.P99 }, drift.Matters{Share: 0.2, Least: 0.005}},
	{"memory", "bytes", func(s *Sample) float64 { return s.Memory }, drift.Matters{Share: 0.1, Least: 16 * mib}},
	{"heap", "bytes", func(s *Sample) float64 { return s.Heap }, drift.Matters{Share: 0.1, Least: 8 * mib}},
	{"goroutines", "", func(s *Sample) float64 { return s.Goroutines }, drift.Matters{Share: 0.1, Least: 5}},
	{opened, "/s", func(s *Sample) float64 { return s.Opened }, drift.Matters{Share: 0.1, Least: 0.05}},
	{"open files", "", func(s *Sample) float64 { return s.Files }, drift.Matters{Share: 0.1, Least: 5}},
}

const (
	opened = "connections opened"
	// replaced is in how many seconds the bridge replaces all of its connections at the fastest, with room for chance:
	// those that were opened at once are replaced within two minutes.
	replaced = 60
)

// matters is what is worth telling of a quantity.
func (s *Soak) matters(q *quantity) drift.Matters {
	m := q.matters
	if q.name == opened {
		m.Least = max(m.Least, float64(s.cfg.Target.Connections)/replaced)
	}
	return m
}

const (
	// warmUp is the part of a soak in which connections are made and memory settles, within two bounds.
	warmUp                        = 0.05
	shortestWarmUp, longestWarmUp = time.Minute, 5 * time.Minute
)

// warmUpOf is the part of a soak that says nothing of drift.
func warmUpOf(d time.Duration) time.Duration {
	return max(shortestWarmUp, min(time.Duration(warmUp*float64(d)), longestWarmUp))
}

// report says what was found so far.
func (s *Soak) report(interrupted bool) *Report {
	now := time.Now()
	r := &Report{
		Schema: Schema, Test: Test, Started: s.started.UTC(), Ended: now.UTC(),
		DurationSeconds: min(now.Sub(s.started), s.cfg.Duration).Seconds(), Interrupted: interrupted,
		Target: s.cfg.Target, Settings: s.cfg.Settings, At: []float64{},
	}
	if err := s.failure(); err != nil {
		r.Reason = err.Error()
	}
	times := newHistogram()
	for _, t := range s.tracks {
		t.add(now, &r.Delivery, nil)
		t.addAll(times)
	}
	r.Delivery.NotSent, r.Delivery.Latency = s.missed, loadtest.LatencyOf(times)
	for i := range s.samples.all {
		r.At = append(r.At, s.samples.all[i].At)
	}
	for _, q := range quantities {
		r.Series = append(r.Series, s.series(&q))
	}
	r.judge()
	return r
}

// judge says what the answer is.
func (r *Report) judge() {
	r.Verdict = Short
	for i := range r.Series {
		switch d := &r.Series[i].Drift; {
		case d.Has():
			r.Verdict = Drifted
		case d.Shape == drift.None && r.Verdict == Short:
			r.Verdict = Steady
		}
	}
	if r.Delivery.Lost > 0 {
		r.Verdict = Lost
	}
}

// Met reports whether it was as it has to be: nothing was lost, and nothing has drifted.
func (r *Report) Met() bool { return r.Verdict == Steady || r.Verdict == Short }

func (s *Soak) series(q *quantity) Series {
	out := Series{Name: q.name, Unit: q.unit, Values: []*float64{}}
	warm := warmUpOf(s.cfg.Duration).Seconds()
	var known []drift.Sample
	told := false
	for i := range s.samples.all {
		one := &s.samples.all[i]
		v := q.of(one)
		out.Values = append(out.Values, number(v))
		told = told || !math.IsNaN(v)
		if i > 0 && one.At > warm && !math.IsNaN(v) {
			known = append(known, drift.Sample{At: one.At, Value: v})
		}
	}
	f := drift.Look(known, s.matters(q), s.cfg.Seed)
	out.Drift = Drift{Shape: f.Shape, P: f.P}
	if !told {
		out.Drift.Shape = unknown
	}
	if len(known) == 0 {
		return out
	}
	f.Before, f.After = max(0, f.Before), max(0, f.After) // A line that fits may begin below nothing.
	out.Drift.First, out.Drift.Last = number(f.First), number(f.Last)
	if out.Drift.Has() {
		since := s.started.Add(time.Duration(f.Since * float64(time.Second))).UTC()
		out.Drift.Since, out.Drift.Before, out.Drift.After = &since, number(f.Before), number(f.After)
		if f.Before != 0 {
			out.Drift.Change = number(f.Share())
		}
		if f.Shape == drift.Slope {
			out.Drift.PerHour = number(f.PerHour)
		}
	}
	return out
}

// number is nil for what is not known.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
