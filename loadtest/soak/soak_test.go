package soak_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/loadtest/drift"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/soak"
	"momento-bridge/sink"
)

// bridge carries messages to subscribers, as it is told, on virtual time.
type bridge struct {
	began   time.Time
	latency func(minutes float64) time.Duration
	fate    func(n int) string // lost, twice, late, not taken, or empty.
	gauges  func(minutes float64, g *soak.Gauges)

	mu          sync.Mutex
	subscribers []func(sink.Item)
	messages    int
	accepted    float64
}

func (b *bridge) minutes() float64 { return time.Since(b.began).Minutes() }
func (b *bridge) NATS() string     { return "embedded" }

func (b *bridge) Publish(i int, payload []byte) error {
	b.mu.Lock()
	b.messages++
	n := b.messages
	b.mu.Unlock()
	after, fate := 10*time.Millisecond, ""
	if b.latency != nil {
		after = b.latency(b.minutes())
	}
	if b.fate != nil {
		fate = b.fate(n)
	}
	switch fate {
	case "not taken":
		return errors.New("NATS is away")
	case "lost":
		return nil
	case "late":
		after += 100 * time.Millisecond
	case "twice":
		b.deliver(i, payload, after+time.Millisecond)
	}
	b.deliver(i, payload, after)
	return nil
}

func (b *bridge) deliver(i int, payload []byte, after time.Duration) {
	time.AfterFunc(after, func() {
		b.mu.Lock()
		b.accepted++
		to := b.subscribers[i]
		b.mu.Unlock()
		to(sink.Item{Value: payload, At: time.Now()})
	})
}

func (b *bridge) Gauges() soak.Gauges {
	b.mu.Lock()
	defer b.mu.Unlock()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	g := soak.Gauges{
		Accepted: b.accepted, Memory: 5e7 + 1e6*rng.Float64(), Heap: 1e7 + 5e6*rng.Float64(), Goroutines: 100,
		Files: math.NaN(), Opened: 8,
	}
	if b.gauges != nil {
		b.gauges(time.Since(b.began).Minutes(), &g)
	}
	return g
}

// subscribe listens until ctx is done; refused is what it is answered after some minutes, if it is.
func (b *bridge) subscribe(refused error) func(ctx context.Context, s sink.Subscription) error {
	return func(ctx context.Context, s sink.Subscription) error {
		b.mu.Lock()
		b.subscribers = append(b.subscribers, s.Received)
		b.mu.Unlock()
		s.Received(sink.Item{Value: []byte("somebody else's"), At: time.Now()})
		if refused == nil {
			<-ctx.Done()
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Minute):
			return refused
		}
	}
}

// config is a soak of an hour.
func config(b *bridge) soak.Config {
	b.began = time.Now()
	return soak.Config{
		Rate: 2, Duration: time.Hour, Every: 10 * time.Second, Settle: time.Minute, Way: time.Minute, Cache: "c",
		Topics: []string{"t"}, Bytes: 200, Seed: 1, Subscribe: b.subscribe(nil),
		Target:   report.Target{Endpoint: "http://here", Caches: []string{"c"}, Topic: "t", Version: "1"},
		Settings: soak.Settings{Rate: 2, Quota: 10, Topics: 1, EverySeconds: 10},
	}
}

// noisy is a latency with some noise.
func noisy(level func(minutes float64) float64) func(minutes float64) time.Duration {
	rng := rand.New(rand.NewPCG(1, 1))
	return func(minutes float64) time.Duration {
		return time.Duration(level(minutes) * (1 + 0.1*rng.NormFloat64()) * float64(time.Millisecond))
	}
}

func one(r *soak.Report, name string) *soak.Series {
	for i := range r.Series {
		if r.Series[i].Name == name {
			return &r.Series[i]
		}
	}
	return &soak.Series{}
}

