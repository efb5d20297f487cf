package search

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

func bucket(seconds float64) func(float64) emulator.Settings {
	return func(rate float64) emulator.Settings { return emulator.Settings{Rate: rate, Burst: seconds * rate} }
}

func window(kind string, d time.Duration) func(float64) emulator.Settings {
	return func(rate float64) emulator.Settings { return emulator.Settings{Rate: rate, Limiter: kind, Window: d} }
}

func gcra(rate float64) emulator.Settings {
	return emulator.Settings{Rate: rate, Burst: 2, Limiter: emulator.LimiterGCRA}
}

func sharded(rate float64) emulator.Settings {
	return emulator.Settings{Rate: rate, Burst: rate, Limiter: emulator.LimiterSharded}
}

func shared(rate float64) emulator.Settings {
	return emulator.Settings{Rate: rate, Burst: rate, Background: 0.2}
}

// sharp are the limiters with one limit.
var sharp = []struct {
	name string
	make func(rate float64) emulator.Settings
	kind Kind // That the search is to find.
	dear bool
}{
	{"bucket with 1 s burst", bucket(1), Bucket, false},
	{"bucket with 60 s burst", bucket(60), Bucket, false},
	{"gcra", gcra, Bucket, false},
	{"fixed window of 1 s", window(emulator.LimiterFixedWindow, time.Second), FixedWindow, false},
	{"fixed window of 10 s", window(emulator.LimiterFixedWindow, 10*time.Second), FixedWindow, false},
	{"sliding window of 1 s", window(emulator.LimiterSliding, time.Second), Sliding, false},
	{"sliding window of 1 s that counts refusals", window(emulator.LimiterSlidingPenalty, time.Second), Sliding, true},
}

// rates are slow limits and, in the long form, a fast one: it costs as much as all others.
func rates(slow ...float64) []float64 { return long.Or(slow, append(slices.Clone(slow), 7300)) }

// each runs a search for every seed, several at a time.
func each(settings emulator.Settings, change func(*Config), found func(*simulation, *Result)) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for seed := range uint64(seeds) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			sim := newSimulation(settings, seed)
			cfg := Default()
			cfg.MaxRate, cfg.MaxRequests = 1e6, 1e8
			cfg.Flip = func() bool { return sim.rng.IntN(2) == 0 }
			change(&cfg)
			r := Find(cfg, sim)
			mu.Lock()
			defer mu.Unlock()
			found(sim, r)
		})
	}
	wg.Wait()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func TestSharpLimitIsInsideTheProvedBracket(t *testing.T) {
	t.Parallel()
	for _, rate := range rates(10, 500) {
		for _, l := range sharp {
			t.Run(fmt.Sprintf("%s at %g", l.name, rate), func(t *testing.T) {
				var widths, requests, times []float64
				each(l.make(rate), func(*Config) {}, func(sim *simulation, r *Result) {
					if !r.Proved || r.Clean > rate || r.Failing < rate || r.Kind != l.kind || r.Dear != l.dear ||
						r.Err != nil {
						t.Errorf("%+v", summaryOf(r))
					}
					if r.Requests != sim.sent {
						t.Errorf("%d requests are reported, %d were sent", r.Requests, sim.sent)
					}
					widths, requests, times = append(widths, (r.Failing-r.Clean)/rate),
						append(requests, float64(r.Requests)), append(times, r.Seconds)
				})
				if w := median(widths); w > 0.01 {
					t.Errorf("the median width is %.2f %%", 100*w)
				}
				if rate == 10 && (slices.Max(requests) > 25_000 || slices.Max(times) > 720) {
					t.Errorf("it took up to %.0f requests and %.0f s", slices.Max(requests), slices.Max(times))
				}
				t.Logf("median width %.2f %%, %.0f requests, %.0f s; at the most %.0f and %.0f s", 100*median(widths),
					median(requests), median(times), slices.Max(requests), slices.Max(times))
			})
		}
	}
}

// A rate that is just too fast shows itself only after many publishes.
func TestSlowLimitsAndNarrowWidthsAreNotProvedWrongly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, width float64 }{{1, 0.01}, {2, 0.01}, {10, 0.005}, {10, 0.002}, {50, 0.002}} {
		for _, l := range sharp {
			proved := 0
			each(l.make(c.rate), func(cfg *Config) { cfg.Width = c.width }, func(_ *simulation, r *Result) {
				if r.Proved && (r.Clean > c.rate || r.Failing < c.rate) {
					t.Errorf("%s at %g, width %g: %+v", l.name, c.rate, c.width, summaryOf(r))
				}
				if r.Proved {
					proved++
				}
			})
			if proved < seeds*9/10 && c.rate > 1 { // A window of one publish cannot be told from a bucket, and is none.
				t.Errorf("%s at %g, width %g: only %d of %d are proved", l.name, c.rate, c.width, proved, seeds)
			}
		}
	}
}

