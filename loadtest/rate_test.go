package loadtest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/virtual"
)

// rateOf is a rate test of a target.
func rateOf(target Target, rate float64, d time.Duration) RateConfig {
	return RateConfig{Target: target, Rate: rate, Duration: d, Arrivals: "even", MaxRequests: 1_000_000}
}

// refuseFrom accepts n publishes and then answers with a status.
func refuseFrom(n, status int) func(string, string, []byte) int {
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	return func(string, string, []byte) int {
		select {
		case <-left:
			return 0
		default:
			return status
		}
	}
}

func TestRateEndsWhenTheEndpointRefusesForGood(t *testing.T) {
	for _, c := range []struct {
		status int
		least  int // Failures that it takes.
		most   int
		text   string
	}{{401, 1, 17, "API key"}, {403, 1, 17, "permission"}, {404, 1, 17, "cache"}, {400, 1, 17, "--size"}, {
		500, 20, 37,
		"endpoint is down",
	}} {
		t.Run(strconv.Itoa(c.status), func(t *testing.T) {
			script := emulator.Config{Script: refuseFrom(30, c.status)}
			bubble(t, script, func(t *testing.T, target Target, _ *emulator.Server) {
				r, err := Rate(t.Context(), rateOf(target, 500, 20*time.Second))
				if _, ok := errors.AsType[*drive.RefusedError](err); !ok || r == nil {
					t.Fatalf("%d: %v", c.status, err)
				}
				got := r.Trials[0]
				if got.Accepted != 30 || got.Failed < c.least || got.Failed > c.most || !strings.Contains(r.Reason,
					c.text) || r.Interrupted {
					t.Errorf("%d: accepted %d, failed %d, because %q", c.status, got.Accepted, got.Failed, r.Reason)
				}
			})
		})
	}
}

func TestRateSendsWhatItIsToldTo(t *testing.T) {
	limit := emulator.Settings{Rate: 100, Burst: 10}
	for arrivals, sent := range map[string]int{"even": 600, "poisson": 600, "burst:50": 600} {
		t.Run(arrivals, func(t *testing.T) {
			bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, server *emulator.Server) {
				cfg := rateOf(target, 300, 2*time.Second)
				cfg.Arrivals, cfg.Target.Connections = arrivals, 50
				r, err := Rate(t.Context(), cfg)
				stats, trial := server.Stats(), r.Trials[0]
				if err != nil || trial.Accepted != stats.Accepted || trial.Refused != stats.Rejected[429] ||
					trial.Failed != 0 {
					t.Fatalf("%v: the report says %+v, the endpoint %+v", err, trial, stats)
				}
				if off := r.Requests - sent; off < -sent/10 || off > sent/10 || off > 1 && arrivals != "poisson" {
					t.Errorf("%d are sent, want %d", r.Requests, sent)
				}
			})
		})
	}
}

func TestTheTimeUntilThereAreConnectionsIsNotTheTests(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, server *emulator.Server) {
		target.instead = near{&virtual.Endpoint{Server: server, Handshake: 3 * time.Second}}
		r, err := Rate(t.Context(), rateOf(target, 20, time.Second))
		if got := r.Trials[0]; err != nil || got.Sent != 20 || got.Seconds < 0.9 || got.Seconds > 1.1 {
			t.Errorf("%v: %+v", err, got)
		}
	})
}

// An endpoint that fails is no fault of the machine that sends.
func TestAnEndpointThatFailsDoesNotMakeTheGeneratorUnfit(t *testing.T) {
	faults, err := emulator.ParseFaults("500:10%,reset:10%")
	if err != nil {
		t.Fatal(err)
	}
	bubble(t, emulator.Config{Settings: emulator.Settings{Faults: faults}}, func(t *testing.T, target Target,
		_ *emulator.Server,
	) {
		r, err := Rate(t.Context(), rateOf(target, 100, 5*time.Second))
		if err != nil || r.Trials[0].Failed < 20 || r.Fitness() != report.Fit {
			t.Errorf("%v: %d failed, the generator is said to be %v", err, r.Trials[0].Failed, r.Fitness())
		}
		if !strings.Contains(r.Reason, "failed otherwise than for quota") {
			t.Errorf("it is not said what makes the numbers doubtful: %q", r.Reason)
		}
	})
}