func drifting(r *soak.Report) string {
	var names []string
	for _, s := range r.Series {
		if s.Drift.Has() {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

func TestSoakTellsOfLossAndDrift(t *testing.T) {
	t.Parallel()
	level := func(float64) float64 { return 10 }
	for name, c := range map[string]struct {
		bridge  *bridge
		verdict string
		drifts  string
		want    func(r *soak.Report) bool
	}{
		"nothing happens": {&bridge{latency: noisy(level)}, soak.Steady, "", func(r *soak.Report) bool {
			return r.Delivery.Sent == 7200 && r.Delivery.Delivered == 7200 && len(r.At) == 360 &&
				one(r, "open files").Drift.Shape == "not known" && *one(r, "rate").Drift.Last == 2
		}},
		"messages are lost": {&bridge{fate: func(n int) string {
			return map[bool]string{true: "lost"}[n%400 == 0]
		}}, soak.Lost, "", func(r *soak.Report) bool {
			return r.Delivery.Lost == 18 && r.Delivery.Delivered == 7200-18
		}},
		"messages come twice": {&bridge{fate: func(n int) string {
			return map[bool]string{true: "twice"}[n%100 == 0]
		}}, soak.Steady, "", func(r *soak.Report) bool {
			return r.Delivery.Duplicates == 72 && r.Delivery.Lost == 0
		}},
		"NATS does not take some": {&bridge{fate: func(n int) string {
			return map[bool]string{true: "not taken"}[n%100 == 0]
		}}, soak.Steady, "", func(r *soak.Report) bool {
			return r.Delivery.NotTaken == 72 && r.Delivery.Sent == 7200-72 && r.Delivery.Lost == 0
		}},
		"latency steps up": {
			&bridge{latency: noisy(func(m float64) float64 { return map[bool]float64{false: 10, true: 12}[m > 35] })},
			soak.Drifted, "latency p50", func(r *soak.Report) bool {
				d := one(r, "latency p50").Drift
				return d.Shape == drift.Step && math.Abs(d.Since.Sub(r.Started).Minutes()-35) < 1 && *d.Change > 0.15
			},
		},
		"latency grows": {
			&bridge{latency: noisy(func(m float64) float64 { return 10 + m/10 })},
			soak.Drifted, "latency p50, latency p99",
			func(r *soak.Report) bool {
				d := one(r, "latency p50").Drift
				return d.Shape == drift.Slope && math.Abs(*d.PerHour-0.006) < 0.001
			},
		},
		"latency grows out of all proportion": {
			&bridge{latency: noisy(func(m float64) float64 { return 5 + 300*max(0, m-40) })},
			soak.Drifted, "latency p50, latency p99",
			func(r *soak.Report) bool {
				return *one(r, "latency p50").Drift.Before >= 0 && *one(r, "latency p99").Drift.Before >= 0
			},
		},
		"memory leaks": {
			&bridge{gauges: func(m float64, g *soak.Gauges) { g.Memory += m * 1e6 }},
			soak.Drifted, "memory",
			func(r *soak.Report) bool {
				d := one(r, "memory").Drift
				return d.Shape == drift.Slope && math.Abs(*d.PerHour-6e7) < 3e6
			},
		},
		"connections are opened again and again": {
			&bridge{gauges: func(m float64, g *soak.Gauges) { g.Opened += math.Floor(max(0, m-30) * 60) }},
			soak.Drifted, "connections opened", func(r *soak.Report) bool {
				d := one(r, "connections opened").Drift
				return *d.Before == 0 && d.Change == nil && math.Abs(*d.After-1) < 0.1
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := c.bridge
				r, err := soak.New(config(b)).Run(t.Context(), b)
				if err != nil || r.Verdict != c.verdict || drifting(r) != c.drifts || !c.want(r) || r.Interrupted {
					t.Errorf("%v: %s, drifting %q", err, r.Verdict, drifting(r))
					var text strings.Builder
					_ = soak.WriteText(&text, r)
					t.Log(text.String())
				}
			})
		})
	}
}

func TestSoakThatEndsEarlyTellsWhatRan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bridge{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		r, err := soak.New(config(b)).Run(ctx, b)
		if err != nil || !r.Interrupted || r.Verdict != soak.Steady || r.Delivery.Lost != 0 ||
			math.Abs(r.DurationSeconds-600) > 5 {
			t.Errorf("interrupted: %v, %+v", err, r)
		}
		b = &bridge{latency: func(float64) time.Duration { return 5 * time.Second }}
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		r, err = soak.New(config(b)).Run(ctx, b)
		d := &r.Delivery
		if err != nil || r.Verdict != soak.Steady || d.Lost+d.NotTaken != 0 || d.UnderWay == 0 ||
			d.Delivered != d.Sent {
			t.Errorf("interrupted with messages on their way: %v, %+v", err, r)
		}
		b = &bridge{}
		c := config(b)
		c.Subscribe = b.subscribe(&sink.SubscribeError{})
		r, err = soak.New(c).Run(t.Context(), b)
		if _, refused := errors.AsType[*sink.SubscribeError](err); !refused || r == nil || r.Reason == "" {
			t.Errorf("refused: %v, %+v", err, r)
		}
	})
}

