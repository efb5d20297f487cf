package loadtest

import (
	"context"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

func TestInterruptionAfterTheSearchIsTold(t *testing.T) {
	limit := emulator.Settings{Rate: 300, Burst: 60}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		cfg := quick(target, 200)
		cfg.Latency = true
		cfg.Progress = func(p FindProgress) {
			if p.Step.Name == "latency" {
				cancel()
			}
		}
		r, err := Find(ctx, cfg)
		if err != nil || !r.Interrupted || r.PlateauRate == nil || r.Verdict != report.NotProved {
			t.Errorf("%v: interrupted %v, plateau %v: %s", err, r.Interrupted, r.PlateauRate, r.Reason)
		}
	})
}

func TestEstimateIsTheLimit(t *testing.T) {
	limit := emulator.Settings{Rate: 300, Burst: 60}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, server *emulator.Server) {
		r, err := Find(t.Context(), quick(target, 100))
		if err != nil || r.PlateauRate == nil || *r.PlateauRate < 297 || *r.PlateauRate > 303 || *r.Burst < 59 ||
			*r.Burst > 61 {
			t.Fatalf("%v: %+v", err, r)
		}
		if s := server.Stats(); r.Requests != s.Accepted+s.Rejected[429] {
			t.Errorf("%d requests are reported, the endpoint saw %d", r.Requests, s.Accepted+s.Rejected[429])
		}
	})
}

func TestLimitIsProvedWithinItsBracket(t *testing.T) {
	limit := emulator.Settings{Rate: 50, Burst: 10}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := FindConfig{Target: target, Search: search.Default(), Effort: Standard}
		cfg.Limit()
		r, err := Find(t.Context(), cfg)
		if err != nil || r.Verdict != report.Proved || *r.CleanRate > 50 || *r.FailingRate < 50 ||
			*r.FailingRate > 1.011**r.CleanRate {
			t.Errorf("%v: %s, %s: %v to %v", err, r.Verdict, r.Reason, r.CleanRate, r.FailingRate)
		}
	})
}

// The trial before may have left nothing of the quota.
func TestLatencyIsMeasuredOnceTheRateIsHeld(t *testing.T) {
	bubble(t, emulator.Config{Settings: emulator.Settings{Rate: 60, Burst: 1}},
		func(t *testing.T, target Target, _ *emulator.Server) {
			cfg := quick(target, 40)
			cfg.Latency = true
			r, err := Find(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, trial := range r.Trials {
				if trial.Name != "latency" {
					continue
				}
				if n++; trial.Refused > 0 || trial.Unfit != "" || trial.Accepted == 0 {
					t.Errorf("%+v", trial)
				}
			}
			if n != 3 {
				t.Errorf("%d rates: %+v", n, r.Trials)
			}
		})
}

// An endpoint that is in trouble is not asked for more and more: a rate of which much fails is none that it holds.
func TestARateOfWhichMuchFailsIsNotPassed(t *testing.T) {
	for list, want := range map[string]float64{"503:50%": 0, "503:20%": 0, "503:2%": 1960} {
		faults, err := emulator.ParseFaults(list)
		if err != nil {
			t.Fatal(err)
		}
		trouble := emulator.Config{Settings: emulator.Settings{Faults: faults}, Seed: 7}
		t.Run(list, func(t *testing.T) {
			bubble(t, trouble, func(t *testing.T, target Target, server *emulator.Server) {
				cfg := quick(target, 100)
				cfg.Search.MaxRate = 2000
				var sleeps atomic.Int64
				cfg.Target.machine.Sleep = func(d time.Duration) { // What is late does not fail because of that.
					if sleeps.Add(1)%20 == 0 {
						d += 4 * time.Millisecond
					}
					time.Sleep(d)
				}
				r, err := Find(t.Context(), cfg)
				clean := 0.0
				if r.CleanRate != nil {
					clean = *r.CleanRate
				}
				if err != nil || math.Abs(clean-want) > 20 {
					t.Errorf("%v: a clean rate of %v: %s", err, clean, r.Reason)
				}
				if want == 0 && (!strings.Contains(r.Reason, "failed otherwise than for quota (503") ||
					strings.Contains(r.Reason, "generator") ||
					server.Stats().Operations > 1000) {
					t.Errorf("after %d publishes: %s", server.Stats().Operations, r.Reason)
				}
			})
		})
	}
}

// A proxy may delay what others refuse: then all connections wait for it, and no other machine changes that.
func TestConnectionsThatAllWaitAreNotTheMachinesFault(t *testing.T) {
	slow := emulator.Config{Settings: emulator.Settings{Latency: time.Second}}
	bubble(t, slow, func(t *testing.T, target Target, _ *emulator.Server) {
		r, err := Find(t.Context(), quick(target, 8))
		want := "as all 16 connections (--connections) waited for answers, which took 1.0"
		if err != nil || !strings.Contains(r.Reason, want) || strings.Contains(r.Reason, "generator") {
			t.Errorf("%v: %s", err, r.Reason)
		}
		for _, f := range r.Facts() {
			if strings.Contains(f.Text, "nothing else to do") {
				t.Errorf("%+v", f)
			}
		}
	})
}
