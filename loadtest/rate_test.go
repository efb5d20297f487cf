package loadtest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/drive"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
)

// rateTest returns a rate test against an emulator.
func rateTest(t *testing.T, cfg emulator.Config, rate float64, d time.Duration) (RateConfig, *emulator.Server) {
	t.Helper()
	server, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); <-done })
	to, err := sink.ParseEndpoint("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	k, err := key.Parse("a-key")
	if err != nil {
		t.Fatal(err)
	}
	m, err := sink.New(sink.Config{Endpoint: to, Keys: key.Fixed(k), Timeout: 2 * time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return RateConfig{
		Target: Target{Sink: m, Endpoint: to.String(), Caches: []string{"c"}, Topic: "t", Topics: 1, Bytes: 100, Connections: 16, Timeout: 2 * time.Second, Seed: 1},
		Rate:   rate, Duration: d, Arrivals: "even", MaxRequests: 1_000_000,
	}, server
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
	}{{401, 1, 17, "API key"}, {403, 1, 17, "permission"}, {404, 1, 17, "cache"}, {400, 1, 17, "--size"}, {500, 20, 37, "fails again and again"}} {
		cfg, _ := rateTest(t, emulator.Config{Script: refuseFrom(30, c.status)}, 500, 20*time.Second)
		r, err := Rate(t.Context(), cfg)
		if _, ok := errors.AsType[*drive.RefusedError](err); !ok || r == nil {
			t.Fatalf("%d: %v", c.status, err)
		}
		got := r.Trials[0]
		if got.Accepted != 30 || got.Failed < c.least || got.Failed > c.most || !strings.Contains(r.Reason, c.text) || r.Interrupted {
			t.Errorf("%d: accepted %d, failed %d, because %q", c.status, got.Accepted, got.Failed, r.Reason)
		}
	}
}

func TestRateSendsNoMoreThanItMay(t *testing.T) {
	cfg, server := rateTest(t, emulator.Config{}, 500, 20*time.Second)
	cfg.MaxRequests = 100
	r, err := Rate(t.Context(), cfg)
	if err != nil || r.Requests > 100 || r.Requests < 50 || server.Stats().Accepted != r.Requests || !strings.Contains(r.Reason, "--max-requests") {
		t.Errorf("sent %d, %v, because %q", r.Requests, err, r.Reason)
	}
}

func TestRateCountsTheWaitForAConnectionAsResponseTime(t *testing.T) {
	cfg, server := rateTest(t, emulator.Config{Settings: emulator.Settings{Latency: 100 * time.Millisecond}}, 200, time.Second)
	cfg.Target.Connections = 8 // 80/s at the most: after a second some 120 wait.
	r, err := Rate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	all := r.Latency["accepted"]
	if got := server.Stats().Accepted; got < 100 || got != all.Count {
		t.Errorf("%d accepted, %d measured", got, all.Count)
	}
	if took := r.Trials[0].Seconds; float64(all.Count)/took > 90 {
		t.Errorf("%d are said to have been sent in %g s", all.Count, took)
	}
	if *all.Service.P50 > .3 || *all.Max < .7 || *r.Generator.SendDelay.Max < .6 || r.Generator.OnTime > .7 || r.Trials[0].Unfit == "" {
		t.Errorf("service %g, response at most %g, delay at most %g, on time %g, %q",
			*all.Service.P50, *all.Max, *r.Generator.SendDelay.Max, r.Generator.OnTime, r.Trials[0].Unfit)
	}
}

func TestRateGivesUpWhatWaitsTooLong(t *testing.T) {
	cfg, server := rateTest(t, emulator.Config{Settings: emulator.Settings{Latency: 100 * time.Millisecond}}, 200, 2*time.Second)
	cfg.Target.Connections, cfg.Target.Timeout = 4, 300*time.Millisecond // 40/s at the most.
	r, err := Rate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	offered := 0
	for _, s := range r.Seconds {
		offered += s.Offered
	}
	if got := server.Stats().Accepted; got < r.Trials[0].Accepted || got > 120 || // On a busy machine answers may be too late.
		offered != 400 || *r.Generator.SendDelay.Max > .5 || !strings.Contains(r.Reason, "not sent") {
		t.Errorf("accepted %d of %d, delay at most %g, %q", got, offered, *r.Generator.SendDelay.Max, r.Reason)
	}
}

func TestRateEndsWithItsContext(t *testing.T) {
	cfg, server := rateTest(t, emulator.Config{}, 200, time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	r, err := Rate(ctx, cfg)
	if err != nil || !r.Interrupted || r.Requests < 20 || r.Requests > 200 || server.Stats().Accepted != r.Requests {
		t.Errorf("%v; interrupted %v after %d", err, r.Interrupted, r.Requests)
	}
}
