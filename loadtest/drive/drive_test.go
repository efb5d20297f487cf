package drive

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/virtual"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
	"momento-bridge/test/long"
)

// endpoint is an emulator on loopback.
func endpoint(t testing.TB, cfg emulator.Config) (string, *emulator.Server) {
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
	return "http://" + ln.Addr().String(), server
}

// engine publishes to an endpoint on loopback.
func engine(ctx context.Context, t testing.TB, url string, connections int) *Engine {
	t.Helper()
	to, err := sink.ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	k, err := key.Parse("a-key")
	if err != nil {
		t.Fatal(err)
	}
	m, err := sink.New(sink.Config{Endpoint: to, Keys: key.Fixed(k), Timeout: 5 * time.Second},
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e := New(ctx, config(connections, func() Publisher { return m.Publisher() }, m.Opened))
	t.Cleanup(e.Close)
	return e
}

func config(connections int, publisher func() Publisher, opened func() uint64) Config {
	payload := []byte("payload")
	return Config{
		Publisher: publisher, Connections: connections, Timeout: 5 * time.Second, Opened: opened,
		Payload: func(int) []byte { return payload }, Cache: func(int) string { return "c" }, Topic: func(int) string {
			return "t"
		},
	}
}

// bubble runs a test on virtual time. start starts an engine that publishes to an emulator without a network.
func bubble(t *testing.T, cfg emulator.Config, test func(t *testing.T, start starter, server *emulator.Server)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, err := emulator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		test(t, func(ctx context.Context, connections int) *Engine {
			to := &virtual.Endpoint{Server: server, IdleLimit: 4 * time.Second} // As the sink's.
			cfg := config(connections, func() Publisher { return to.Publisher() }, to.Opened)
			cfg.Machine = Machine{Sleep: time.Sleep, CPU: func() time.Duration { return 0 }}
			e := New(ctx, cfg)
			t.Cleanup(e.Close)
			return e
		}, server)
	})
}

type starter func(ctx context.Context, connections int) *Engine

var unbounded = search.Cap{Requests: 1e9, Seconds: 1e9}

// The engine's own sleep and the sink's connections: what holds at any speed.
func TestWhatIsCountedIsWhatTheEndpointCounted(t *testing.T) {
	t.Parallel()
	url, server := endpoint(t, emulator.Config{Settings: emulator.Settings{Rate: 100, Burst: 50}})
	checkCounts(t, engine(t.Context(), t, url, 16), server)
}

func TestEveryTicketHasItsTime(t *testing.T) {
	limit := emulator.Settings{Rate: 100, Burst: 50}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, start starter, server *emulator.Server) {
		trial := checkCounts(t, start(t.Context(), 16), server)
		// 200 in half a second use up the burst and 50, 200 in a second find 100 more.
		first, second := trial.Phases[0], trial.Phases[1]
		if first.Accepted+first.Refused != 200 || second.Accepted+second.Refused != 200 || trial.Unfit != "" ||
			trial.OnTime != 1 {
			t.Errorf("%+v", trial)
		}
		if first.Accepted < 99 || first.Accepted > 100 || second.Accepted < 99 || second.Accepted > 101 {
			t.Errorf("%d and %d were accepted", first.Accepted, second.Accepted)
		}
		for i := 1; i < len(second.Events); i++ {
			if gap := second.Events[i].At - second.Events[i-1].At; math.Abs(gap-1./200) > 1e-6 {
				t.Errorf("event %d was sent %v s after the one before it", i, gap)
			}
		}
	})
}

// checkCounts overloads an endpoint of 100/s with a burst of 50, and compares what both have counted.
func checkCounts(t *testing.T, e *Engine, server *emulator.Server) search.Trial {
	t.Helper()
	trial := e.Run(unbounded, search.Phase{Rate: 400, Seconds: 0.5}, search.Phase{
		Rate: 200, Seconds: 1,
		Enough: func([]search.Event) bool { return false },
	})
	accepted, refused := 0, 0
	for _, o := range trial.Phases {
		accepted += o.Accepted
		refused += o.Refused
		if o.Failed > 0 {
			t.Errorf("%d failed", o.Failed)
		}
	}
	s := server.Stats()
	if s.Accepted != accepted || s.Rejected[429] != refused {
		t.Errorf("%d accepted, %d refused, the endpoint says %d and %d", accepted, refused, s.Accepted, s.Rejected[429])
	}
	second := trial.Phases[1]
	if n := len(second.Events); n != second.Accepted+second.Refused {
		t.Errorf("%d events of %d answers", n, second.Accepted+second.Refused)
	}
	total := Second{}
	for _, second := range e.Seconds() {
		total.Accepted += second.Accepted
		total.Refused += second.Refused
	}
	if total.Accepted != accepted || total.Refused != refused {
		t.Errorf("second by second: %+v", total)
	}
	if texts := e.Refusals(); texts["429 Request rate exceeded."] != refused || len(texts) > 1 {
		t.Errorf("the texts are %v", texts)
	}
	return trial
}

