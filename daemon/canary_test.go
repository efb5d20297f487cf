package daemon

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/admin"
	"momento-bridge/canary"
	"momento-bridge/config"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

// canaryWorld is an endpoint that can be told to fail, a NATS server, and daemons with canaries.
type canaryWorld struct {
	t        *testing.T
	nats     *server.Server
	endpoint *httptest.Server
	emulator *emulator.Server
	subject  string // Of the users' route.
	timeout  string // Of a publish.
	key      string // The file.

	text    atomic.Pointer[string] // What a reload reads besides.
	gate    atomic.Pointer[gate]   // Publishes of canaries wait for it; nil: they do not.
	swallow atomic.Bool            // Publishes of canaries are accepted, and go nowhere.
	refuse  atomic.Int32           // The status of all answers to publishes of canaries.
	deafen  atomic.Int32           // The same of answers to subscribers.
	late    atomic.Int64           // How long answers to subscribers are kept back.
}

func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &canaryWorld{
		t: t, nats: daemontest.StartNATS(t, &server.Options{}), emulator: e, subject: "a.>", timeout: "5s",
		key: filepath.Join(t.TempDir(), "key"),
	}
	if err := os.WriteFile(w.key, []byte("k"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.endpoint = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(func() {
		w.endpoint.CloseClientConnections()
		w.endpoint.Close()
	})
	return w
}

func (w *canaryWorld) serve(out http.ResponseWriter, r *http.Request) {
	ours := strings.Contains(r.URL.Path, "momento-bridge-canary")
	if g := w.gate.Load(); g != nil && ours && r.Method == http.MethodPost {
		g.pass(r.Context())
	}
	switch {
	case ours && r.Method == http.MethodPost && w.refuse.Load() != 0:
		_, _ = io.Copy(io.Discard, r.Body)
		out.WriteHeader(int(w.refuse.Load()))
	case ours && r.Method == http.MethodPost && w.swallow.Load():
		_, _ = io.Copy(io.Discard, r.Body)
		out.WriteHeader(http.StatusNoContent)
	case ours && r.Method == http.MethodGet && w.deafen.Load() != 0:
		out.WriteHeader(int(w.deafen.Load()))
	case r.Method == http.MethodGet:
		recorded := httptest.NewRecorder()
		w.emulator.ServeHTTP(recorded, r)
		time.Sleep(time.Duration(w.late.Load()))
		maps.Copy(out.Header(), recorded.Header())
		out.WriteHeader(recorded.Code)
		_, _ = recorded.Body.WriteTo(out)
	default:
		w.emulator.ServeHTTP(out, r)
	}
}

// plan is what a daemon is started with.
func (w *canaryWorld) plan(more string) *Plan {
	w.t.Helper()
	w.text.Store(&more)
	f, err := w.read()
	if err != nil {
		w.t.Fatal(err)
	}
	return NewPlan(f)
}

// read reads the configuration.
func (w *canaryWorld) read() (*config.File, error) {
	f := config.Read("f", fmt.Appendf(nil, "nats: {url: %q}\n"+
		"momento: {endpoint: %q, api_key_file: %q, connections: 4, timeout: %s}\n"+
		"admin: {listen: '127.0.0.1:0'}\nroutes:\n  - {name: r, subject: %q, cache: c}\n%s\n",
		w.nats.ClientURL(), w.endpoint.URL, w.key, w.timeout, w.subject, *w.text.Load()))
	f.Validate()
	NewPlan(f)
	return f, f.Err()
}

// canaryDaemon is a running daemon.
type canaryDaemon struct {
	*Daemon

	t    *testing.T
	stop func() error
	log  *daemontest.Buffer
}

func (w *canaryWorld) daemon(more string) *canaryDaemon {
	w.t.Helper()
	log := &daemontest.Buffer{}
	d, err := New(Config{Plan: w.plan(more), Reload: w.read}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	w.t.Cleanup(func() { _ = stop() })
	return &canaryDaemon{Daemon: d, t: w.t, stop: stop, log: log}
}

const oftenCanary = "canary: {every: 1s}"

// await waits until the canary is in a state, for a reason.
func (d *canaryDaemon) await(state canary.State, reason string) *admin.Canary {
	d.t.Helper()
	var last *admin.Canary
	daemontest.Eventually(d.t, fmt.Sprintf("the canary %s (%s)", state, reason), func() bool {
		last = d.Status().Canary
		return last.State == string(state) && strings.Contains(last.Reason, reason)
	})
	return last
}

func TestACanaryGetsThroughAndIsCountedApart(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	d := w.daemon(oftenCanary)
	d.await(canary.OK, "")
	daemontest.Eventually(t, "several canaries", func() bool { return d.Status().Canary.Seen > 1 })
	s := d.Status()
	r := s.Routes[0]
	if len(s.Routes) != 1 || r.Received != 0 || r.LostTotal != 0 || s.Rates.Out != 0 || s.Queue.Messages != 0 {
		t.Errorf("it is among the traffic: %+v", s.Routes)
	}
	if c := s.Canary; c.Lost+c.Duplicates+c.Foreign != 0 || c.LastSeconds == nil || c.P99 == nil {
		t.Errorf("it says %+v", c)
	}
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	if text := d.log.String(); strings.Contains(text, canaryRouteName) {
		t.Errorf("the log says\n%s", text)
	}
}

func TestARouteOfEverythingCarriesNoCanary(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	w.subject = ">"
	d := w.daemon(oftenCanary)
	d.await(canary.OK, "")
	daemontest.Eventually(t, "several canaries", func() bool { return d.Status().Canary.Seen > 1 })
	for _, topic := range w.emulator.Stats().Topics {
		if strings.Contains(topic.Topic, ".canary") {
			t.Errorf("it has carried %+v", topic)
		}
	}
}

func TestWithoutACanaryNothingIsSent(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	d := w.daemon("")
	daemontest.Eventually(t, "ready", func() bool { return d.Status().Ready })
	if c := d.Status().Canary; c != nil {
		t.Errorf("there is one: %+v", c)
	}
}

func TestPlantedFaultsOfTheEndpointAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		plant  func(w *canaryWorld)
		state  canary.State
		reason string
	}{
		{"loss", func(w *canaryWorld) { w.swallow.Store(true) }, canary.Losing, "did not get it"},
		{"delay", func(w *canaryWorld) { w.late.Store(int64(4 * time.Second)) }, canary.Late, ""},
		{"refusal", func(w *canaryWorld) { w.refuse.Store(http.StatusBadRequest) }, canary.Refused, "400"},
		{
			"a topic that is forbidden", func(w *canaryWorld) { w.refuse.Store(http.StatusForbidden) }, canary.Refused,
			"may not publish to the canary's topic",
		},
		{
			"a subscriber that is refused", func(w *canaryWorld) {
				w.deafen.Store(http.StatusForbidden)
				w.endpoint.CloseClientConnections()
			}, canary.Deaf, "publishes are accepted but the subscriber cannot listen: subscribe: the API key may not " +
				"subscribe to the topic",
		},
		{
			"a subscriber that is failed", func(w *canaryWorld) {
				w.deafen.Store(http.StatusInternalServerError)
				w.endpoint.CloseClientConnections()
			}, canary.Deaf, "publishes are accepted but the subscriber cannot listen: ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.state == canary.Deaf {
				long.Only(t)
			}
			w := newCanaryWorld(t)
			d := w.daemon(oftenCanary)
			d.await(canary.OK, "")
			c.plant(w)
			d.await(c.state, c.reason)
			w.swallow.Store(false)
			w.late.Store(0)
			w.refuse.Store(0)
			w.deafen.Store(0)
			d.await(canary.OK, "")
		})
	}
}

