package daemon

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/batch"
	"momento-bridge/config"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// watched is a daemon built from a plan that the test has changed, and its service manager, which wants a sign of life
// each second.
type watched struct {
	daemontest.Admin

	t       *testing.T
	manager *daemontest.Manager
	log     *daemontest.Buffer
	cancel  context.CancelFunc
	done    chan error
}

// surroundings are what a watched daemon lives in.
type surroundings struct {
	nats     *server.Server
	js       jetstream.JetStream
	endpoint string
	timeout  time.Duration // Of a publish; 0: the default.
}

func newSurroundings(t *testing.T, cfg emulator.Config) *surroundings {
	t.Helper()
	w := &surroundings{nats: daemontest.StartNATS(t, &server.Options{JetStream: true, StoreDir: t.TempDir()})}
	_, w.endpoint = daemontest.StartEmulator(t, cfg)
	_, w.js = daemontest.Connect(t, w.nats.ClientURL())
	w.createStream(t, "S", "s")
	w.createStream(t, "D", "dead.>")
	return w
}

func (w *surroundings) createStream(t *testing.T, name, subject string) {
	t.Helper()
	_, err := w.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{subject}})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *surroundings) publish(t *testing.T, payload string) {
	t.Helper()
	if _, err := w.js.Publish(t.Context(), "s", []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// plan is that of a daemon with these routes.
func (w *surroundings) plan(t *testing.T, routes string) *Plan {
	t.Helper()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte("the-key"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := config.Read("test",
		fmt.Appendf(nil, "nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q, connections: 8, timeout: %v}\n"+
			"admin: {listen: \"127.0.0.1:0\"}\nshutdown_timeout: 15s\nroutes:\n"+
			"%s", w.nats.ClientURL(), w.endpoint, keyFile, cmp.Or(w.timeout, 5*time.Second), routes))
	f.Validate()
	plan := NewPlan(f)
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// watchTick makes what takes a minute take some seconds; the long form takes the minute.
func watchTick() time.Duration { return long.Or(progressTick*3/20, progressTick) }

func startWatched(t *testing.T, w *surroundings, routes string, change func(*Plan)) *watched {
	t.Helper()
	plan := w.plan(t, routes)
	change(plan)
	d := &watched{t: t, manager: daemontest.NewManager(t), log: &daemontest.Buffer{}, done: make(chan error, 1)}
	environment := map[string]string{"NOTIFY_SOCKET": d.manager.Socket, "WATCHDOG_USEC": "1000000"}
	getenv := func(name string) string { return environment[name] }
	bridge, err := New(Config{Plan: plan, Getenv: getenv}, slog.New(slog.NewJSONHandler(d.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	bridge.vitals.progress.tick = watchTick()
	d.Admin = daemontest.Admin{T: t, URL: "http://" + bridge.AdminAddr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go func() { d.done <- bridge.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.log)
		}
	})
	return d
}

// alive asks for /livez, which must answer whatever has happened.
func (d *watched) alive() bool {
	d.t.Helper()
	status, body := d.Get("/livez")
	if status == 0 {
		d.t.Errorf("/livez = %d %q", status, body)
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
	const busy = "a worker has been busy with one publish since"
	for reason, change := range map[string]func(r *pipeline.RouteConfig){
		"the pipeline has not moved for": func(r *pipeline.RouteConfig) {
			r.Batch = pipeline.BatchConfig{Framing: &deadlock{Framing: lines, release: release}, MaxBytes: 4096}
		},
		busy: func(r *pipeline.RouteConfig) { r.MaxPayload, r.DeadLetters = 1, stuckLetters{release} },
	} {
		if reason == busy && !long.Asked() { // The pipeline waits for the best part of a minute before it says so.
			continue
		}
		w := newSurroundings(t, emulator.Config{})
		d := startWatched(t, w, "  - {name: s, stream: S, cache: c}", func(p *Plan) { change(&p.routes[0].route) })
		d.AwaitReady()
		d.manager.Await(t, "WATCHDOG=1")
		w.publish(t, "xx")
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
		w := newSurroundings(t, emulator.Config{Script: tt.script})
		w.endpoint, w.timeout = cmp.Or(tt.endpoint, w.endpoint), 2*time.Second
		for range 50 {
			w.publish(t, "x")
		}
		w.publish(t, strings.Repeat("x", 101)) // Its dead letter cannot be kept without NATS.
		d := startWatched(t, w, "  - {name: s, stream: S, cache: c, ordering: none, max_payload: 100, dead_letter: "+
			"{subject: dead.s}}\n"+
			"  - {name: core, subject: core, cache: c}", func(*Plan) {})
		daemontest.Eventually(t, "consuming",
			func() bool { return d.Metric(`messages_received_total{route="s"}`) == 51 })
		if tt.natsEnds {
			w.nats.Shutdown()
			w.nats.WaitForShutdown()
		}
		daemons[tt.reason] = d
	}
	for reason, d := range daemons {
		d.AwaitNotReady(reason)
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
	for time.Since(began) < (natsLimit+5)*watchTick() || len(found) < len(stuck) {
		time.Sleep(watchTick() / 5)
		for reason, d := range away {
			if !d.alive() {
				_, why := d.Get("/livez")
				t.Fatalf("%s: taken for stuck: %s", reason, why)
			}
		}
		for _, d := range stuck {
			if found[d] == 0 && !d.alive() {
				found[d] = time.Since(began)
			}
		}
		if time.Since(began) > time.Minute+natsLimit*watchTick() {
			t.Fatalf("%d of %d stuck daemons were found", len(found), len(stuck))
		}
	}
	for reason, d := range away {
		daemontest.Eventually(t, reason+": signs of life",
			func() bool { return len(d.manager.Since(5*time.Second, "WATCHDOG=1")) > 3 })
		if strings.Contains(d.log.String(), "stuck") {
			t.Errorf("%s: the log tells of being stuck", reason)
		}
	}
	for reason, d := range stuck {
		d.awaitStuck(reason, found[d])
	}
	close(release)
	for reason, d := range stuck {
		daemontest.Eventually(t, "alive again", d.alive)
		d.cancel()
		if err := <-d.done; err != nil {
			t.Errorf("%s: run = %v", reason, err)
		}
	}
}

// awaitStuck checks what a daemon says that was found to be stuck after a time.
func (d *watched) awaitStuck(reason string, after time.Duration) {
	d.t.Helper()
	if after < stuckProbes*watchTick() {
		d.t.Errorf("%s: found after %v", reason, after)
	}
	d.manager.Await(d.t, "STATUS=stuck: ")
	// It may have been found within the last seconds.
	daemontest.Eventually(d.t, reason+": no sign of life for 2 s",
		func() bool { return len(d.manager.Since(2*time.Second, "WATCHDOG=1")) == 0 })
	if _, body := d.Get("/livez"); !strings.Contains(body, reason) {
		d.t.Errorf("/livez says %q, want %q", body, reason)
	}
	if status, body := d.Get("/readyz"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "must be restarted") {
		d.t.Errorf("%s: /readyz = %d %q", reason, status, body)
	}
}
