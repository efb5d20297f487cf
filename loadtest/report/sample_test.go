package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"momento-bridge/loadtest/figure"
)

var started = time.Date(2026, 11, 25, 10, 12, 7, 0, time.UTC)

// latency makes a distribution as the engine would: log-normal around a median, in seconds.
func latency(seed uint64, n int, median, sigma, rate float64) Latency {
	random := rand.New(rand.NewPCG(seed, 1))
	values := make([]float64, n)
	sum := 0.0
	for i := range values {
		values[i] = math.Round(median*math.Exp(sigma*random.NormFloat64())*1e6) / 1e6
		sum += values[i]
	}
	slices.Sort(values)
	l := Latency{
		Count: n, Rate: rate, Min: &values[0], Max: &values[n-1],
		Mean: new(math.Round(sum/float64(n)*1e6) / 1e6), StdDev: new(median * sigma),
	}
	for _, p := range []struct {
		share float64
		to    **float64
	}{{.5, &l.P50}, {.9, &l.P90}, {.99, &l.P99}, {.999, &l.P999}} {
		if float64(n)*(1-p.share) >= 10 {
			*p.to = &values[int(p.share*float64(n))]
		}
	}
	for half := 0; half < 14 && float64(n) > math.Pow(2, float64(half)); half++ {
		for step := range 5 {
			share := 1 - math.Pow(.5, float64(half))*(1-float64(step)/10)
			l.Spectrum = append(l.Spectrum, Quantile{share, values[min(n-1, int(share*float64(n)))]})
		}
	}
	l.Spectrum = append(l.Spectrum, Quantile{1, values[n-1]})
	return l
}

// sampleFind is a search that found a bucket of 500/s with a burst of 500, and proved it.
func sampleFind() *Report {
	r := &Report{
		Schema: Schema, Test: Find, Verdict: Proved, Reason: "3 of 3 trials at the clean rate had no refusal, 3 of 3 " +
			"at the failing rate had; not counted: 2 of " + figure.Count(11958) +
			" publishes at the clean rate that were " +
			"refused because others before them were late, which a burst of 500 does not forgive",
		CleanRate: new(498.2), CleanBound: new(0.0002500), CleanSent: 11958, FailingRate: new(501.7),
		PlateauRate: new(500.04), Burst: new(500.0),
		Limiter: "bucket", LimiterConfidence: ConfidenceHigh, LimiterEvidence: []string{"acceptances came evenly"},
		BurstConfidence: ConfidenceHigh, BurstEvidence: []string{"500 were accepted at once, after a pause of 2 s"},
		RejectionsCost: new(false), Unit: "not tested", Requests: 113_204, Started: started,
		Ended: started.Add(208 * time.Second), DurationSeconds: 208.4,
		Expected: ">=490/s", AsExpected: new(true),
		Target: Target{
			Version: "v1.4.0", Endpoint: "https://api.cache.cell-us-east-1-1.prod.a.momentohq.com", Region: "us-east-1",
			Caches: []string{"my-cache"},
			Topics: 8, Topic: "loadtest-0", Bytes: 100, Connections: 64,
		},
		Settings: Settings{
			Effort: "standard", Width: 0.01, MaxRate: 10_000, MaxRequests: 5_000_000, MaxSeconds: 3600,
			Seed: 7, Labels: map[string]string{"host": "a"},
		},
		Generator: Generator{
			Ceiling: 34_120, OnTime: 0.99993, SendDelay: latency(9, 20_000, 0.00002, 0.9, 0),
			Repeated: 0, CPU: 0.23, Cores: 2, OS: "linux/amd64",
		},
		Latency: map[string]Latency{},
		Refusals: []Refusal{
			{`{"message":"Request rate limit exceeded for this account; limit is 500/s","code":8}`, 28_411},
			{`{"message":"Too many requests"}`, 12},
		},
	}
	for i, share := range []float64{.5, .8, .95} {
		l := latency(uint64(i), 4000, 0.0051+0.0004*float64(i), 0.18+0.08*float64(i), math.Round(498.2*share*10)/10)
		service := latency(uint64(i), 4000, 0.0050+0.0004*float64(i), 0.17+0.08*float64(i), 0)
		l.Service = &service
		r.Latency[[]string{"50%", "80%", "95%"}[i]] = l
	}
	r.Latency["plateau"] = latency(5, 900, 0.0071, 0.35, 1000)
	r.addTrials()
	r.addSeconds(500, 500)
	for i := range 120 {
		r.Plateau = append(r.Plateau, Point{float64(i) / 10, int(math.Min(float64(i)*100, 500+50.004*float64(i)))})
	}
	return r
}

func (r *Report) addTrials() {
	clock := 0.0
	add := func(name string, rate, seconds float64, accepted, refused int, unfit string) {
		r.Trials = append(r.Trials, Trial{
			Name: name, Rate: rate, Began: math.Round(clock*10) / 10, Seconds: seconds, Sent: int(rate*seconds) + 40,
			Accepted: accepted, Refused: refused, Unfit: unfit, Passed: refused == 0 && unfit == "",
		})
		clock += seconds + 2
	}
	for rate := 8.0; rate < 1000; rate *= 2 {
		add("bracket", rate, 1.5, int(rate*1.5), 0, "")
	}
	add("bracket", 1024, 1.1, 1060, 1, "")
	add("plateau", 1500, 2, 1010, 1990, "")
	add("plateau", 1000, 12, 6000, 6000, "")
	add("plateau", 2000, 12, 6010, 17_990, "")
	add("probe", 2500, 1, 500, 1, "")
	for i := range 3 {
		if i == 1 {
			add("prove", 498.2, 8, 3700, 0, "97.1 % of the publishes were sent on time")
		}
		add("prove", 498.2, 8, 3986, 0, "")
		if i == 1 {
			last := &r.Trials[len(r.Trials)-1]
			last.Accepted, last.Refused, last.Excused = last.Accepted-2, 2, 2
		}
		add("prove", 501.7, 1.1+float64(i), int(501.7*(1.1+float64(i))), 1, "")
	}
	for _, share := range []float64{.8, .5, .95} {
		add("latency", 498.2*share, 8, int(498.2*share*8), 0, "")
	}
}