func TestLimitOfSeveralServersIsNotProvedButItsPlateauIsRight(t *testing.T) {
	t.Parallel()
	for _, rate := range rates(10, 500) {
		var low, high float64
		each(sharded(rate), func(*Config) {}, func(_ *simulation, r *Result) {
			low, high = min(low, r.Plateau/rate-1), max(high, r.Plateau/rate-1)
			if off := r.Plateau/rate - 1; off < -0.03 || off > 0.03 {
				t.Errorf("at %g: the plateau is off by %.1f %%: %+v", rate, 100*off, summaryOf(r))
			}
			if r.Proved && (r.Clean > rate || r.Failing < rate) {
				t.Errorf("at %g: a wrong proof: %+v", rate, summaryOf(r))
			}
		})
		t.Logf("at %g: the plateau is from %+.2f to %+.2f %%", rate, 100*low, 100*high)
	}
}

// A connection usually stays with one server, and the servers do not get as many each.
func TestPlateauIsRightWhereConnectionsStayWithTheirServers(t *testing.T) {
	t.Parallel()
	for _, rate := range long.Or([]float64{50}, []float64{50, 500}) {
		var furthest float64
		for seed := range uint64(seeds) {
			sim := newSimulation(sharded(rate), seed)
			for range 64 {
				sim.fixed = append(sim.fixed, sim.rng.Uint64())
			}
			cfg := Default()
			cfg.MaxRate, cfg.MaxRequests = 1e6, 1e8
			r := Find(cfg, sim)
			off := r.Plateau/rate - 1
			furthest = max(furthest, off, -off)
			if off < -0.03 || off > 0.03 || r.Proved && (r.Clean > rate || r.Failing < rate) {
				t.Errorf("at %g, seed %d: the plateau is off by %.1f %%: %+v", rate, seed, 100*off, summaryOf(r))
			}
		}
		t.Logf("at %g: off by %.2f %% at the most", rate, 100*furthest)
	}
}

func TestQuotaThatOthersUseIsNeverProvedTooHigh(t *testing.T) {
	t.Parallel()
	for _, rate := range rates(10, 500) {
		each(shared(rate), func(*Config) {}, func(_ *simulation, r *Result) {
			if left := 0.8 * rate; r.Proved && r.Clean > 1.01*left {
				t.Errorf("at %g: %+v", rate, summaryOf(r))
			}
		})
	}
}

// Whoever asks without overload leaves the others what is theirs.
func TestWithoutOverloadOthersAreHardlyRefused(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{10, 50, 500} {
		var shares []float64
		each(shared(rate), func(c *Config) { c.Gentle = true }, func(sim *simulation, r *Result) {
			others := emulator.OthersOf(sim.limiter)
			shares = append(shares, float64(others.Refused)/float64(others.Accepted+others.Refused))
			if r.Proved || r.Clean > rate {
				t.Errorf("at %g: %+v", rate, summaryOf(r))
			}
		})
		t.Logf("at %g: median %.2f %%, at the most %.2f %% of the others were refused", rate, 100*median(shares),
			100*slices.Max(shares))
		if slices.Max(shares) > 0.02 {
			t.Errorf("at %g: up to %.2f %% of the others were refused", rate, 100*slices.Max(shares))
		}
	}
}

func summaryOf(r *Result) Result {
	short := *r
	short.Trials, short.Overloaded = nil, nil
	return short
}

// A second limit over minutes may refuse what was held for seconds.
func TestAProofSaysForHowLongTheCleanRateWasHeld(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]string{
		500: "3 of 3 trials at the clean rate, each of 8 s or more, had no refusal, 3 of 3 at the failing rate had",
		10:  "3 of 3 trials at the clean rate, each of 40 s or more, had no refusal, 3 of 3 at the failing rate had",
	} {
		if r := Find(Default(), newSimulation(bucket(1)(rate), 1)); r.Reason != want {
			t.Errorf("%g/s: %q", rate, r.Reason)
		}
	}
}

// What goes on after a refusal is the second in which a rate settles.
func TestWithoutOverloadATrialGoesOnForASecondAfterARefusal(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{10, 500} {
		sim := newSimulation(shared(rate), 1)
		cfg := Default()
		cfg.Gentle = true
		Find(cfg, &disturbed{simulation: sim, disturb: func(_ int, trial *Trial) {
			for i, o := range trial.Phases {
				settling := i == 1
				if !settling && o.Refused > 1 || settling && o.Phase.Seconds > max(1, 4/o.Phase.Rate) {
					t.Errorf("at %g: phase %d: %+v", rate, i, o)
				}
			}
		}})
	}
}