func TestReplicasTellTheirCanariesApart(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	a, b := w.daemon(oftenCanary), w.daemon(oftenCanary)
	a.await(canary.OK, "")
	b.await(canary.OK, "")
	daemontest.Eventually(t, "each hears the other", func() bool {
		return a.Status().Canary.Foreign > 1 && b.Status().Canary.Foreign > 1
	})
	for _, d := range []*canaryDaemon{a, b} {
		if c := d.Status().Canary; c.Lost+c.Duplicates+c.Reordered != 0 || c.Seen > c.Sent {
			t.Errorf("it says %+v", c)
		}
	}
}

func TestACanaryWaitsForWhatTheDaemonTellsItself(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		plant  func(w *canaryWorld, d *canaryDaemon)
		reason string
		mend   func(w *canaryWorld, d *canaryDaemon)
	}{
		{
			"a pause", func(_ *canaryWorld, d *canaryDaemon) { d.set(true) }, "every route is paused",
			func(_ *canaryWorld, d *canaryDaemon) { d.set(false) },
		},
		{
			"a quota that is used up",
			func(w *canaryWorld, _ *canaryDaemon) { w.refuse.Store(http.StatusTooManyRequests) },
			"refuses for quota (429)", func(w *canaryWorld, _ *canaryDaemon) { w.refuse.Store(0) },
		},
		{
			"an endpoint that fails",
			func(w *canaryWorld, _ *canaryDaemon) { w.refuse.Store(http.StatusInternalServerError) },
			"", func(w *canaryWorld, _ *canaryDaemon) { w.refuse.Store(0) },
		},
		{
			"a key that is refused", func(w *canaryWorld, _ *canaryDaemon) { w.refuse.Store(http.StatusUnauthorized) },
			"refuses the API key", func(w *canaryWorld, _ *canaryDaemon) { w.refuse.Store(0) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newCanaryWorld(t)
			d := w.daemon(oftenCanary)
			d.await(canary.OK, "")
			c.plant(w, d)
			d.await(canary.Waiting, c.reason)
			c.mend(w, d)
			if s := d.await(canary.OK, ""); s.Lost != 0 {
				t.Errorf("it says %+v", s)
			}
		})
	}
}

