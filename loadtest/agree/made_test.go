package agree

import (
	"fmt"
	"math/rand/v2"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/report"
)

// How a report that is made up ends.
const (
	asProved = iota
	asSoft
	asUnfit
	asPartial
	asInterrupted
	asRefused
	asQuick
	asGentle
	asRate
	asOverloaded
	asVia
	ends
)

// maker makes reports up, as searches and rate tests would make them.
type maker struct {
	*rand.Rand
	r     *report.Report
	clock float64
	limit float64
}

// made is a report that a seed decides.
func made(seed uint64) *report.Report {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 21)), r: &report.Report{
		Schema: report.Schema, Started: time.Date(2026, 11, 30, 1, 0, 0, 0,
			time.UTC).Add(time.Duration(seed) * time.Hour),
		Target: report.Target{
			Version: "v1.4.0", Endpoint: "https://host.example", Caches: []string{"c"}, Topics: 1, Topic: "t",
			Bytes: int(1 + 3000*seed%4096), Connections: 16,
		},
		Latency: map[string]report.Latency{},
	}}
	m.limit = []float64{0.7, 9.96, 50, 123.4567, 500, 7312.4, 12_345.678}[m.IntN(7)] * (0.9 + 0.2*m.Float64())
	m.r.Generator = report.Generator{
		Ceiling: 30_000 * m.Float64(), OnTime: 1 - m.tiny(), CPU: 0.7 * m.Float64(), Cores: 2, OS: "linux/amd64",
		SendDelay: m.latency(2000),
	}
	m.preflight()
	switch how := int(seed % ends); how {
	case asRate, asOverloaded, asVia:
		m.rate(how)
	default:
		m.find(how)
	}
	m.r.DurationSeconds = m.clock
	m.r.Ended = m.r.Started.Add(time.Duration(m.clock * float64(time.Second)))
	return m.r
}

// preflight adds what was measured before, in most reports.
func (m *maker) preflight() {
	g := &m.r.Generator
	for rate := 50.0; rate < 6000 && m.chance(0.9); rate *= 2 + 3*m.Float64() {
		g.Timing = append(g.Timing, report.Timing{Rate: rate, OnTime: 1 - m.tiny(), P99Late: 0.01 * m.Float64()})
		g.Burst = 0.02 * m.Float64()
		if m.chance(0.7) {
			g.FitRate = rate
		}
	}
}

// tiny is a share near 0 that looks different each time.
func (m *maker) tiny() float64 { return 0.004 * m.Float64() * m.Float64() }

func (m *maker) chance(p float64) bool { return m.Float64() < p }

func (m *maker) latency(n int) report.Latency {
	at := func(share float64) *float64 { return new((0.0001 + 0.3*share*m.Float64()) * (1 + share)) }
	l := report.Latency{Count: n, Min: at(0), Mean: at(.5), StdDev: at(.1), P50: at(.5), Max: new(2 + m.Float64())}
	if n > 1000 {
		l.P90, l.P99 = at(.9), at(.99)
	}
	return l
}

// trial adds one, and the seconds it took.
func (m *maker) trial(name string, rate, seconds float64, refused int, passed bool) *report.Trial {
	sent := int(rate*seconds) + refused
	m.r.Trials = append(m.r.Trials, report.Trial{
		Name: name, Rate: rate, Began: m.clock, Seconds: seconds, Sent: sent, Accepted: sent - refused,
		Refused: refused,
		Passed:  passed, OnTime: 1 - m.tiny(),
	})
	m.r.Seconds = append(m.r.Seconds, report.Second{
		At: int(m.clock), Offered: sent, Accepted: sent - refused, Refused: refused,
	})
	m.r.Requests += sent
	m.clock += seconds + 1 + m.Float64()
	return &m.r.Trials[len(m.r.Trials)-1]
}

