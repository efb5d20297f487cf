package loadtest

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/agree"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/test/long"
)

// run is one load test on virtual time, as a seed decides.
type run struct {
	*rand.Rand
	seed  uint64
	limit emulator.Config
	stall int // A pause of the machine after so many sleeps; 0: none.
	pause time.Duration
	left  int // Trials until the user interrupts it; 0: never.
}

func virtualRun(seed uint64) *run {
	r := &run{Rand: rand.New(rand.NewPCG(seed, 22)), seed: seed}
	r.limit.Settings = emulator.Settings{
		Rate: 20 + 40*r.Float64(), Burst: float64(1 + r.IntN(40)), Window: time.Second,
		Limiter: []string{
			emulator.LimiterBucket, emulator.LimiterGCRA, emulator.LimiterFixedWindow, emulator.LimiterSliding,
			emulator.LimiterSlidingPenalty,
		}[r.IntN(5)],
	}
	if r.IntN(2) == 0 {
		r.stall, r.pause = 20+r.IntN(400), time.Duration(5+r.IntN(300))*time.Millisecond
	}
	if r.IntN(4) == 0 {
		r.left = 1 + r.IntN(14)
	}
	if r.IntN(6) == 0 {
		r.limit.Script = refuseFrom(50+r.IntN(2000), 401)
	}
	return r
}

// disturb makes the machine a busy one.
func (r *run) disturb(t *Target) {
	if r.stall == 0 {
		return
	}
	var sleeps atomic.Int64
	t.machine.Sleep = func(d time.Duration) {
		if int(sleeps.Add(1))%r.stall == 0 {
			d += r.pause
		}
		time.Sleep(d)
	}
}

func (r *run) find(ctx context.Context, target Target) *report.Report {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg := FindConfig{
		Target: target, Search: search.Default(), Effort: Efforts[r.IntN(2)],
		Latency: r.IntN(2) == 0, Before: 1,
	}
	cfg.Search.Width, cfg.Search.Pairs = 0.05, 1+r.IntN(2)
	if r.IntN(4) == 0 {
		cfg.Search.MaxRequests = 50 + r.IntN(4000)
	}
	if r.IntN(5) == 0 {
		cfg.Search.Gentle, cfg.Effort = true, Standard
	}
	if r.IntN(5) == 0 && cfg.Effort == Standard && !cfg.Search.Gentle {
		cfg.Search.Goals = []float64{0.05}
	}
	if r.IntN(3) == 0 && !cfg.Search.Gentle {
		cfg.Dimensions = []string{"size", "connections"}
	}
	cfg.Limit()
	if left := r.left; left > 0 {
		cfg.Progress = func(p FindProgress) {
			if p.Trial >= left {
				cancel()
			}
		}
	}
	found, _ := Find(ctx, cfg)
	return found
}

func (r *run) rate(ctx context.Context, target Target) *report.Report {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1+r.IntN(30))*time.Second)
	defer cancel()
	target.Connections = 1 + r.IntN(16)
	if r.IntN(2) == 0 {
		target.Timeout = 300 * time.Millisecond
	}
	cfg := rateOf(target, 200*r.Float64(), 10*time.Second)
	found, _ := Rate(ctx, cfg)
	return found
}

// Limiters, machines, interruptions and caps are at random; the reports are those of real searches and rate tests.
func TestReportsOfVirtualRunsSayOneThing(t *testing.T) {
	n := uint64(6)
	if long.Asked() {
		n = 60
	}
	seeds := []uint64{13} // Interrupted before anything was sent.
	for seed := range n {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		r := virtualRun(seed)
		if seed%3 == 2 {
			r.limit.Latency = time.Duration(r.IntN(200)) * time.Millisecond
		}
		t.Run("", func(t *testing.T) {
			bubble(t, r.limit, func(t *testing.T, target Target, _ *emulator.Server) {
				target.Seed = seed
				r.disturb(&target)
				var found *report.Report
				if seed%3 == 2 {
					found = r.rate(t.Context(), target)
				} else {
					found = r.find(t.Context(), target)
				}
				problems, err := agree.Problems(found)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range problems {
					t.Errorf("seed %d: %s: %s", seed, found.Reason, p)
				}
			})
		})
	}
}
