package search

import (
	"errors"
	"strings"
	"testing"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/figure"
	"momento-bridge/test/long"
)

// disturbed is a simulation whose trials may go wrong.
type disturbed struct {
	*simulation
	disturb func(n int, t *Trial)
	trials  int
}

func (d *disturbed) Run(most Cap, phases ...Phase) Trial {
	t := d.simulation.Run(most, phases...)
	d.trials++
	d.disturb(d.trials, &t)
	return t
}

func find(change func(*Config), settings emulator.Settings, disturb func(int, *Trial)) *Result {
	cfg := Default()
	change(&cfg)
	return Find(cfg, &disturbed{simulation: newSimulation(settings, 1), disturb: disturb})
}

// The second level of overload is the sixth trial or a later one; in one of them the machine stands still for half of
// the time.
func TestLevelThatTheMachineHasSlowedDownDoesNotLookLikeRefusalsThatUseUpQuota(t *testing.T) {
	t.Parallel()
	for slow := range 16 {
		r := find(func(*Config) {}, bucket(1)(500), func(n int, t *Trial) {
			if events := t.last().Events; n == slow && len(events) > 1000 {
				for i := range events {
					events[i].At += events[i].At - events[0].At
				}
			}
		})
		if r.Dear || r.Kind != Bucket || r.Proved && (r.Clean > 500 || r.Failing < 500) {
			t.Errorf("trial %d: %+v", slow, summaryOf(r))
		}
	}
}

func TestEndsSayWhyNothingIsProved(t *testing.T) {
	t.Parallel()
	nothing, unchanged := func(int, *Trial) {}, func(*Config) {}
	f := func(want string, r *Result) {
		t.Helper()
		if r.Proved || !strings.Contains(r.Reason, want) {
			t.Errorf("proved %v: %q, want %q", r.Proved, r.Reason, want)
		}
	}
	limit := bucket(1)(500)
	f("--max-requests", find(func(c *Config) { c.MaxRequests = 2000 }, limit, nothing))
	f("--max-duration", find(func(c *Config) { c.MaxSeconds = 20 }, limit, nothing))
	f("the limit is above 300/s", find(func(c *Config) { c.MaxRate = 300 }, limit, nothing))
	f("the limit is above "+figure.Rate(10_000)+"", find(unchanged, emulator.Settings{}, nothing))
	f("even the slowest", find(unchanged, bucket(1)(0.01), nothing))
	f("the key is refused", find(unchanged, limit, func(n int, t *Trial) {
		if n == 3 {
			t.Fatal = errors.New("the key is refused (401)")
		}
	}))
	f("irregular: the generator was not fit for a trial, however often it was repeated: late",
		find(unchanged, limit, func(n int, t *Trial) {
			if n > 10 {
				t.Unfit, t.OnTime = "late", 0.7
			}
		}))
}

// A burst lets rates pass in the bracket that are far above the limit.
func TestEstimateIsBelowWhatIsAcceptedInOverload(t *testing.T) {
	t.Parallel()
	for _, l := range sharp {
		for _, change := range []func(*Config){
			func(c *Config) { c.Estimate = true },
			func(c *Config) { c.MaxSeconds = 60 },
		} {
			r := find(change, l.make(40), func(int, *Trial) {})
			if r.Proved || r.Overload && (r.Clean > 1.01*40 || r.Clean < 0.45*40 || r.Failing < 0.99*40) {
				t.Errorf("%s: %+v", l.name, summaryOf(r))
			}
		}
	}
}

func TestUnfitTrialIsRepeated(t *testing.T) {
	t.Parallel()
	r := find(func(*Config) {}, bucket(1)(500), func(n int, t *Trial) {
		if n%3 == 0 { // As if what it says were wrong, too.
			t.Unfit, t.OnTime = "late", 0.7
			t.last().Refused = 0
		}
	})
	if !r.Proved || r.Clean > 500 || r.Failing < 500 {
		t.Errorf("%+v", summaryOf(r))
	}
	unfit := 0
	for _, trial := range r.Trials {
		if trial.Unfit != "" {
			unfit++
		}
	}
	if unfit == 0 {
		t.Error("the trials that were not fit are not reported")
	}
	if r.Repeated != unfit {
		t.Errorf("%d trials are reported as repeated, it were %d", r.Repeated, unfit)
	}
}

