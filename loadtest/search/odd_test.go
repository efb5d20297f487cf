package search

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

// oddSeeds are few, as these searches are long.
var oddSeeds = min(seeds, long.Or(2, 4))

// odd is a limiter that is none of the emulator's.
type odd func(now time.Time) bool

func (o odd) Take(now time.Time, _ float64, _ uint64) bool { return o(now) }

func (odd) Charge(time.Time, float64, uint64) {}

// atRandom refuses a share of all publishes, however fast they come, besides what another limiter refuses.
func atRandom(share float64, besides emulator.Limiter, seed uint64) odd {
	rng := rand.New(rand.NewPCG(seed, 99))
	return func(now time.Time) bool {
		return rng.Float64() >= share && (besides == nil || besides.Take(now, 1, 0))
	}
}

func findOdd(seed uint64, limiter func(inner emulator.Limiter) emulator.Limiter, settings emulator.Settings) *Result {
	sim := newSimulation(settings, seed)
	sim.limiter = limiter(sim.limiter)
	cfg := Default()
	cfg.MaxRate = 4000
	cfg.Flip = func() bool { return sim.rng.IntN(2) == 0 }
	return Find(cfg, sim)
}

// What looks like refusals that use up quota, as nothing is accepted for so long, may be a window that is as long.
func TestLongWindowIsNotProvedWrongly(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{emulator.LimiterFixedWindow, emulator.LimiterSliding} {
		for _, seconds := range long.Or([]time.Duration{45, 60}, []time.Duration{30, 45, 60, 90, 120}) {
			for seed := range uint64(oddSeeds) {
				r := findOdd(seed, func(l emulator.Limiter) emulator.Limiter { return l },
					window(kind, seconds*time.Second)(500))
				if r.Proved && (r.Clean > 500 || r.Failing < 500) {
					t.Errorf("%s of %d s, seed %d: %+v", kind, seconds, seed, summaryOf(r))
				}
			}
		}
	}
}

// A limit that nothing came near to is none: what is refused at random says nothing of a rate.
func TestRefusalsAtRandomAreNoLimit(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{0.0005, 0.001, 0.002, 0.005} {
		for seed := range uint64(oddSeeds) {
			r := findOdd(seed, func(emulator.Limiter) emulator.Limiter { return atRandom(share, nil, seed) },
				emulator.Settings{})
			if r.Proved || r.KindConfidence == High && r.Kind != Soft {
				t.Errorf("%g, seed %d: %+v", share, seed, summaryOf(r))
			}
		}
	}
}

// Who is refused also at slow rates has no rate to be told, and no burst.
func TestWhereTheSlowestRateIsRefusedNoRateIsClean(t *testing.T) {
	t.Parallel()
	for seed := range uint64(oddSeeds) {
		r := findOdd(seed, func(l emulator.Limiter) emulator.Limiter { return atRandom(0.05, l, seed) }, bucket(1)(500))
		if !strings.Contains(r.Reason, errAlways.Error()) {
			t.Fatalf("seed %d: %+v", seed, summaryOf(r))
		}
		if r.Clean != 0 || r.Failing > 100 || r.Kind == Bucket {
			t.Errorf("seed %d: %+v", seed, summaryOf(r))
		}
	}
}

// A trial that takes longer than what is left of the time shows nothing.
func TestWhereAllIsRefusedNoTrialIsBegunThatCannotEnd(t *testing.T) {
	t.Parallel()
	sim := newSimulation(bucket(1)(50), 1)
	sim.limiter = atRandom(0.5, sim.limiter, 1)
	cfg := Default()
	cfg.Progress = func(step Step) {
		if step.Name == "narrow" && step.Seconds > cfg.MaxSeconds {
			t.Errorf("a trial of %.0f s is begun, all may take %.0f s", step.Seconds, cfg.MaxSeconds)
		}
	}
	if r := Find(cfg, sim); r.Err == nil || r.Proved {
		t.Errorf("%+v", summaryOf(r))
	}
}

// Nothing but a proof tells a long window from refusals that use up quota.
func TestALongWindowIsNotSaidToCountRefusals(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{emulator.LimiterFixedWindow, emulator.LimiterSlidingPenalty} {
		sim := newSimulation(window(kind, time.Minute)(10), 1)
		cfg := Default()
		cfg.MaxSeconds = 200
		r := Find(cfg, sim)
		if r.Proved || r.Overload || r.Kind != Unknown || r.KindConfidence != None {
			t.Errorf("%s: %+v", kind, summaryOf(r))
		}
	}
}

// What is refused while a second limit is used up, which looks back over a minute, shows nothing of the rate.
func TestASecondLimitThatIsUsedUpMakesNoRateFail(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{emulator.LimiterFixedWindow, emulator.LimiterSliding} {
		for seed := range uint64(oddSeeds) {
			minute := newSimulation(window(kind, time.Minute)(5), seed).limiter // 300 in each.
			r := findOdd(seed, func(l emulator.Limiter) emulator.Limiter { return besides{l, minute} },
				bucket(1)(10))
			if r.Proved && (r.Clean > 5 || r.Failing < 5) || r.Failing < 4 {
				t.Errorf("%s, seed %d: %+v", kind, seed, summaryOf(r))
			}
		}
	}
}

// besides are two limits at once. What the second one refuses has used up the first one.
type besides struct{ first, second emulator.Limiter }

func (b besides) Take(now time.Time, cost float64, connection uint64) bool {
	return b.first.Take(now, cost, connection) && b.second.Take(now, cost, connection)
}

func (besides) Charge(time.Time, float64, uint64) {}

// A proxy that delays what exceeds its rate answers so late that refusals may be excused: then no more is held than
// what was accepted.
func TestARateThatIsHeldByExcusesAloneIsNotCalledClean(t *testing.T) {
	t.Parallel()
	for _, most := range []float64{51, 60, 1000} {
		r := find(func(c *Config) { c.MaxRate = 400 }, bucket(1)(50), func(_ int, t *Trial) {
			o := t.last()
			if p := o.Phase; p.excuses() && p.Rate > 50 && p.Rate < most {
				o.Took, o.Accepted, o.Excused = p.Seconds, int(50*p.Seconds), int((p.Rate-50)*p.Seconds)
				o.Refused = o.Excused
			}
		})
		if !r.Proved && (strings.Contains(r.Reason, quieter) || !strings.Contains(r.Reason, "answers took") ||
			r.Repeated > 0) {
			t.Errorf("not the endpoint is blamed, but the machine, %d times: %s", r.Repeated, r.Reason)
		}
		if r.Clean > 50.05 || r.Proved && r.Failing < 50 {
			t.Errorf("%+v", summaryOf(r))
		}
	}
}
