package pipeline

import (
	"fmt"
	"math"
	"testing"
	"time"

	"momento-bridge/emulator"
)

// paced drives a pacer for a while on virtual time as a greedy publisher that looks every step, and returns when each publish started.
func paced(limits Rate, length, step time.Duration, each func(p *pacer, now time.Time)) []time.Duration {
	began := time.Unix(0, 0)
	p := newPacer(limits, exact().Quota(), began)
	var starts []time.Duration
	for now := began; now.Sub(began) < length; {
		at := p.due(now, 1)
		if at.IsZero() {
			p.pay(now, 1)
			starts = append(starts, now.Sub(began))
			if each != nil {
				each(p, now)
			}
			continue
		}
		now = at.Truncate(step)
		if now.Before(at) {
			now = now.Add(step)
		}
	}
	return starts
}

func TestPacerHoldsTheRate(t *testing.T) {
	for _, perSecond := range []float64{0.2, 1, 10, 333.3, 5000, 50_000} {
		for _, step := range []time.Duration{time.Nanosecond, time.Millisecond} {
			t.Run(fmt.Sprintf("rate=%g/step=%v", perSecond, step), func(t *testing.T) {
				length := max(5*time.Second, time.Duration(20/perSecond*float64(time.Second)))
				if step == time.Nanosecond {
					length = min(length, 100*time.Second)
				}
				starts := paced(Rate{Ceiling: perSecond}, length, step, nil)
				want := perSecond * length.Seconds()
				if got := float64(len(starts)); math.Abs(got-want) > max(2, want/100) {
					t.Errorf("%g publishes, want %g ± 1 %%", got, want)
				}
				checkWindows(t, starts, perSecond+deriveBurst(perSecond))
			})
		}
	}
}

// checkWindows fails if any second has more starts than most.
func checkWindows(t *testing.T, starts []time.Duration, most float64) {
	t.Helper()
	first := 0
	for i, start := range starts {
		for starts[first] <= start-time.Second {
			first++
		}
		if got := i - first + 1; float64(got) > most+1e-9 && got > 1 {
			t.Fatalf("%d starts in the second before %v, want at most %g", got, start, most)
		}
	}
}

func TestAVolleyOfRefusalsCutsTheRateOnce(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(Rate{Ceiling: 100}, exact().Quota(), now)
	for range 50 { // Sent at the same rate.
		p.refused(now, now, 1, 0)
	}
	if p.learner.rate != 50 {
		t.Errorf("rate %g after a volley of refusals, want 50", p.learner.rate)
	}
}

func TestRefusedRateRecoversButNeverAboveTheCeiling(t *testing.T) {
	refusals := 0
	var last float64
	starts := paced(Rate{Ceiling: 100}, time.Minute, time.Millisecond, func(p *pacer, now time.Time) {
		if refusals++; refusals == 1 {
			p.refused(now, now, 1, 0)
		} else {
			p.accepted(now, 1)
		}
		last = p.learner.rate
	})
	if last != 100 {
		t.Errorf("rate %g at the end, want the ceiling", last)
	}
	checkWindows(t, starts, 102)
}

func TestLearnedRateStartsLowAndDoubles(t *testing.T) {
	var starts []int
	for _, at := range paced(learning, 5*time.Second, time.Millisecond, nil) {
		for len(starts) <= int(at/time.Second) {
			starts = append(starts, 0)
		}
		starts[int(at/time.Second)]++
	}
	for i, want := range []float64{14, 29, 58, 115, 231} { // The integral of 10·2^t.
		if got := float64(starts[i]); math.Abs(got-want) > 1+want/20 {
			t.Errorf("%g starts in second %d, want about %g: %v", got, i, want, starts)
		}
	}
}

func TestCostAboveTheBurstIsSentAndPaidFor(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(Rate{Ceiling: 10}, exact().Quota(), now)
	sent := 0
	for range 100_000 {
		if p.due(now, 40).IsZero() {
			p.pay(now, 40)
			sent++
		}
		now = now.Add(time.Millisecond)
	}
	if sent != 25 { // At once, and then every 4 seconds.
		t.Errorf("%d publishes of 40 in 100 s at 10/s, want 25", sent)
	}
}

func TestUnlimitedPausesOnRefusal(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(unlimited, exact().Quota(), now)
	if !p.refused(now, now, 1, 3*time.Second) {
		t.Error("the first refusal is not reported as a change")
	}
	if at := p.due(now, 1); at != now.Add(3*time.Second) {
		t.Errorf("due at %v, want to wait until retry-after has passed", at)
	}
	if at := p.due(now.Add(3*time.Second), 1); !at.IsZero() || p.bucket.limited() {
		t.Error("a rate is in force after the pause")
	}
}

func TestRetryAfterIsNeverUndercut(t *testing.T) {
	var until time.Time
	n := 0
	for _, limits := range []Rate{unlimited, {Ceiling: 50}, learning} {
		paced(limits, 2*time.Minute, time.Millisecond, func(p *pacer, now time.Time) {
			if now.Before(until) {
				t.Fatalf("a publish started %v before the time", until.Sub(now))
			}
			if n++; n%20 == 0 {
				p.refused(now, now, 1, 3*time.Second)
				until = now.Add(3 * time.Second)
				return
			}
			p.accepted(now, 1)
			if math.IsInf(limits.Ceiling, 1) && !limits.Learn {
				p.pause(now, time.Millisecond) // As fast as it likes, but not infinitely.
			}
		})
		until = time.Time{}
	}
}

func TestNewLimitsKeepWhatWasLearned(t *testing.T) {
	w := newWire(learning, emulator.Settings{Rate: 100}, 1)
	w.run(30 * time.Second)
	learned := w.pacer.learner.rate
	w.pacer.limit(w.now, Rate{Ceiling: 1000, Learn: true})
	if w.pacer.learner.rate != learned {
		t.Errorf("rate %g, want what was learned: %g", w.pacer.learner.rate, learned)
	}
	w.pacer.limit(w.now, Rate{Ceiling: 20})
	if w.pacer.learner.rate != 20 {
		t.Errorf("rate %g, want the new ceiling of 20", w.pacer.learner.rate)
	}
}

func TestPacingAllocatesNothing(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(learning, exact().Quota(), now)
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Millisecond)
		if p.due(now, 1).IsZero() {
			p.pay(now, 1)
			p.accepted(now, 1)
		}
	}); n != 0 {
		t.Errorf("%g allocations for a token, want none", n)
	}
}

// BenchmarkToken is what pacing costs a publish.
//
//	go test -run '^$' -bench BenchmarkToken -count 6 ./pipeline
func BenchmarkToken(b *testing.B) {
	now := time.Unix(0, 0)
	p := newPacer(Rate{Ceiling: 50_000}, exact().Quota(), now)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(20 * time.Microsecond)
		if p.due(now, 1).IsZero() {
			p.pay(now, 1)
			p.accepted(now, 1)
		}
	}
}