// An overload that was sent somewhat unevenly is an overload.
func TestTrialThatExploresCountsAlsoIfItIsNotQuiteFit(t *testing.T) {
	t.Parallel()
	r := find(func(*Config) {}, bucket(1)(500), func(_ int, t *Trial) {
		if t.last().Phase.Loose {
			t.Unfit, t.OnTime = "late", 0.97
		}
	})
	if !r.Proved || r.Repeated != 0 {
		t.Errorf("%+v", summaryOf(r))
	}
	for _, trial := range r.Trials {
		if trial.Unfit != "" {
			t.Errorf("%+v is reported as one that does not count", trial)
		}
	}
}

func TestCapsAreKept(t *testing.T) {
	t.Parallel()
	for _, requests := range []int{500, 5000, 20_000} {
		sim := newSimulation(bucket(60)(500), 1)
		cfg := Default()
		cfg.MaxRequests = requests
		r := Find(cfg, sim)
		if sim.sent > requests || r.Requests != sim.sent {
			t.Errorf("%d requests were sent with a cap of %d", sim.sent, requests)
		}
	}
	sim := newSimulation(bucket(1)(5000), 1)
	cfg := Default()
	cfg.MaxRate = 6000
	if r := Find(cfg, sim); !r.Proved {
		t.Errorf("with little room for overload: %+v", summaryOf(r))
	}
}

func TestGreatestRateIsNeverExceeded(t *testing.T) {
	t.Parallel()
	for _, most := range []float64{30.05, 31, 33, 40, 60} {
		for _, gentle := range []bool{false, true} {
			for _, l := range sharp {
				r := find(func(c *Config) { c.MaxRate, c.Width, c.Gentle = most, 0.2, gentle }, l.make(30),
					func(int, *Trial) {})
				for _, trial := range r.Trials {
					if trial.Rate > most {
						t.Errorf("%s: a trial at %g/s with a cap of %g/s: %+v", l.name, trial.Rate, most, trial)
					}
				}
				if r.Proved && (r.Clean > 30 || r.Failing < 30 || r.Failing > most) {
					t.Errorf("%s, cap %g: %+v", l.name, most, summaryOf(r))
				}
			}
		}
	}
}

// A burst that is sent no faster than its tokens come shows nothing.
func TestBurstIsNotSmallBecauseItCannotBeSentFast(t *testing.T) {
	t.Parallel()
	for _, most := range []float64{31, 40, 60} {
		if r := find(func(c *Config) { c.MaxRate = most }, bucket(1)(30), func(int, *Trial) {}); r.Burst != 0 &&
			(r.Burst < 24 || r.Burst > 36) {
			t.Errorf("cap %g: the burst is %g: %+v", most, r.Burst, summaryOf(r))
		}
	}
}

func TestPausesAreWithinTheCapOnTime(t *testing.T) {
	t.Parallel()
	for seconds := 5.0; seconds < 150; seconds += long.Or(12.0, 4) {
		for _, l := range sharp {
			sim := newSimulation(l.make(20), 1)
			cfg := Default()
			cfg.Start, cfg.MaxSeconds = 200, seconds
			began := sim.now
			r := Find(cfg, sim)
			if took := sim.now - began; r.Err != nil && took > seconds+0.5 {
				t.Errorf("%s: it took %v s with a cap of %v", l.name, took, seconds)
			}
		}
	}
}

// A tester that was stopped by a cap before it sent the last publish has not held the rate.
func TestTrialThatACapHasEndedShowsNothing(t *testing.T) {
	t.Parallel()
	for n := 1; n < 30; n += long.Or(3, 1) {
		r := find(func(*Config) {}, bucket(1)(500), func(i int, t *Trial) {
			if i == n {
				t.Capped = ErrTime
			}
		})
		if trials := len(r.Trials); trials == n && (r.Proved || !errors.Is(r.Err, ErrTime) || r.Trials[n-1].Passed ||
			r.Trials[n-1].Unfit == "") {
			t.Errorf("trial %d: %+v, %+v", n, summaryOf(r), r.Trials[n-1])
		}
	}
}

func TestSmallShareOfRefusalsMayBeTheGoal(t *testing.T) {
	t.Parallel()
	r := find(func(c *Config) { c.Goal = 0.01 }, bucket(1)(500), func(int, *Trial) {})
	if !r.Proved || r.Clean < 500 || r.Clean > 510 {
		t.Errorf("with one percent allowed: %+v", summaryOf(r))
	}
}