func (m *maker) find(how int) {
	r := m.r
	r.Test, r.Verdict, r.Limiter, r.Unit = report.Find, report.NotProved, "unknown", "not tested"
	r.Settings = report.Settings{Effort: "standard", Width: 0.01, MaxRate: 10_000 * m.Float64(), MaxRequests: 5_000_000}
	rate := 8.0
	for ; rate < m.limit*1.3; rate *= 2 {
		m.trial("bracket", rate, 2, 0, true)
	}
	if how == asInterrupted && m.chance(.3) {
		m.end("interrupted", true)
		return
	}
	m.trial("bracket", rate, 1.5, 1, false)
	r.CleanRate, r.FailingRate = new(rate/2), new(rate)
	if how == asRefused || how == asInterrupted && m.chance(.3) {
		m.end(map[bool]string{true: "the API key is refused (401)", false: "interrupted"}[how == asRefused],
			how == asInterrupted)
		return
	}
	if how != asGentle {
		m.overload(rate)
	}
	m.conclude(how)
	if m.chance(.3) {
		r.Expected, r.AsExpected = fmt.Sprintf(">=%.0f/s", m.limit), new(m.chance(.5))
	}
}

func (m *maker) end(reason string, interrupted bool) {
	m.r.Reason, m.r.Interrupted = reason, interrupted
	if interrupted && len(m.r.Trials) > 0 {
		m.r.Trials[len(m.r.Trials)-1].Unfit, m.r.Trials[len(m.r.Trials)-1].Passed = "it was ended early", false
	}
}

// overload is the plateau and the probe. As a search of before may have it, it says what it takes them for, however
// sure that is.
func (m *maker) overload(rate float64) {
	r := m.r
	m.trial("plateau", 2*rate, 10, int(rate*5), false)
	r.PlateauRate, r.RejectionsCost = new(m.limit*(1+0.002*m.Float64())), new(m.chance(.2))
	m.trial("probe", 5*rate, 1, 1, false)
	r.Plateau = []report.Point{{Seconds: 0, Accepted: 1}, {Seconds: 5, Accepted: int(5 * m.limit)}}
	kind := m.IntN(3)
	r.Limiter = []string{"bucket", "fixed-window", "sliding"}[kind]
	r.Burst = new(float64(m.IntN(100_000)))
	if kind > 0 {
		r.WindowSeconds = new(1.0 + float64(m.IntN(9)))
	}
	for _, sure := range []struct {
		confidence *string
		evidence   *[]string
	}{{&r.LimiterConfidence, &r.LimiterEvidence}, {&r.BurstConfidence, &r.BurstEvidence}} {
		*sure.confidence = []string{"", "none", "low", "high"}[m.IntN(4)]
		if len(*sure.confidence) > 2 {
			*sure.evidence = []string{"it was tried"}
		}
	}
	l := m.latency(900)
	l.Rate = 2 * rate
	r.Latency["plateau"] = l
}