// set pauses all routes, or resumes them.
func (d *canaryDaemon) set(paused bool) {
	d.t.Helper()
	if _, err := d.pause(admin.Pausing{Paused: paused}); err != nil {
		d.t.Error(err)
	}
}

func TestARestartOfNATSLosesNoCanary(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	port := daemontest.Port(t)
	w.nats = daemontest.StartNATS(t, &server.Options{Port: port})
	d := w.daemon(oftenCanary)
	d.await(canary.OK, "")
	w.nats.Shutdown()
	w.nats.WaitForShutdown()
	d.await(canary.Waiting, "no connection to NATS")
	daemontest.StartNATS(t, &server.Options{Port: port})
	if s := d.await(canary.OK, ""); s.Lost != 0 {
		t.Errorf("it says %+v", s)
	}
}

func TestWhatIsForeignOnTheTopicChangesNothing(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	d := w.daemon(oftenCanary)
	d.await(canary.OK, "")
	for _, text := range []string{"hello", "", "momento-bridge-canary/1 me 1 1"} {
		resp, err := http.Post(w.endpoint.URL+"/topics/c/momento-bridge-canary?token=k", "text/plain",
			bytes.NewReader([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	conn, _ := daemontest.Connect(t, w.nats.ClientURL())
	if err := conn.Publish(canarySubject(&d.plan.file.Config), []byte("no canary")); err != nil {
		t.Fatal(err)
	}
	daemontest.Eventually(t, "what is foreign counted", func() bool { return d.Status().Canary.Foreign >= 2 })
	if c := d.await(canary.OK, ""); c.Lost+c.Duplicates != 0 {
		t.Errorf("it says %+v", c)
	}
}

func TestAnothersMessageOnACanarysOwnSubjectGoesNowhere(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	d := w.daemon(oftenCanary)
	conn, _ := daemontest.Connect(t, w.nats.ClientURL())
	own, err := conn.SubscribeSync(canarySubject(&d.plan.file.Config) + ".*")
	if err != nil {
		t.Fatal(err)
	}
	m, err := own.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	p, err := canary.Read(m.Data)
	if err != nil {
		t.Fatal(err)
	}
	p.Replica = "another"
	if err := conn.Publish(m.Subject, p.Bytes()); err != nil {
		t.Fatal(err)
	}
	if _, err := own.NextMsg(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	seen := d.Status().Canary.Seen
	daemontest.Eventually(t, "further canaries", func() bool { return d.Status().Canary.Seen > seen+1 })
	if c := d.Status().Canary; c.Foreign != 0 {
		t.Errorf("it was published: %+v", c)
	}
}