func TestPhaseEndsWithItsRefusals(t *testing.T) {
	bubble(t, emulator.Config{Settings: emulator.Settings{Rate: 1, Burst: 20}},
		func(t *testing.T, start starter, _ *emulator.Server) {
			e := start(t.Context(), 16)
			began := e.Now()
			trial := e.Run(unbounded, search.Phase{Rate: 200, Seconds: 30, Refusals: 1},
				search.Phase{Rate: 50, Seconds: 0.2})
			if o := trial.Phases[0]; o.Accepted < 15 || o.Refused < 1 || o.Took > 5 {
				t.Errorf("%+v", o)
			}
			if o := trial.Phases[1]; o.Accepted+o.Refused == 0 || e.Now()-began > 10 {
				t.Errorf("the next phase: %+v", o)
			}
			if o := e.Run(unbounded, search.Phase{Rate: 2, Seconds: 30, Refusals: 1}).Phases[0]; o.Refused != 1 {
				t.Errorf("after the refusal that ends the phase nothing is sent: %+v", o)
			}
		})
}

// Each publish that is accepted may have been later than the one after it, which a burst of one does not forgive; a
// large burst does.
func TestRefusalThatIsExcusedDoesNotEndThePhase(t *testing.T) {
	var asked atomic.Int32
	bubble(t, emulator.Config{Script: func(_, topic string, _ []byte) int {
		if n := asked.Add(1); topic == "even" && n > 5 {
			time.Sleep(90 * time.Millisecond)
		}
		return map[string]int{"odd": 429}[topic]
	}}, func(t *testing.T, start starter, _ *emulator.Server) {
		e := start(t.Context(), 16)
		e.cfg.Topic = func(i int) string { return [...]string{"even", "odd"}[i%2] }
		phase := search.Phase{Rate: 50, Seconds: 0.4, Burst: 1, Refusals: 1, Loose: true}
		if o := e.Run(unbounded, search.Phase{Rate: 50, Seconds: 0.1}, phase,
			phase).Phases[2]; o.Excused != o.Refused || o.Refused < 5 || o.Took < 0.39 {
			t.Errorf("a burst of one: %+v", o)
		}
		phase.Burst = 50
		if o := e.Run(unbounded, phase).Phases[0]; o.Excused > 0 || o.Refused == 0 || o.Took > 0.35 {
			t.Errorf("a large burst: %+v", o)
		}
	})
}

// What every acceptance takes is no lateness. A refusal may take less.
func TestLatencyExcusesNothing(t *testing.T) {
	bubble(t, emulator.Config{
		Settings: emulator.Settings{Latency: 400 * time.Millisecond},
		Script: func(_, topic string, _ []byte) int {
			return map[string]int{"odd": 429}[topic]
		},
	}, func(t *testing.T, start starter, _ *emulator.Server) {
		e := start(t.Context(), 48)
		e.cfg.Topic = func(i int) string { return [...]string{"even", "odd"}[i%2] }
		phase := search.Phase{Rate: 50, Seconds: 3, Burst: 10, Refusals: 1, Loose: true}
		if o := e.Run(unbounded, search.Phase{Rate: 50, Seconds: 0.6, Loose: true}, phase).Phases[1]; o.Excused > 0 ||
			o.Took > 2 {
			t.Errorf("%+v", o)
		}
	})
}

// A connection that lies idle for four seconds is closed, and the one who is next in its place pays for another one.
func TestNoConnectionIsOpenedWithinATrial(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, start starter, _ *emulator.Server) {
		checkConnections(t, start(t.Context(), 64))
	})
}

func TestNoConnectionOfTheSinkIsOpenedWithinATrial(t *testing.T) {
	long.Only(t)
	t.Parallel()
	url, _ := endpoint(t, emulator.Config{})
	checkConnections(t, engine(t.Context(), t, url, 64))
}

// checkConnections makes trials in which connections may lie idle.
func checkConnections(t *testing.T, e *Engine) {
	t.Helper()
	run := func(when string, rate, seconds float64) {
		t.Helper()
		if trial := e.Run(unbounded, search.Phase{Rate: rate, Seconds: seconds, Loose: true}); strings.Contains(
			trial.Unfit, "opened") {
			t.Errorf("%s: %s", when, trial.Unfit)
		}
	}
	run("at first", 30, 2.1)
	run("at a slower rate, where fewer are used", 14, 4.5)
	e.Idle(2.5)
	run("after a pause", 14, 2.5)
	run("at less than one per second", 0.8, 7.6)
}