// slowToTell takes a while to say how it is, in the end.
type slowToTell struct{ *bridge }

func (b slowToTell) Gauges() soak.Gauges {
	if b.minutes() > 9 {
		time.Sleep(9 * time.Second)
	}
	return b.bridge.Gauges()
}

// A last look at the bridge may take longer than anybody waits for messages, which come meanwhile.
func TestWhatComesAfterAnInterruptedSoakHasStoppedWaitingIsNotCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bridge{latency: func(float64) time.Duration { return 5 * time.Second }}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		r, err := soak.New(config(b)).Run(ctx, slowToTell{b})
		if d := &r.Delivery; err != nil || d.NotTaken != 0 || d.UnderWay < 4 || d.Delivered != d.Sent {
			t.Errorf("%v: %+v", err, d)
		}
	})
}

// Whoever stops listening does not know what comes.
func TestWhatIsOnItsWayWhenASubscriberIsRefusedIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bridge{latency: func(float64) time.Duration { return 5 * time.Second }}
		c := config(b)
		c.Subscribe = b.subscribe(&sink.SubscribeError{})
		r, err := soak.New(c).Run(t.Context(), b)
		d := &r.Delivery
		if err == nil || d.Lost != 0 || d.UnderWay == 0 || d.NotTaken != 0 || r.Verdict == soak.Lost {
			t.Errorf("%v: %s, %+v", err, r.Verdict, d)
		}
	})
}

// The bridge replaces each connection after three to five minutes, at first many of them at about the same time.
func TestConnectionsThatTheBridgeReplacesAreNoDrift(t *testing.T) {
	t.Parallel()
	const connections = 64
	for seed := range uint64(40) {
		minutes := []float64{4, 6, 8, 20}[seed%4]
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			var opened []float64
			for range connections {
				for at := 0.0; at < minutes; at += 3 + 2*rng.Float64() {
					opened = append(opened, at)
				}
			}
			b := &bridge{gauges: func(m float64, g *soak.Gauges) {
				g.Opened = 0
				for _, at := range opened {
					if at <= m {
						g.Opened++
					}
				}
			}}
			c := config(b)
			c.Duration, c.Target.Connections = time.Duration(minutes*float64(time.Minute)), connections
			c.Every = 4 * time.Second
			if r, err := soak.New(c).Run(t.Context(), b); err != nil || r.Verdict != soak.Steady {
				t.Errorf("seed %d: %v, drifting %q", seed, err, drifting(r))
			}
		})
	}
}

func TestSoakDoesNotBeginWhereNothingComesThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bridge{fate: func(int) string { return "lost" }}
		if r, err := soak.New(config(b)).Run(t.Context(), b); r != nil || err == nil ||
			!strings.Contains(err.Error(), "no message has come through the bridge in 1m0s") {
			t.Errorf("%v, %+v", err, r)
		}
		b = &bridge{fate: func(int) string { return "not taken" }}
		if r, err := soak.New(config(b)).Run(t.Context(), b); r != nil || err == nil {
			t.Errorf("%v, %+v", err, r)
		}
		b = &bridge{fate: func(int) string { return "lost" }}
		c := config(b)
		c.Subscribe = func(ctx context.Context, s sink.Subscription) error {
			s.Failed(errors.New("429 too many subscribers"))
			<-ctx.Done()
			return nil
		}
		if _, err := soak.New(c).Run(t.Context(), b); err == nil ||
			!strings.Contains(err.Error(), "could not listen: 429 too many subscribers") {
			t.Errorf("it is not said what ails the subscriber: %v", err)
		}
	})
}

// Half a day has more samples than are kept.
func TestSamplesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bridge{}
		c := config(b)
		c.Rate, c.Duration = 0.1, 14*time.Hour
		told := 0
		c.Progress = func(soak.Progress) { told++ }
		r, err := soak.New(c).Run(t.Context(), b)
		if err != nil || told < 14*360-1 || len(r.At) > 4096 || len(r.At) < 2048 || r.Verdict != soak.Steady {
			t.Errorf("%v: %d samples of %d, %s", err, len(r.At), told, fmt.Sprint(r.Verdict, drifting(r)))
		}
		for i := 1; i < len(r.At); i++ {
			if r.At[i] <= r.At[i-1] {
				t.Fatalf("sample %d is at %g after %g", i, r.At[i], r.At[i-1])
			}
		}
	})
}