// addSeconds spreads the trials over seconds, behind a bucket.
func (r *Report) addSeconds(limit, burst int) {
	end := int(r.Trials[len(r.Trials)-1].Began + r.Trials[len(r.Trials)-1].Seconds)
	tokens := burst
	for second := range end + 1 {
		offered := 0
		for _, t := range r.Trials {
			if float64(second) >= t.Began && float64(second) < t.Began+t.Seconds {
				offered += int(t.Rate)
			}
		}
		tokens = min(burst, tokens) + limit
		accepted := min(offered, tokens)
		tokens -= accepted
		r.Seconds = append(r.Seconds, Second{
			At: second, Offered: offered, Accepted: accepted,
			Refused: offered - accepted,
		})
	}
}

// sampleSoft is a search that could not prove its result: eight servers share the limit.
func sampleSoft() *Report {
	r := sampleFind()
	r.Verdict, r.Limiter, r.Burst, r.CleanRate, r.FailingRate, r.PlateauRate = NotProved, "soft", nil, new(410.0),
		new(431.0), new(519.6)
	r.Reason = "refusals begin at 431/s, but 519.6/s are accepted in overload: the limit is spread over several " +
		"servers, or others use it, too"
	r.CleanBound, r.CleanSent, r.Expected, r.AsExpected = nil, 0, ">=500/s", new(false)
	r.LimiterConfidence, r.LimiterEvidence, r.BurstConfidence, r.BurstEvidence = "", nil, ConfidenceNone, nil
	r.Generator.Repeated, r.Generator.OnTime = 2, 0.9911
	r.Unit = "operations"
	r.Goals = []Goal{
		{
			Goal: 0.01, Verdict: NotProved, Reason: r.Reason, CleanRate: new(474.3), CleanBound: new(0.011),
			FailingRate: new(496.0),
		},
		{Goal: 0.1, Verdict: Proved, CleanRate: new(574.8), CleanBound: new(0.102), FailingRate: new(580.0)},
		{Goal: 0.2, Verdict: NotProved, Reason: "the cap on requests was reached (--max-requests)"},
	}
	r.Dimensions = []Dimension{
		{Name: "size", Value: "4096 bytes", Plateau: 130.2, Counts: true},
		{Name: "connections", Value: "8", Plateau: 518.1},
		{Name: "topics", Value: "16 topics", Unfit: "only 61.0 % of the publishes were sent in time"},
	}
	return r
}

// sampleRate is a rate test through the bridge.
func sampleRate() *Report {
	r := sampleFind()
	r.Test, r.Verdict, r.Reason, r.Limiter, r.Unit, r.Expected, r.AsExpected = Rate, "", "", "", "", "", nil
	r.CleanRate, r.CleanBound, r.CleanSent, r.FailingRate, r.PlateauRate, r.Burst, r.RejectionsCost = nil, nil, 0, nil,
		nil, nil, nil
	r.LimiterConfidence, r.LimiterEvidence, r.BurstConfidence, r.BurstEvidence = "", nil, "", nil
	r.Settings = Settings{Rate: 520, Shape: "poisson", MaxSeconds: 60, Seed: 7}
	r.Target.Via = "nats"
	r.Plateau, r.Seconds, r.Trials = nil, nil,
		[]Trial{{
			Name: Rate, Rate: 520, Seconds: 60, OfferedSeconds: 60, Sent: 31_209, Accepted: 30_480, Refused: 726,
			Failed:  3,
			NotSent: 1,
		}}
	random := rand.New(rand.NewPCG(4, 4))
	left := Second{Offered: 31_210, Accepted: 30_480, Refused: 726, Failed: 3}
	for second := range 60 { // The last takes what is left.
		n := 520 + int(23*random.NormFloat64())
		s := Second{second, n, min(n, 512), max(0, n-512), 0}
		if s.Refused = min(s.Refused, left.Refused); second == 59 {
			s = Second{second, left.Offered, left.Accepted, left.Refused, left.Failed}
		}
		s.Accepted = min(s.Accepted, left.Accepted)
		left.Offered, left.Accepted, left.Refused = left.Offered-s.Offered, left.Accepted-s.Accepted,
			left.Refused-s.Refused
		r.Seconds = append(r.Seconds, s)
	}
	accepted, refused := latency(1, 9000, 0.0056, 0.3, 520), latency(2, 726, 0.0011, 0.2, 0)
	service := latency(1, 9000, 0.0049, 0.2, 0)
	accepted.Service = &service
	r.Latency = map[string]Latency{"accepted": accepted, "refused": refused, "failed": {
		Count: 3, Min: new(1.2),
		Mean: new(3.4), Max: new(5.001),
	}}
	r.Delivery = &Delivery{
		Sent: 30_480, Delivered: 30_479, Lost: 1, Duplicates: 2, Reordered: 0,
		Latency: latency(3, 9000, 0.0102, 0.3, 0),
	}
	r.Refusals = []Refusal{{`{"message":"Too many requests"}`, 726}}
	r.Requests, r.DurationSeconds, r.Ended = 31_209, 61.2, started.Add(61*time.Second)
	return r
}
