package pipeline

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// paced drives a pacer for a while on virtual time as a greedy publisher that looks every step, and returns when each publish started.
func paced(limits Rate, length, step time.Duration, each func(p *pacer, now time.Time)) []time.Duration {
	began := time.Unix(0, 0)
	p := newPacer(limits, exact().Quota(), began)
	var starts []time.Duration
	for now := began; now.Sub(began) < length; {
		ok, at := p.take(now)
		if ok {
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
				checkWindows(t, starts, perSecond+float64(deriveBurst(perSecond)))
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

func TestRefusalCutsTheRateOnceASecond(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(Rate{Ceiling: 100}, exact().Quota(), now)
	for range 50 { // A volley that was sent at the same rate.
		p.slowDown(now, now, 0)
	}
	if p.rate != 80 {
		t.Errorf("rate %g after a volley of refusals, want 80", p.rate)
	}
	now = now.Add(2 * time.Second)
	p.slowDown(now, now, 0)
	if p.rate != 64 {
		t.Errorf("rate %g after the next refusal, want 64", p.rate)
	}
}

func TestRefusedRateRecoversButNeverAboveTheCeiling(t *testing.T) {
	refusals := 0
	var last float64
	starts := paced(Rate{Ceiling: 100}, 10*time.Minute, time.Millisecond, func(p *pacer, now time.Time) {
		if refusals++; refusals == 1 {
			p.slowDown(now, now, 0)
		}
		last = p.rate
	})
	if last != 100 {
		t.Errorf("rate %g at the end, want the ceiling", last)
	}
	checkWindows(t, starts, 102)
}

func TestLearnedRateStartsLowAndDoublesUntilRefused(t *testing.T) {
	quota := newPacer(Rate{Ceiling: 500, Burst: 500}, exact().Quota(), time.Unix(0, 0)) // The endpoint's own bucket.
	accepted, refused := 0, 0
	var atTen float64
	paced(Rate{Ceiling: math.Inf(1), Learn: true}, 2*time.Minute, time.Millisecond, func(p *pacer, now time.Time) {
		if since := now.Sub(time.Unix(0, 0)); since < time.Second && p.rate != FirstRate {
			t.Fatalf("rate %g in the first second", p.rate)
		} else if since > 10*time.Second && atTen == 0 {
			atTen = p.rate
		}
		if ok, _ := quota.take(now); ok {
			accepted++
			p.accepted()
			return
		}
		refused++
		p.slowDown(now, now, 0)
	})
	if atTen < 300 {
		t.Errorf("rate %g after 10 s, want near the quota of 500", atTen)
	}
	if share := float64(refused) / float64(accepted+refused); share > 0.01 {
		t.Errorf("%.2f %% refused", 100*share)
	}
	if used := float64(accepted) / (500*120 + 500); used < 0.8 {
		t.Errorf("%.0f %% of the quota used", 100*used)
	}
}

func TestUnlimitedPausesOnRefusal(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPacer(unlimited, exact().Quota(), now)
	if !p.slowDown(now, now, 3*time.Second) {
		t.Error("the first refusal is not reported as a change")
	}
	if ok, at := p.take(now); ok || at != now.Add(3*time.Second) {
		t.Errorf("take = %v %v, want to wait until retry-after has passed", ok, at)
	}
	if ok, _ := p.take(now.Add(3 * time.Second)); !ok || p.limited() {
		t.Error("a rate is in force after the pause")
	}
}