// On a network publishes do not arrive as evenly as they were sent.
func TestJitterLeadsToNoWrongProof(t *testing.T) {
	t.Parallel()
	proofs, n := 0, long.Or(3, 10)
	for _, l := range sharp {
		for seed := range uint64(n) {
			sim := newSimulation(l.make(500), seed)
			sim.jitter = 0.004
			r := Find(Default(), sim)
			if r.Proved && (r.Clean > 500 || r.Failing < 500*(1-beside)) {
				t.Errorf("%s, seed %d: %+v", l.name, seed, summaryOf(r))
			}
			if r.Proved {
				proofs++
			}
		}
	}
	t.Logf("%d of %d proved", proofs, n*len(sharp))
	if proofs < 4*n {
		t.Errorf("only %d of %d were proved", proofs, n*len(sharp))
	}
}

// Each says what to change, and blames nobody else.
func TestEndsSayWhatToChange(t *testing.T) {
	t.Parallel()
	r := find(func(c *Config) { c.MaxRate, c.Slow = 300, true }, bucket(1)(500), func(int, *Trial) {})
	if r.Proved || !strings.Contains(r.Reason, quieter) || strings.Contains(r.Reason, "--max-rate") {
		t.Errorf("the machine is too slow: %q", r.Reason)
	}
	for _, from := range []int{0, 12} {
		r = find(func(*Config) {}, bucket(1)(500), func(n int, t *Trial) {
			if n > from {
				t.Unfit, t.Foreign = "9 of 400 publishes failed otherwise than for quota", true
			}
		})
		if r.Proved || !strings.Contains(r.Reason, "9 of 400 publishes failed") ||
			strings.Contains(r.Reason, "generator") || strings.Contains(r.Reason, quieter) || r.Repeated > 0 {
			t.Errorf("the endpoint fails: %q, %d repeated", r.Reason, r.Repeated)
		}
	}
}

func TestTrialsForFurtherGoalsThatAreRepeatedAreCounted(t *testing.T) {
	t.Parallel()
	goals := 0
	r := find(func(c *Config) { c.Goals = []float64{0.01} }, bucket(1)(500), func(_ int, t *Trial) {
		if t.last().Phase.Refusals > 1 && t.last().Phase.Enough == nil {
			if goals++; goals%3 == 0 {
				t.Unfit, t.OnTime = "late", 0.7
			}
		}
	})
	unfit := 0
	for _, trial := range r.Trials {
		if trial.Unfit != "" {
			unfit++
		}
	}
	if unfit == 0 || r.Repeated != unfit {
		t.Errorf("%d trials are reported as repeated, it were %d", r.Repeated, unfit)
	}
}

// Whatever ends a search, the clean rate is none that was refused, and the failing rate none that was held.
func TestASearchThatEndsAnywhereNamesNoRateThatItsTrialsContradict(t *testing.T) {
	t.Parallel()
	for seed := range uint64(oddSeeds) {
		for _, l := range []func(s *simulation){
			func(s *simulation) { s.limiter = atRandom(0.01, s.limiter, seed) },
			func(s *simulation) { s.limiter = atRandom(0.002, s.limiter, seed) },
			func(*simulation) {},
		} {
			for most := 10; most < 60; most += 4 {
				sim := newSimulation(bucket(1)(50), seed)
				l(sim)
				cfg := Default()
				r := Find(cfg, &disturbed{simulation: sim, disturb: func(n int, t *Trial) {
					if n >= most {
						t.Fatal = errors.New("interrupted")
					}
				}})
				contradicted(t, r)
			}
		}
	}
}

// contradicted reports what the last trials at the rates of a result say against it.
func contradicted(t *testing.T, r *Result) {
	t.Helper()
	last := map[float64]bool{}
	for _, trial := range r.Trials {
		if (trial.Name == "prove" || trial.Name == "narrow") && trial.Unfit == "" {
			last[trial.Rate] = trial.Passed
		}
	}
	if held, ok := last[r.Clean]; ok && !held && !r.Proved {
		t.Errorf("the clean rate was refused: %+v", summaryOf(r))
	}
	for rate, held := range last {
		if r.Clean > 0 && !held && rate < r.Clean*(1-1e-9) && r.Failing > rate*1.0001 && r.Kind != Soft {
			t.Errorf("%g was refused: %+v", rate, summaryOf(r))
		}
	}
}