func TestBurstsComeAtOnce(t *testing.T) {
	limit := emulator.Settings{Rate: 1, Burst: 20}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := rateOf(target, 40, time.Second)
		cfg.Arrivals, cfg.Target.Connections = "burst:40", 64
		r, err := Rate(t.Context(), cfg)
		if got := r.Trials[0]; err != nil || got.Accepted != 20 || got.Sent != 40 {
			t.Errorf("%v: of a burst of 40 the burst of 20 let pass %d of %d", err, got.Accepted, got.Sent)
		}
	})
}

func TestRateSendsNoMoreThanItMay(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, server *emulator.Server) {
		cfg := rateOf(target, 500, 20*time.Second)
		cfg.MaxRequests = 100
		r, err := Rate(t.Context(), cfg)
		if err != nil || r.Requests != 100 || server.Stats().Accepted != 100 || !strings.Contains(r.Reason,
			"--max-requests") {
			t.Errorf("sent %d, %v, because %q", r.Requests, err, r.Reason)
		}
	})
}

func TestRateCountsTheWaitForAConnectionAsResponseTime(t *testing.T) {
	slow := emulator.Settings{Latency: 100 * time.Millisecond}
	bubble(t, emulator.Config{Settings: slow}, func(t *testing.T, target Target, server *emulator.Server) {
		cfg := rateOf(target, 200, time.Second)
		cfg.Target.Connections = 8 // 80/s at the most: after a second some 120 wait.
		r, err := Rate(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		all := r.Latency["accepted"]
		if got := server.Stats().Accepted; got != 200 || got != all.Count {
			t.Errorf("%d accepted, %d measured", got, all.Count)
		}
		if took := r.Trials[0].Seconds; took < 2.3 || took > 2.5 {
			t.Errorf("%d are said to have been sent in %g s", all.Count, took)
		}
		if *all.Service.P50 > .11 || *all.Max < 1.4 || *r.Generator.SendDelay.Max < 1.3 || r.Generator.OnTime > .1 ||
			r.Trials[0].Unfit == "" {
			t.Errorf("service %g, response at most %g, delay at most %g, on time %g, %q",
				*all.Service.P50, *all.Max, *r.Generator.SendDelay.Max, r.Generator.OnTime, r.Trials[0].Unfit)
		}
	})
}

func TestRateGivesUpWhatWaitsTooLong(t *testing.T) {
	slow := emulator.Settings{Latency: 100 * time.Millisecond}
	bubble(t, emulator.Config{Settings: slow}, func(t *testing.T, target Target, server *emulator.Server) {
		cfg := rateOf(target, 200, 2*time.Second)
		cfg.Target.Connections, cfg.Target.Timeout = 4, 300*time.Millisecond // 40/s at the most.
		r, err := Rate(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		offered := 0
		for _, s := range r.Seconds {
			offered += s.Offered
		}
		if got := server.Stats().Accepted; got != r.Trials[0].Accepted || got < 80 || got > 100 ||
			offered != 400 || *r.Generator.SendDelay.Max > .31 || !strings.Contains(r.Reason, "not sent") {
			t.Errorf("accepted %d of %d, delay at most %g, %q", got, offered, *r.Generator.SendDelay.Max, r.Reason)
		}
	})
}

func TestRateEndsWithItsContext(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, target Target, server *emulator.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		r, err := Rate(ctx, rateOf(target, 200, time.Minute))
		if err != nil || !r.Interrupted || r.Requests < 95 || r.Requests > 105 ||
			server.Stats().Accepted != r.Requests {
			t.Errorf("%v; interrupted %v after %d", err, r.Interrupted, r.Requests)
		}
	})
}
