package search

import (
	"slices"
	"testing"
)

// Of what is offered above a limit of one number, the rest is refused: a share g at limit / (1 - g).
func TestFurtherGoalsAreProvedAboveASharpLimit(t *testing.T) {
	t.Parallel()
	for _, l := range sharp {
		if l.dear {
			continue // Refusals use up quota: there is no such rate.
		}
		for _, rate := range []float64{10, 500} {
			if l.kind == Sliding && rate < 100 {
				continue // It refuses every eleventh as soon as it refuses at all.
			}
			each(l.make(rate), func(c *Config) { c.Goals = []float64{0.01, 0.1} }, func(sim *simulation, r *Result) {
				if !r.Proved || r.Clean > rate || r.Failing < rate || len(r.Goals) != 2 || r.Err != nil ||
					r.Requests != sim.sent {
					t.Errorf("%s at %g: %+v", l.name, rate, summaryOf(r))
					return
				}
				for _, g := range r.Goals {
					if truth := rate / (1 - g.Goal); !g.Proved || g.Clean > truth*1.002 || g.Failing < truth*0.998 ||
						g.Failing > g.Clean*1.02 {
						t.Errorf("%s at %g: %.5g is right: %+v", l.name, rate, truth, g)
					}
				}
			})
		}
	}
}

// Where a limit is spread over servers a few refusals come early, and many much later.
func TestFurtherGoalsTellHowSoftALimitIs(t *testing.T) {
	t.Parallel()
	each(sharded(500), func(c *Config) { c.Goals = []float64{0.01, 0.05} }, func(_ *simulation, r *Result) {
		if len(r.Goals) != 2 {
			t.Fatalf("%+v", summaryOf(r))
		}
		rates := []float64{r.Clean, r.Goals[0].Clean, r.Goals[1].Clean}
		if !slices.IsSorted(rates) || rates[2] < 1.02*rates[0] || rates[2] > 540 {
			t.Errorf("%.4g; %+v", rates, r.Goals)
		}
	})
}

func TestCapEndsFurtherGoalsAndLeavesTheProof(t *testing.T) {
	t.Parallel()
	sim := newSimulation(bucket(1)(500), 1)
	whole := Find(Default(), sim)
	sim = newSimulation(bucket(1)(500), 1)
	cfg := Default()
	cfg.Goals, cfg.MaxRequests = []float64{0.01, 0.05}, whole.Requests+1000
	r := Find(cfg, sim)
	if !r.Proved || r.Clean != whole.Clean || len(r.Goals) != 1 || r.Goals[0].Proved ||
		r.Goals[0].Reason != ErrRequests.Error() || r.Requests > cfg.MaxRequests {
		t.Errorf("%+v", summaryOf(r))
	}
}
