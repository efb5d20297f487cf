package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

// step is one thing that goes wrong, or changes.
type step struct {
	Kind  string        `json:"kind"`
	Lasts time.Duration `json:"lasts"`
	Route string        `json:"route,omitempty"`
	Value float64       `json:"value,omitempty"`
}

func (s *step) String() string {
	return fmt.Sprintf("%s %s %.3g %v", s.Kind, s.Route, s.Value, s.Lasts.Round(time.Second/10))
}

// fault is a kind of step: how to begin it and how to end it.
type fault struct {
	rig         string // What it is done to: two that are done to the same are not done together.
	kind        string
	least, most time.Duration // How long it lasts.
	need        string        // A route without which it is nothing.
	begin, end  func(ctx context.Context, w *world, s *step) error
}

func behave(b behaviour) func(context.Context, *world, *step) error {
	return func(_ context.Context, w *world, _ *step) error {
		w.endpoint.set(b)
		return nil
	}
}

func well(_ context.Context, w *world, _ *step) error {
	w.endpoint.set(behaviour{})
	return nil
}

func nothing(context.Context, *world, *step) error { return nil }

const second = time.Second

// faults are all kinds, in an order that a seed relies on.
var faults = []fault{
	{"endpoint", "e500", 5 * second, 20 * second, "", behave(behaviour{status: 500}), well},
	{"endpoint", "some500", 10 * second, 20 * second, "", behave(behaviour{status: 503, share: .1}), well},
	{"endpoint", "refuse", 4 * second, 15 * second, "", refuse, accept},
	{"endpoint", "cut", 5 * second, 15 * second, "", behave(behaviour{cut: true}), well},
	{"endpoint", "hang", 8 * second, 20 * second, "", behave(behaviour{hang: true}), well},
	{"endpoint", "somehang", 10 * second, 20 * second, "", behave(behaviour{hang: true, share: .02}), well},
	{"endpoint", "lose", 10 * second, 20 * second, "", behave(behaviour{lose: true, share: .05}), well},
	{"quota", "quota", 25 * second, 45 * second, "", quotaStep, quotaBack},
	{"quota", "quotatight", 20 * second, 30 * second, "", quotaTight, quotaBack},
	{"endpoint", "key", 8 * second, 20 * second, "", behave(behaviour{key: "another"}), well},
	{"endpoint", "rotate", 8 * second, 15 * second, "", rotate, newKey},
	{"endpoint", "forbidsome", 15 * second, 25 * second, "ordered", behave(behaviour{
		forbidden: []string{"w.ordered.1", "w.ordered.2"},
	}), wellResumed},
	{"endpoint", "forbidroute", 10 * second, 20 * second, "loose", behave(behaviour{
		forbidden: []string{"w.loose."},
	}), wellResumed},
	{"endpoint", "cache", 10 * second, 20 * second, atMostOnce, behave(behaviour{missing: "second"}), wellResumed},
	{"load", "poison", 8 * second, 12 * second, "", poison, cured},
	{"load", "large", 8 * second, 12 * second, "", large, cured},
	{"load", "burst", 12 * second, 20 * second, "", burst, nothing},
	{"load", "lull", 12 * second, 20 * second, "", loadTo(0), loadTo(1000)},
	{"load", "load", 20 * second, 40 * second, "", loadUp, loadTo(1000)},
	{"nats", "freeze", 3 * second, 15 * second, "", freeze, thaw},
	{"nats", "natskill", 2 * second, 10 * second, "", killNATS, startNATS},
	{"daemon", "pause", 8 * second, 15 * second, "ordered", pause, resume},
	{"daemon", "pauseall", 6 * second, 12 * second, "", pauseAll, resumeAll},
	{"daemon", "kill", second, 4 * second, "", kill, restart},
	{"daemon", "term", second, 4 * second, "", term, restart},
}

// draw returns the next step.
func draw(random *rand.Rand, only []string, routes []string) (*fault, *step) {
	for {
		f := &faults[random.IntN(len(faults))]
		lasts := f.least + time.Duration(random.Int64N(int64(f.most-f.least)))
		value := random.Float64()
		if len(only) > 0 && !slices.Contains(only, f.kind) || f.need != "" && !slices.Contains(routes, f.need) {
			continue
		}
		return f, &step{Kind: f.kind, Lasts: lasts, Value: value, Route: f.need}
	}
}

