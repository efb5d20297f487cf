package search

import "testing"

// publishes are sent on time at 500/s, and answered 0.2 ms later but for those that are late.
func publishes(late map[int]float64, refused ...int) []Event {
	var events []Event
	for i := range 100 {
		at := float64(i) / 500
		e := Event{At: at, Answered: at + 0.0002 + late[i]}
		for _, n := range refused {
			e.Refused = e.Refused || n == i
		}
		events = append(events, e)
	}
	return events
}

func TestRefusalAfterLatePublishesIsExcusedAsOftenAsTheyCost(t *testing.T) {
	t.Parallel()
	f := func(what string, burst float64, events []Event, want int) {
		t.Helper()
		x, got := NewExcuse(500, burst, 0), 0
		for _, e := range events {
			excused, _ := x.Take(e)
			got += excused
		}
		if got != want {
			t.Errorf("%s: %d are excused, want %d", what, got, want)
		}
	}
	f("nothing was late", 2, publishes(nil, 20, 40), 0)
	f("one was late by more than the burst forgives", 2, publishes(map[int]float64{10: 0.003}, 12), 1)
	f("it explains one refusal and no second one", 2, publishes(map[int]float64{10: 0.003}, 12, 14), 1)
	f("one that was late by three distances explains three", 2, publishes(map[int]float64{10: 0.006}, 13,
		14, 15, 16), 3)
	f("one was late, but not by that much", 2, publishes(map[int]float64{10: 0.0017}, 12), 0)
	f("it came after the refusal", 2, publishes(map[int]float64{30: 0.003}, 12), 0)
	f("a large burst forgives it", 50, publishes(map[int]float64{10: 0.09}, 12, 30), 0)
	f("without a burst nothing is forgiven", 1, publishes(nil, 20), 1)
}

// It is not lateness that an answer takes its time, as long as it takes that every time.
func TestTimeThatEachAnswerTakesExcusesNothing(t *testing.T) {
	t.Parallel()
	x := NewExcuse(500, 2, 0.05)
	for i := range 100 {
		at := float64(i) / 500
		if n, _ := x.Take(Event{At: at, Answered: at + 0.0505, Refused: i == 20 || i == 40}); n > 0 {
			t.Errorf("refusal %d is excused", i)
		}
	}
}

func TestSmallBurstIsProvedFarFromTheEndpoint(t *testing.T) {
	t.Parallel()
	proved := 0
	for seed := range uint64(seeds) {
		sim := newSimulation(gcra(500), seed)
		sim.latency, sim.jitter = 0.05, 0.0004
		cfg := Default()
		cfg.Flip = func() bool { return sim.rng.IntN(2) == 0 }
		r := Find(cfg, sim)
		if r.Clean > 500 || r.Proved && r.Failing < 500 {
			t.Errorf("seed %d: %+v", seed, summaryOf(r))
		}
		if r.Proved {
			proved++
		}
	}
	if proved < seeds*9/10 {
		t.Errorf("only %d of %d are proved", proved, seeds)
	}
}

// A limiter with a burst of two forgives two milliseconds at 500/s. A machine that others use is not that exact.
func TestSmallBurstIsProvedAlthoughPublishesArriveLate(t *testing.T) {
	t.Parallel()
	for _, stalls := range []float64{0, 0.0002, 0.001} {
		proved, clean := 0, 1.0
		for seed := range uint64(seeds) {
			sim := newSimulation(gcra(500), seed)
			sim.jitter, sim.stalls = 0.0004, stalls
			cfg := Default()
			cfg.Flip = func() bool { return sim.rng.IntN(2) == 0 }
			r := Find(cfg, sim)
			if r.Proved && (r.Clean > 500 || r.Failing < 500) || r.Clean > 500 {
				t.Errorf("stalls %v, seed %d: %+v", stalls, seed, summaryOf(r))
			}
			if clean = min(clean, r.Clean/500); r.Proved {
				proved++
			}
		}
		t.Logf("stalls %v: %d of %d proved, clean at least %.3f of the truth", stalls, proved, seeds, clean)
		if stalls < 0.0005 && proved < seeds*9/10 {
			t.Errorf("stalls %v: only %d of %d are proved", stalls, proved, seeds)
		}
	}
}
