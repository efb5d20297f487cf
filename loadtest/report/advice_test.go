package report

import (
	"strings"
	"testing"
)

// What is proved becomes a number; everything else is left to the daemon, which goes by refusals.
func TestAdviceIsANumberWhereTheLimitIsProvedAndAutoElsewhere(t *testing.T) {
	const auto = "limits: rate: auto"
	proved := func(change func(*Report)) func(*Report) { return change }
	unproved := func(change func(*Report)) func(*Report) {
		return func(r *Report) { r.Verdict = NotProved; change(r) }
	}
	for name, c := range map[string]struct {
		change    func(*Report)
		want, why string
	}{
		"a bucket": {proved(func(*Report) {}), "limits: rate: 488 burst: 450", "2 % below the clean rate"},
		"a bucket of a minute": {
			proved(func(r *Report) { r.Burst = new(30_000.0) }), "limits: rate: 488 burst: 488",
			"a second's worth",
		},
		"a bucket without a burst": {
			proved(func(r *Report) { r.Burst = new(1.0) }), "limits: rate: 488 burst: 1", "",
		},
		"a burst that is not known": {
			proved(func(r *Report) { r.Burst = nil }), "limits: rate: 488 burst: 1", "not known",
		},
		"a burst that is not sure": {
			proved(func(r *Report) { r.BurstConfidence = ConfidenceLow }), "limits: rate: 488 burst: 1", "not known",
		},
		"a window of 10 s": {
			proved(func(r *Report) { r.Limiter, r.WindowSeconds = "fixed-window", new(10.0) }),
			"limits: rate: 488 burst: 99", "leaves of a window",
		},
		"a window that slides": {
			proved(func(r *Report) { r.Limiter, r.WindowSeconds = "sliding", new(1.0) }),
			"limits: rate: 488 burst: 9", "leaves of a window",
		},
		"a slow bucket": {proved(func(r *Report) {
			r.CleanRate, r.FailingRate, r.Burst = new(9.96), new(10.04), new(10.0)
		}), "limits: rate: 9.76 burst: 9", ""},
		"a limit that counts kilobytes": {proved(func(r *Report) {
			r.Dimensions = []Dimension{{Name: "size", Value: "4096 bytes", Plateau: 125, Counts: true}}
			r.Target.Bytes = 1500
		}), "limits: unit: operations rate: 976 burst: 900", "each publish of the test was 2"},
		"nothing proved":         {unproved(func(*Report) {}), auto, "nothing is proved"},
		"soft":                   {unproved(func(r *Report) { r.Limiter = "soft" }), auto, "the limit is soft"},
		"shared":                 {unproved(func(r *Report) { r.Limiter = "shared" }), auto, "the limit is shared"},
		"passed on the way up":   {unproved(func(r *Report) { r.PlateauRate, r.CleanSent = nil, 0 }), auto, "a burst"},
		"nothing was refused":    {unproved(func(r *Report) { r.FailingRate = nil }), auto, "no limit was found"},
		"even that was refused":  {unproved(func(r *Report) { r.CleanRate = nil }), auto, "nothing is proved"},
		"interrupted, not known": {unproved(func(r *Report) { r.Interrupted = true }), auto, "nothing is proved"},
	} {
		r := sampleFind()
		c.change(r)
		got := tidy(r).Advice()
		if text := strings.Join(strings.Fields(strings.Join(got.Lines, " ")), " "); text != c.want ||
			!strings.Contains(got.Why, c.why) || got.Why == "" {
			t.Errorf("%s: %s (%s), want %s (%s)", name, text, got.Why, c.want, c.why)
		}
	}
	if got := sampleRate().Advice(); len(got.Lines) > 0 {
		t.Errorf("a rate test knows no limit, and advises %q", got.Lines)
	}
}