func refuse(_ context.Context, w *world, _ *step) error {
	w.endpoint.shut()
	return nil
}

func accept(ctx context.Context, w *world, _ *step) error { return w.endpoint.open(ctx) }

// quotaStep makes the quota about what the load needs, or twice that.
func quotaStep(_ context.Context, w *world, s *step) error {
	w.endpoint.limit(w.needs() * (1 + s.Value))
	return nil
}

// quotaTight makes it less than the load needs.
func quotaTight(_ context.Context, w *world, s *step) error {
	w.endpoint.limit(w.needs() * (.4 + .4*s.Value))
	return nil
}

func quotaBack(_ context.Context, w *world, _ *step) error {
	w.endpoint.limit(w.usualQuota())
	return nil
}

func rotate(_ context.Context, w *world, _ *step) error {
	w.keys++
	w.endpoint.set(behaviour{key: w.key()})
	return nil
}

// newKey gives the daemon the key that the endpoint wants.
func newKey(_ context.Context, w *world, _ *step) error { return w.writeKey() }

func wellResumed(ctx context.Context, w *world, s *step) error {
	w.endpoint.set(behaviour{})
	_ = w.daemon.Post(ctx, "/api/v1/resume?route="+s.Route) // It only makes it faster; the daemon may be away.
	return nil
}

func poison(_ context.Context, w *world, _ *step) error {
	for _, l := range w.loads {
		if l.route.stream {
			l.poison.Store(40)
		}
	}
	return nil
}

func large(_ context.Context, w *world, _ *step) error {
	for _, l := range w.loads {
		if l.route.stream {
			l.large.Store(40)
		}
	}
	return nil
}

func cured(_ context.Context, w *world, _ *step) error {
	for _, l := range w.loads {
		l.poison.Store(0)
		l.large.Store(0)
	}
	return nil
}

func burst(_ context.Context, w *world, s *step) error {
	for _, l := range w.loads {
		l.burst <- int(l.route.rate * (2 + 10*s.Value))
	}
	return nil
}

func loadTo(factor int64) func(context.Context, *world, *step) error {
	return func(_ context.Context, w *world, _ *step) error {
		for _, l := range w.loads {
			l.factor.Store(factor)
		}
		return nil
	}
}

func loadUp(ctx context.Context, w *world, s *step) error {
	return loadTo(300+int64(s.Value*2500))(ctx, w, s)
}

func (w *world) natsAway(away bool) {
	for _, l := range w.loads {
		l.away.Store(away)
	}
}

func freeze(_ context.Context, w *world, _ *step) error {
	w.natsAway(true)
	w.nats.Signal(syscall.SIGSTOP)
	return nil
}

func thaw(_ context.Context, w *world, _ *step) error {
	w.nats.Signal(syscall.SIGCONT)
	w.natsAway(false)
	return nil
}

func killNATS(_ context.Context, w *world, _ *step) error {
	w.natsAway(true)
	w.nats.Kill()
	return nil
}

func startNATS(ctx context.Context, w *world, _ *step) error {
	defer w.natsAway(false)
	return w.nats.Start(ctx)
}

func pause(ctx context.Context, w *world, s *step) error {
	return w.daemon.Post(ctx, "/api/v1/pause?route="+s.Route)
}

func resume(ctx context.Context, w *world, s *step) error {
	return w.daemon.Post(ctx, "/api/v1/resume?route="+s.Route)
}

func pauseAll(ctx context.Context, w *world, _ *step) error {
	return w.daemon.Post(ctx, "/api/v1/pause")
}

func resumeAll(ctx context.Context, w *world, _ *step) error {
	return w.daemon.Post(ctx, "/api/v1/resume")
}

func kill(_ context.Context, w *world, _ *step) error {
	w.daemon.Kill()
	return nil
}

func term(_ context.Context, w *world, _ *step) error {
	if err := w.daemon.Stop(); err != nil {
		w.report.add(&finding{Kind: "exit", Owner: "wit", Text: "SIGTERM: " + err.Error()})
	}
	return nil
}

func restart(ctx context.Context, w *world, _ *step) error { return w.begin(ctx) }
