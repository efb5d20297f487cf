package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"momento-bridge/test/lab"
)

// usual is what happens in every network, and nobody needs to hear of from the canary.
var usual = []struct {
	name string
	do   func(ctx context.Context, w *world) error
}{
	{"restart of NATS", func(ctx context.Context, w *world) error {
		_ = w.nats.Stop()
		sleep(ctx, 2*time.Second)
		return w.nats.Start(ctx)
	}},
	{"kill of NATS", func(ctx context.Context, w *world) error {
		w.nats.Kill()
		return w.nats.Start(ctx)
	}},
	{"5xx for 5 s", func(ctx context.Context, w *world) error {
		return w.during(ctx, http.StatusBadGateway, 5*time.Second)
	}},
	{"429 for 30 s", func(ctx context.Context, w *world) error {
		return w.during(ctx, http.StatusTooManyRequests, 30*time.Second)
	}},
	{"restart of the daemon", func(ctx context.Context, w *world) error {
		_ = w.daemon.Stop()
		if err := w.daemon.Start(); err != nil {
			return err
		}
		return lab.Await(ctx, time.Minute, "the daemon is ready again", w.daemon.Ready)
	}},
	{"a pause", func(ctx context.Context, w *world) error {
		if err := w.daemon.Post(ctx, "/api/v1/pause"); err != nil {
			return err
		}
		sleep(ctx, 10*time.Second)
		return w.daemon.Post(ctx, "/api/v1/resume")
	}},
	{"a burst of users' messages", func(_ context.Context, w *world) error { return w.burst(100) }},
	{"5xx for 30 s, and messages of users", func(ctx context.Context, w *world) error {
		if err := w.burst(20); err != nil {
			return err
		}
		return w.during(ctx, http.StatusServiceUnavailable, 30*time.Second)
	}},
	{"frozen NATS for 4 s", func(ctx context.Context, w *world) error {
		w.nats.Signal(stop)
		sleep(ctx, 4*time.Second)
		w.nats.Signal(goOn)
		return nil
	}},
}

// during lets the endpoint answer everything with a status for a while.
func (w *world) during(ctx context.Context, status int, d time.Duration) error {
	w.proxy.set(rules{all: status})
	sleep(ctx, d)
	w.proxy.set(rules{})
	return nil
}

// burst publishes messages of users, more than the quota lets pass at once.
func (w *world) burst(n int) error {
	conn, _, err := lab.Connect(w.nats)
	if err != nil {
		return err
	}
	defer conn.Close()
	for i := range n {
		if err := conn.Publish(fmt.Sprintf("%s.%d", w.name, i%7), []byte("of users")); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return conn.Flush()
}

// normal lets usual faults happen for a while, and counts what the canary cries.
func normal(ctx context.Context, l *lab.Lab, o *options) (failed bool, err error) {
	nats, err := l.StartNATS(ctx)
	if err != nil {
		return true, err
	}
	w, err := newWorld(ctx, l, nats, "normal", o)
	if err != nil {
		return true, err
	}
	began := time.Now()
	publishes, polls, items := w.proxy.publishes.Load(), w.proxy.polls.Load(), w.proxy.items.Load()
	watching, stopWatching := context.WithCancel(ctx)
	var watched sync.WaitGroup
	var seen watcher
	watched.Go(func() { seen.watch(watching, w) })
	n := 0
	for ; time.Since(began) < o.lasts && ctx.Err() == nil; n++ {
		u := usual[n%len(usual)]
		seen.happens(u.name)
		if err = u.do(ctx, w); err != nil {
			break
		}
		sleep(ctx, 25*time.Second)
	}
	stopWatching()
	watched.Wait()
	lasted := time.Since(began)
	// Momento's documents count a publish and each delivery; long polls are told besides.
	operations := float64(w.proxy.publishes.Load()-publishes+w.proxy.items.Load()-items) / lasted.Seconds()
	fmt.Printf("%d usual faults in %v: %d false alarms, %d lost; %.4f operations/s, %.2f %% of 10/s; %.4f polls/s\n", n,
		lasted.Round(time.Second), seen.alarms, seen.lost, operations, 10*operations,
		float64(w.proxy.polls.Load()-polls)/lasted.Seconds())
	return seen.alarms > 0 || operations > mostOperations, err
}

// mostOperations is a hundredth of the quota of 10/s.
const mostOperations = 0.1

// watcher looks at what the canary says.
type watcher struct {
	mu     sync.Mutex // Guards latest.
	latest string     // Fault.

	alarms, lost int
}

func (s *watcher) happens(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = what
}

// watch counts each time that the canary begins to cry, and the lost.
func (s *watcher) watch(ctx context.Context, w *world) {
	before := said{State: "ok"}
	for ctx.Err() == nil {
		sleep(ctx, 200*time.Millisecond)
		now, ok := w.says()
		if !ok {
			before.Lost = 0 // It is being started again.
			continue
		}
		s.mu.Lock()
		latest := s.latest
		s.mu.Unlock()
		if now.State != before.State && (alarms[now.State] || w.o.verbose) {
			fmt.Printf("     %s after %q: %s %s\n", time.Now().Format(time.TimeOnly), latest, now.State, now.Reason)
		}
		if alarms[now.State] && now.State != before.State {
			s.alarms++
		}
		s.lost += max(0, now.Lost-before.Lost)
		before = now
	}
}
