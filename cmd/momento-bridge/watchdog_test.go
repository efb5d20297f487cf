package main

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/batch"
	"momento-bridge/config"
	"momento-bridge/emulator"
	"momento-bridge/pipeline"
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
	b, err := newBridge(bridgeConfig{Plan: plan}, logger(f, d.log))
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

// stuckDaemons are stuck as soon as s gets a message, until release is closed.
func stuckDaemons(t *testing.T, release chan struct{}) map[string]*watched {
	t.Helper()
	lines, err := batch.Parse("lines")
	if err != nil {
		t.Fatal(err)
	}
	daemons := map[string]*watched{}
	for reason, change := range map[string]func(r *pipeline.RouteConfig){
		"the pipeline has not moved for": func(r *pipeline.RouteConfig) {
			r.Batch = pipeline.BatchConfig{Framing: &deadlock{Framing: lines, release: release}, MaxBytes: 4096}
		},
		"a worker has been busy with one publish since": func(r *pipeline.RouteConfig) { r.MaxPayload, r.DeadLetters = 1, stuckLetters{release} },
	} {
		w := newWorld(t, emulator.Config{})
		w.stream("S", "s")
		d := startWatched(t, w.config("", "  - {name: s, stream: S, cache: c}"), func(p *plan) { change(&p.routes[0].route) })
		d.awaitReady()
		d.manager.await(t, "WATCHDOG=1")
		w.publish("s", "xx")
		daemons[reason] = d
	}
	return daemons
}

// outages are daemons that nothing is wrong with but what is around them, by the reason that they give.
func outages(t *testing.T) map[string]*watched {
	t.Helper()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	hang := func(string, string, []byte) int { <-end; return 0 }
	daemons := map[string]*watched{}
	for _, tt := range []struct {
		reason   string
		script   func(cache, topic string, body []byte) int
		endpoint string // Instead of the emulator's.
		natsEnds bool
	}{
		{"endpoint: down: connect to 127.0.0.1:9", nil, "http://127.0.0.1:9", false},
		{"endpoint: down: no answer within the timeout", hang, "", false},
		{"nats: not connected: ", nil, "", true},
		{"\nendpoint: down: connect to 127.0.0.1:9", nil, "http://127.0.0.1:9", true},
	} {
		w := newWorld(t, emulator.Config{Script: tt.script})
		w.endpoint = cmp.Or(tt.endpoint, w.endpoint)
		w.stream("S", "s")
		w.stream("D", "dead.>")
		for range 50 {
			w.publish("s", "x")
		}
		w.publish("s", strings.Repeat("x", 101)) // Its dead letter cannot be kept without NATS.
		d := startWatched(t, w.config("shutdown_timeout: 7s",
			"  - {name: s, stream: S, cache: c, ordering: none, max_payload: 100, dead_letter: {subject: dead.s}}\n  - {name: core, subject: core, cache: c}"), func(*plan) {})
		eventually(t, "consuming", func() bool { return d.metric(`messages_received_total{route="s"}`) == 51 })
		if tt.natsEnds {
			w.server.Shutdown()
			w.server.WaitForShutdown()
		}
		daemons[tt.reason] = d
	}
	for reason, d := range daemons {
		d.awaitNotReady(reason)
	}
	return daemons
}

// All at once, as it takes its time: an outage must last longer than anything in the daemon may take.
func TestWatchdogTellsStuckDaemonsFromOutages(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	away := outages(t)
	began := time.Now()
	stuck := stuckDaemons(t, release)
	found := map[*watched]time.Duration{}
	for time.Since(began) < (natsLimit+5)*time.Second {
		time.Sleep(200 * time.Millisecond)
		for reason, d := range away {
			if !d.alive() {
				_, why := d.get("/livez")
				t.Fatalf("%s: taken for stuck: %s", reason, why)
			}
		}
		for _, d := range stuck {
			if found[d] == 0 && !d.alive() {
				found[d] = time.Since(began)
			}
		}
	}
	for reason, d := range away {
		if n := len(d.manager.since(5*time.Second, "WATCHDOG=1")); n < 3 {
			t.Errorf("%s: %d signs of life in the last 5 s", reason, n)
		}
		if strings.Contains(d.log.String(), "stuck") {
			t.Errorf("%s: the log tells of being stuck", reason)
		}
	}
	for reason, d := range stuck {
		d.awaitStuck(reason, found[d])
	}
	close(release)
	for reason, d := range stuck {
		eventually(t, "alive again", d.alive)
		if err := d.stop(); err != nil {
			t.Errorf("%s: run = %v", reason, err)
		}
	}
}

// awaitStuck checks what a daemon says that was found to be stuck after a time.
func (d *watched) awaitStuck(reason string, after time.Duration) {
	d.t.Helper()
	if after < pulseLimit*time.Second || after > time.Minute {
		d.t.Errorf("%s: found after %v", reason, after)
	}
	d.manager.await(d.t, "STATUS=stuck: ")
	// It may have been found within the last seconds.
	eventually(d.t, reason+": no sign of life for 2 s", func() bool { return len(d.manager.since(2*time.Second, "WATCHDOG=1")) == 0 })
	if _, body := d.get("/livez"); !strings.Contains(body, reason) {
		d.t.Errorf("/livez says %q, want %q", body, reason)
	}
	if status, body := d.get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "must be restarted") {
		d.t.Errorf("%s: /readyz = %d %q", reason, status, body)
	}
}