func TestCapIsNeverExceeded(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, start starter, server *emulator.Server) {
		e := start(t.Context(), 16)
		trial := e.Run(search.Cap{Requests: 37, Seconds: 60}, search.Phase{Rate: 100, Seconds: 10, Loose: true},
			search.Phase{Rate: 100, Seconds: 10, Loose: true})
		if !errors.Is(trial.Capped, search.ErrRequests) {
			t.Errorf("it does not say that a cap ended it: %v", trial.Capped)
		}
		if n := server.Stats().Accepted; n > 37 || n < 10 {
			t.Errorf("%d were sent with a cap of 37", n)
		}
		began := e.Now()
		trial = e.Run(search.Cap{Requests: 1000, Seconds: 0.3}, search.Phase{Rate: 20, Seconds: 10})
		if took := e.Now() - began; took > 3 {
			t.Errorf("%v s with a cap of 0.3", took)
		}
		if !errors.Is(trial.Capped, search.ErrTime) {
			t.Errorf("it does not say that a cap ended it: %v", trial.Capped)
		}
	})
}

func TestATrialWhoseTimeIsUsedUpByConnectingTakesNone(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, start starter, server *emulator.Server) {
		e := start(t.Context(), 16)
		slow := &virtual.Endpoint{Server: server, Handshake: 3 * time.Second}
		for i := range e.publishers {
			e.publishers[i] = slow.Publisher()
		}
		trial := e.Run(search.Cap{Requests: 100, Seconds: 2}, search.Phase{Rate: 20, Seconds: 1})
		if o := trial.Phases[0]; !errors.Is(trial.Capped, search.ErrTime) || o.Took != 0 || o.Offered != 0 ||
			server.Stats().Accepted > 0 {
			t.Errorf("capped by %v: %+v", trial.Capped, o)
		}
	})
}

func TestAtARateOfZeroNothingIsSentAndThePhaseEnds(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, start starter, server *emulator.Server) {
		trial := start(t.Context(), 16).Run(unbounded, search.Phase{Rate: 0, Seconds: 1, Loose: true})
		if n := server.Stats().Accepted; n > 1 || trial.Fatal != nil {
			t.Errorf("%d were sent, %+v", n, trial)
		}
	})
}

func TestEndpointThatRefusesForOtherReasonsEndsTheTest(t *testing.T) {
	t.Parallel()
	f := func(want string, cfg emulator.Config) {
		t.Helper()
		url, server := endpoint(t, cfg)
		e := engine(t.Context(), t, url, 8)
		trial := e.Run(unbounded, search.Phase{Rate: 200, Seconds: 20})
		refused, ok := errors.AsType[*RefusedError](trial.Fatal)
		if !ok || !strings.Contains(refused.Error(), want) {
			t.Errorf("%v, want %s", trial.Fatal, want)
		}
		n := 0
		for _, count := range server.Stats().Rejected {
			n += count
		}
		if n > 60 {
			t.Errorf("%d publishes although the endpoint refuses: %s", n, want)
		}
	}
	f("refuses the API key", emulator.Config{APIKey: "another-key"})
	f("cache does not exist", emulator.Config{Caches: []string{"d"}})
	f("may not publish", emulator.Config{Forbidden: []string{"c/t"}})
	f("endpoint is down", emulator.Config{Script: func(string, string, []byte) int { return 503 }})
}

func TestInterruptedTrialEndsAtOnce(t *testing.T) {
	bubble(t, emulator.Config{}, func(t *testing.T, start starter, _ *emulator.Server) {
		ctx, cancel := context.WithCancel(t.Context())
		e := start(ctx, 8)
		time.AfterFunc(300*time.Millisecond, cancel)
		began := time.Now()
		trial := e.Run(unbounded, search.Phase{Rate: 1, Seconds: 60})
		if !errors.Is(trial.Fatal, ErrInterrupted) || time.Since(began) > 5*time.Second {
			t.Errorf("%v after %v", trial.Fatal, time.Since(began))
		}
	})
}

// The loop is open: what cannot be sent in time is not sent later.
func TestGeneratorWithoutFreeConnectionsIsNotFit(t *testing.T) {
	bubble(t, emulator.Config{Settings: emulator.Settings{Latency: 200 * time.Millisecond}},
		func(t *testing.T, start starter, server *emulator.Server) {
			e := start(t.Context(), 4)
			trial := e.Run(unbounded, search.Phase{Rate: 100, Seconds: 1}) // 20 connections would be needed.
			if !strings.Contains(trial.Unfit, "in time") || trial.OnTime > 0.6 {
				t.Errorf("unfit: %q, %v in time", trial.Unfit, trial.OnTime)
			}
			if n := server.Stats().Accepted; n > 50 {
				t.Errorf("%d were sent", n)
			}
		})
}
