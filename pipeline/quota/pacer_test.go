package quota_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/emulator"
	"momento-bridge/pipeline/quota"
)

// pauses are without jitter, so that times are exact.
func pauses() backoff.BackOff {
	return backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(0), backoff.WithMaxInterval(8*time.Second), backoff.WithMaxElapsedTime(0))
}

var unlimited = quota.Rate{Ceiling: math.Inf(1)}

// derivedBurst is the burst where none is set: a token, and what comes in 20 ms.
func derivedBurst(perSecond float64) float64 { return 1 + perSecond/50 }

// paced drives a pacer for a while on virtual time as a greedy publisher that looks every step, and returns when each
// publish started. Without a rate one starts in each step.
func paced(limits quota.Rate, length, step time.Duration, each func(p *quota.Pacer, now time.Time)) []time.Duration {
	began := time.Unix(0, 0)
	p := quota.NewPacer(limits, pauses(), began)
	var starts []time.Duration
	for now := began; now.Sub(began) < length; {
		at := p.Due(now, 1)
		if at.IsZero() {
			p.Pay(now, 1)
			starts = append(starts, now.Sub(began))
			if each != nil {
				each(p, now)
			}
			if !p.Limited() {
				now = now.Add(step)
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
	t.Parallel()
	for _, perSecond := range []float64{0.2, 1, 10, 333.3, 5000, 50_000} {
		for _, step := range []time.Duration{time.Nanosecond, time.Millisecond} {
			t.Run(fmt.Sprintf("rate=%g/step=%v", perSecond, step), func(t *testing.T) {
				length := max(5*time.Second, time.Duration(20/perSecond*float64(time.Second)))
				if step == time.Nanosecond {
					length = min(length, 100*time.Second)
				}
				starts := paced(quota.Rate{Ceiling: perSecond}, length, step, nil)
				want := perSecond * length.Seconds()
				if got := float64(len(starts)); math.Abs(got-want) > max(2, want/100) {
					t.Errorf("%g publishes, want %g ± 1 %%", got, want)
				}
				checkWindows(t, starts, perSecond+derivedBurst(perSecond))
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
	t.Parallel()
	now := time.Unix(0, 0)
	p := quota.NewPacer(quota.Rate{Ceiling: 100}, pauses(), now)
	cuts, rate := 0, p.Rate()
	for range 50 { // Sent at the same rate.
		p.Refused(now, quota.Refusal{Sent: now, Cost: 1})
		if p.Rate() < rate {
			cuts, rate = cuts+1, p.Rate()
		}
	}
	if cuts != 1 || rate < 20 {
		t.Errorf("%d cuts to %g after a volley of refusals, want one", cuts, rate)
	}
}

func TestRefusedRateRecoversButNeverAboveTheCeiling(t *testing.T) {
	t.Parallel()
	refusals := 0
	var last float64
	starts := paced(quota.Rate{Ceiling: 100}, time.Minute, time.Millisecond, func(p *quota.Pacer, now time.Time) {
		if refusals++; refusals == 1 {
			p.Refused(now, quota.Refusal{Sent: now, Cost: 1})
		} else {
			p.Accepted(now, 1)
		}
		last = p.Rate()
	})
	if last != 100 {
		t.Errorf("rate %g at the end, want the ceiling", last)
	}
	checkWindows(t, starts, 102)
}

func TestLearnedRateStartsLowAndDoubles(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	now := time.Unix(0, 0)
	p := quota.NewPacer(quota.Rate{Ceiling: 10}, pauses(), now)
	sent := 0
	for range 100_000 {
		if p.Due(now, 40).IsZero() {
			p.Pay(now, 40)
			sent++
		}
		now = now.Add(time.Millisecond)
	}
	if sent != 25 { // At once, and then every 4 seconds.
		t.Errorf("%d publishes of 40 in 100 s at 10/s, want 25", sent)
	}
}

func TestUnlimitedPausesOnRefusal(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	p := quota.NewPacer(unlimited, pauses(), now)
	if !p.Refused(now, quota.Refusal{Sent: now, Cost: 1, RetryAfter: 3 * time.Second}) {
		t.Error("the first refusal is not reported as a change")
	}
	if at := p.Due(now, 1); at != now.Add(3*time.Second) {
		t.Errorf("due at %v, want to wait until retry-after has passed", at)
	}
	if at := p.Due(now.Add(3*time.Second), 1); !at.IsZero() || p.Limited() {
		t.Error("a rate is in force after the pause")
	}
}

func TestRetryAfterIsNeverUndercut(t *testing.T) {
	t.Parallel()
	var until time.Time
	n := 0
	for _, limits := range []quota.Rate{unlimited, {Ceiling: 50}, learning} {
		paced(limits, 2*time.Minute, time.Millisecond, func(p *quota.Pacer, now time.Time) {
			if now.Before(until) {
				t.Fatalf("a publish started %v before the time", until.Sub(now))
			}
			if n++; n%20 == 0 {
				p.Refused(now, quota.Refusal{Sent: now, Cost: 1, RetryAfter: 3 * time.Second})
				until = now.Add(3 * time.Second)
				return
			}
			p.Accepted(now, 1)
		})
		until = time.Time{}
	}
}

func TestWaitThatIsAskedForIsKeptAndTeachesNothing(t *testing.T) {
	t.Parallel()
	for _, limits := range []quota.Rate{unlimited, {Ceiling: 50}, learning} {
		for _, wait := range []time.Duration{0, 3 * time.Second, 3 * quota.LongPause} {
			now := time.Unix(0, 0)
			p := quota.NewPacer(limits, pauses(), now)
			before := p.Rate()
			for range 20 {
				p.Asked(now, wait, "maintenance")
			}
			if at := p.Due(now, 1); wait > 0 && at != now.Add(wait) || wait == 0 && !at.IsZero() {
				t.Errorf("%+v: due at %v, want after %v", limits, at, wait)
			}
			if until, said := p.LongPause(now); until.IsZero() == (wait >= quota.LongPause) || said != "" && said != "maintenance" {
				t.Errorf("%+v: a wait of %v is told as one until %v, %q", limits, wait, until, said)
			}
			if p.Rate() != before {
				t.Errorf("%+v: the rate is %g after it, want %g", limits, p.Rate(), before)
			}
		}
	}
}

func TestNewLimitsKeepWhatWasLearned(t *testing.T) {
	t.Parallel()
	w := newWire(learning, emulator.Settings{Rate: 100}, 1)
	w.run(30 * time.Second)
	learned := w.pacer.Rate()
	w.pacer.SetRate(w.now, quota.Rate{Ceiling: 1000, Learn: true})
	if w.pacer.Rate() != learned {
		t.Errorf("rate %g, want what was learned: %g", w.pacer.Rate(), learned)
	}
	w.pacer.SetRate(w.now, quota.Rate{Ceiling: 20})
	if w.pacer.Rate() != 20 {
		t.Errorf("rate %g, want the new ceiling of 20", w.pacer.Rate())
	}
}

func TestPacingAllocatesNothing(t *testing.T) {
	now := time.Unix(0, 0)
	p := quota.NewPacer(learning, pauses(), now)
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Millisecond)
		if p.Due(now, 1).IsZero() {
			p.Pay(now, 1)
			p.Accepted(now, 1)
		}
	}); n != 0 {
		t.Errorf("%g allocations for a token, want none", n)
	}
}

// BenchmarkToken is what pacing costs a publish.
//
//	go test -run '^$' -bench BenchmarkToken -count 6 ./pipeline/quota
func BenchmarkToken(b *testing.B) {
	now := time.Unix(0, 0)
	p := quota.NewPacer(quota.Rate{Ceiling: 50_000}, pauses(), now)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(20 * time.Microsecond)
		if p.Due(now, 1).IsZero() {
			p.Pay(now, 1)
			p.Accepted(now, 1)
		}
	}
}

func TestCostCountsEachStartedKiBForEachSubscriber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		bytes, subscribers int
		want               float64
	}{
		{0, 0, 1}, {1, 0, 1}, {1024, 0, 1}, {1025, 0, 2}, {4096, 0, 4}, {100, 2, 3}, {1025, 2, 6},
	} {
		if got := quota.Cost(tt.bytes, tt.subscribers); got != tt.want {
			t.Errorf("%d bytes to %d subscribers cost %g, want %g", tt.bytes, tt.subscribers, got, tt.want)
		}
		if n := quota.Affordable(tt.want, tt.subscribers, 1); n < tt.bytes || quota.Cost(n, tt.subscribers) != tt.want {
			t.Errorf(
				"%g tokens pay for %d bytes to %d subscribers, want at least %d", tt.want, n, tt.subscribers, tt.bytes)
		}
	}
	if n := quota.Affordable(math.Inf(1), 0, 1); n < 1<<20 {
		t.Errorf("without a limit %d bytes can be paid for", n)
	}
	if n := quota.Affordable(-3, 1, 1500); n != 2048 {
		t.Errorf("a publish of 1500 bytes that must be sent may have %d, want all that it costs: 2048", n)
	}
}
