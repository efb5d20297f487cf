package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/batch"
	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/sink/emulator"
)

// watched is a daemon built from a plan that the test has changed, and its service manager, which wants a sign of life each second.
type watched struct {
	*process
	manager *fakeManager
}

func startWatched(t *testing.T, file string, change func(*plan)) *watched {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f := config.Read(file, text)
	f.Validate()
	f.Admin.Listen = "127.0.0.1:0"
	plan := newPlan(f)
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	change(plan)
	d := &watched{&process{t: t, log: &syncBuffer{}, done: make(chan error, 1)}, newFakeManager(t)}
	b, err := newBridge(plan, logger(f, d.log))
	if err != nil {
		t.Fatal(err)
	}
	b.manager = serviceManager{socket: d.manager.socket, watchdog: time.Second}
	d.admin = "http://" + b.admin.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go func() { d.done <- b.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.log)
		}
	})
	return d
}

// alive asks for /livez, which must answer soon whatever has happened.
func (d *watched) alive() bool {
	d.t.Helper()
	began := time.Now()
	status, body := d.get("/livez")
	if status == 0 || time.Since(began) > 3*time.Second {
		d.t.Errorf("/livez = %d %q after %v", status, body, time.Since(began))
	}
	return status == http.StatusOK
}

// deadlock is a framing that keeps the pipeline's mutex until it is released, once it has seen a message.
type deadlock struct {
	batch.Framing
	seen    atomic.Int32
	release chan struct{}
}

func (d *deadlock) Overhead() int {
	if d.seen.Add(1) > 1 { // At first it is asked without the mutex.
		<-d.release
	}
	return d.Framing.Overhead()
}

// stuckLetters never return.
type stuckLetters struct{ release chan struct{} }

func (l stuckLetters) Keep(*pipeline.Message, pipeline.Rejection) error {
	<-l.release
	return nil
}

func TestStuckDaemonGivesNoSignOfLife(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(r *pipeline.RouteConfig, release chan struct{})
		reason string
	}{
		"deadlock": {func(r *pipeline.RouteConfig, release chan struct{}) {
			lines, _ := batch.Parse("lines")
			r.Batch = pipeline.BatchConfig{Framing: &deadlock{Framing: lines, release: release}, MaxBytes: 4096}
		}, "the pipeline has not moved for"},
		"a worker that does not come back": {func(r *pipeline.RouteConfig, release chan struct{}) {
			r.MaxPayload, r.DeadLetters = 1, stuckLetters{release}
		}, "a worker has been busy with one publish since"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			w := newWorld(t, emulator.Config{})
			w.stream("S", "s")
			d := startWatched(t, w.config("", "  - {name: s, stream: S, cache: c}"), func(p *plan) { tt.change(&p.routes[0].route, release) })
			d.awaitReady()
			d.manager.await(t, "WATCHDOG=1")
			began := time.Now()
			w.publish("s", "xx")
			for d.alive() && time.Since(began) < time.Minute {
				time.Sleep(100 * time.Millisecond)
			}
			took := time.Since(began)
			if took < 15*time.Second || took > time.Minute {
				t.Errorf("it is found after %v", took)
			}
			d.manager.await(t, "STATUS=stuck: ")
			if _, body := d.get("/livez"); !strings.Contains(body, tt.reason) {
				t.Errorf("/livez says %q, want %q", body, tt.reason)
			}
			if status, body := d.get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "must be restarted") {
				t.Errorf("/readyz = %d %q", status, body)
			}
			time.Sleep(2 * time.Second)
			if told := d.manager.since(2*time.Second, "WATCHDOG=1"); len(told) > 0 {
				t.Errorf("%d signs of life while it is stuck", len(told))
			}
			close(release)
			eventually(t, "alive again", d.alive)
			if err := d.stop(); err != nil {
				t.Errorf("run = %v", err)
			}
		})
	}
}

// Each outage lasts longer than anything in the daemon may take.
func TestOutagesLeaveTheDaemonAliveAndSayWhy(t *testing.T) {
	t.Parallel()
	const long = (pulseLimit + 15) * time.Second
	natsAway := func(w *world) { w.server.Shutdown(); w.server.WaitForShutdown() }
	for name, tt := range map[string]struct {
		endpoint string // Instead of the emulator's.
		hangs    bool   // The endpoint.
		befall   func(*world)
		reasons  []string
	}{
		"endpoint":         {"http://127.0.0.1:9", false, func(*world) {}, []string{"endpoint: down: connect to 127.0.0.1:9"}},
		"hanging endpoint": {"", true, func(*world) {}, []string{"endpoint: down: no answer within the timeout"}},
		"NATS":             {"", false, natsAway, []string{"nats: not connected: ", "check nats.url, the network and the server"}},
		"both":             {"http://127.0.0.1:9", false, natsAway, []string{"nats: not connected", "endpoint: down"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			end := make(chan struct{})
			t.Cleanup(func() { close(end) })
			w := newWorld(t, emulator.Config{Script: func(string, string, []byte) int {
				if tt.hangs {
					<-end
				}
				return 0
			}})
			if tt.endpoint != "" {
				w.endpoint = tt.endpoint
			}
			w.stream("S", "s")
			w.stream("D", "dead.>")
			for range 50 {
				w.publish("s", "x")
			}
			w.publish("s", strings.Repeat("x", 101)) // Its dead letter cannot be kept without NATS.
			d := startWatched(t, w.config("shutdown_timeout: 7s", "  - {name: s, stream: S, cache: c, ordering: none, max_payload: 100, dead_letter: {subject: dead.s}}\n"+
				"  - {name: core, subject: core, cache: c}"), func(*plan) {})
			eventually(t, "consuming", func() bool { return d.metric(`messages_received_total{route="s"}`) == 51 })
			tt.befall(w)
			for _, reason := range tt.reasons {
				d.awaitNotReady(reason)
			}
			for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
				if !d.alive() {
					_, why := d.get("/livez")
					t.Fatalf("not alive: %s", why)
				}
			}
			if n := len(d.manager.since(5*time.Second, "WATCHDOG=1")); n < 3 {
				t.Errorf("%d signs of life in the last 5 s", n)
			}
			if log := d.log.String(); strings.Contains(log, "stuck") {
				t.Error("it was taken for stuck")
			}
			_ = d.stop()
		})
	}
}