// conclude is the proof, or why there is none.
func (m *maker) conclude(how int) {
	r := m.r
	clean, failing := m.limit*0.9955, m.limit*1.0045
	switch how {
	case asQuick:
		m.end("this is an estimate: nothing was repeated (--effort quick)", false)
		return
	case asUnfit:
		r.CleanRate, r.FailingRate = &clean, &failing
		for range 3 {
			t := m.trial("prove", clean, 8, 0, false)
			t.OnTime = 0.3 + 0.6*m.Float64()
			t.Unfit = "only " + figure.Share(t.OnTime) + " of the publishes were sent in time"
		}
		r.Generator.Repeated, r.Generator.OnTime = 3, 0.52+0.4*m.Float64()
		m.end("irregular: the generator was not fit for a trial, three times over: "+
			r.Trials[len(r.Trials)-1].Unfit, false)
		return
	case asSoft:
		r.CleanRate, r.FailingRate, r.Limiter, r.Burst, r.BurstConfidence = new(clean*.8), new(failing*.85), "soft",
			nil, ""
		r.WindowSeconds, r.LimiterConfidence = nil, ""
		r.Reason = "refusals begin at " + figure.Rate(*r.FailingRate) + ", but " + figure.Rate(*r.PlateauRate) +
			" are accepted in overload: the limit is spread over several servers, or others use it, too"
		return
	}
	r.CleanRate, r.FailingRate = &clean, &failing
	pairs := 1 + m.IntN(3)
	for range pairs {
		t := m.trial("prove", clean, 8, 0, true)
		r.CleanSent += t.Accepted
		m.trial("prove", failing, 3, 1, false)
	}
	r.CleanBound = new(3 / float64(r.CleanSent+3))
	switch how {
	case asProved:
		r.Verdict = report.Proved
		r.Reason = fmt.Sprintf("%d of %d trials at the clean rate had no refusal, %d of %d at the failing rate had",
			pairs, pairs, pairs, pairs)
		if r.Interrupted = m.chance(.2); m.chance(.3) {
			r.Generator.Repeated, r.Generator.OnTime = 1, .97
		}
	case asInterrupted:
		m.end("interrupted", true)
	case asGentle:
		r.Reason = fmt.Sprintf("without overload nobody knows what kind of limit it is, and a burst or a long window "+
			"may hide it; the clean rate was held in %d of %d trials", pairs, pairs)
	default:
		m.end("the cap on requests was reached (--max-requests)", false)
	}
	if how == asProved && m.chance(.3) {
		r.Goals = []report.Goal{{Goal: .01, Verdict: report.NotProved, Reason: "interrupted"}, {
			Goal: .05, Verdict: report.Proved, CleanRate: new(clean * 1.04), FailingRate: new(clean * 1.05),
			CleanBound: new(.051),
		}}
	}
}

func (m *maker) rate(how int) {
	r := m.r
	r.Test, r.Limiter = report.Rate, "unknown"
	seconds := 1 + 100*m.Float64()
	n := int(m.limit*seconds) + 1
	t := m.trial(report.Rate, m.limit, seconds, 0, true)
	r.Settings = report.Settings{Rate: m.limit, Shape: "even", MaxRequests: 1_000_000, MaxSeconds: seconds}
	t.Sent, t.NotSent, t.OfferedSeconds, t.Seconds = n, 0, seconds, seconds+0.2*m.Float64()
	r.Seconds[0].Offered = n
	if how == asOverloaded {
		t.NotSent = n * (1 + m.IntN(5)) / 10
		t.Sent = n - t.NotSent
		t.OnTime, r.Generator.OnTime = 0.4, 0.4
		t.Unfit = "only " + figure.Share(float64(t.Sent)/float64(n)) +
			" of the publishes were sent, as it was too late " +
			"for the others"
		t.Seconds += 3
		r.Reason = fmt.Sprintf("publishes that were not sent, as it was too late for them: %s; the latencies leave "+
			"them "+
			"out; %s", figure.Count(t.NotSent), t.Unfit)
	}
	if m.chance(.5) {
		t.Refused, t.Failed = t.Sent/10, m.IntN(2)*t.Sent/20
	}
	t.Accepted = t.Sent - t.Refused - t.Failed
	r.Requests = t.Sent
	r.Seconds[0].Accepted, r.Seconds[0].Refused, r.Seconds[0].Failed = t.Accepted, t.Refused, t.Failed
	l := m.latency(t.Accepted)
	l.Rate = m.limit
	r.Latency["accepted"] = l
	if how == asVia {
		lost := m.IntN(3) * t.Accepted / 100
		r.Target.Via = "nats"
		r.Delivery = &report.Delivery{
			Sent: t.Accepted, Delivered: t.Accepted - lost, Lost: lost, Duplicates: m.IntN(9), Reordered: m.IntN(9),
			Latency: m.latency(t.Accepted),
		}
	}
	if m.chance(.2) {
		r.Interrupted, r.Reason = true, "interrupted"
	}
}
