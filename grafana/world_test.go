package grafana

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// world is what one condition needs: a NATS server, an endpoint, and daemons that Prometheus scrapes under one job.
type world struct {
	t        *testing.T
	s        *server
	job      string
	nats     *lab.NATS
	js       jetstream.JetStream
	conn     *nats.Conn
	endpoint *lab.Emulator
	keyFile  string
}

func newWorld(t *testing.T, s *server, emulator ...string) *world {
	t.Helper()
	w := &world{t: t, s: s, job: "momento-bridge/" + t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]}
	var err error
	w.keyFile, err = rig.Write("key", "a-key")
	must(t, err)
	w.nats, err = rig.StartNATS(t.Context())
	must(t, err)
	t.Cleanup(w.nats.Close)
	w.conn, w.js, err = lab.Connect(w.nats)
	must(t, err)
	t.Cleanup(w.conn.Close)
	w.endpoint, err = rig.StartEmulator(t.Context(), emulator...)
	must(t, err)
	ends(t, w.endpoint.Process)
	return w
}

func (w *world) writeKey(key string) {
	w.t.Helper()
	must(w.t, os.WriteFile(w.keyFile, []byte(key), 0o600))
}

func (w *world) stream(name string, subjects ...string) {
	w.t.Helper()
	_, err := w.js.CreateStream(w.t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects})
	must(w.t, err)
}

// set changes the emulator's settings: JSON, such as {"fault": "500:100%"}.
func (w *world) set(settings string) {
	w.t.Helper()
	must(w.t, w.endpoint.Set(w.t.Context(), settings))
}

func (w *world) fault(list string) {
	w.t.Helper()
	w.set(fmt.Sprintf(`{"fault": %q}`, list))
}

// load publishes so many messages a second to subjects until the test ends or the returned function is called: subject
// is a pattern with the number of the message. To subjects of no stream it publishes as core NATS does.
func (w *world) load(perSecond int, subject string) (stop func()) {
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticks := time.NewTicker(time.Second / time.Duration(perSecond))
		defer ticks.Stop()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-ticks.C:
				_ = w.conn.Publish(fmt.Sprintf(subject, i), []byte(`{"some": "payload"}`))
			}
		}
	}()
	stop = func() {
		select {
		case <-stopped:
		default:
			close(done)
			<-stopped
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// fill publishes messages to a stream at once and waits until they are stored.
func (w *world) fill(n int, subject string) {
	w.t.Helper()
	for i := range n {
		if _, err := w.js.PublishAsync(fmt.Sprintf(subject, i), []byte("a message"),
			jetstream.WithStallWait(time.Minute)); err != nil {
			w.t.Fatal(err)
		}
	}
	<-w.js.PublishAsyncComplete()
}

// daemon is the bridge as a process, at the same address each time it is started.
type daemon struct {
	*lab.Daemon
	t *testing.T
}

// daemon starts a bridge with these routes, and more top-level lines, and has it scraped.
func (w *world) daemon(instance, more, routes string) *daemon {
	w.t.Helper()
	if !strings.Contains(more, "momento:") {
		more += fmt.Sprintf("\nmomento: {endpoint: %q, api_key_file: %q}", w.endpoint.URL, w.keyFile)
	}
	if !strings.Contains(more, "limits:") {
		more += "\nlimits: {rate: unlimited}"
	}
	d := newDaemon(w.t, fmt.Sprintf("nats: {url: %q}\n%s\nroutes:\n%s\n", w.nats.URL, more, routes))
	d.start()
	w.s.scrape(w.t, w.job, instance, d.Address)
	return d
}

// newDaemon prepares a bridge with a configuration.
func newDaemon(t *testing.T, config string) *daemon {
	t.Helper()
	path, err := rig.Write("config.yaml", config)
	must(t, err)
	return &daemon{rig.NewDaemon("-c", path), t}
}

// start starts the daemon, and waits until it listens.
func (d *daemon) start() {
	d.t.Helper()
	must(d.t, d.Start())
	ends(d.t, d.Process)
	must(d.t, lab.AwaitListener(d.t.Context(), d.Address))
}

// post changes the daemon, such as /api/v1/pause?route=orders.
func (d *daemon) post(path string) {
	d.t.Helper()
	must(d.t, d.Post(d.t.Context(), path))
}

// mustFire waits until each alert fires for the world's job.
func (w *world) mustFire(alerts ...string) {
	w.t.Helper()
	began := time.Now()
	for _, alert := range alerts {
		lab.Eventually(w.t, 3*time.Minute, alert+" fires", func() bool { return w.s.fires(w.t, alert, w.job) })
		w.t.Logf("%s fires after %v", alert, time.Since(began).Round(time.Second))
	}
}

// mustResolve waits until each alert has ended for the world's job.
func (w *world) mustResolve(alerts ...string) {
	w.t.Helper()
	began := time.Now()
	for _, alert := range alerts {
		lab.Eventually(w.t, 4*time.Minute, alert+" resolves", func() bool { return !w.s.fires(w.t, alert, w.job) })
		w.t.Logf("%s resolves after %v", alert, time.Since(began).Round(time.Second))
	}
}

// mustShow waits until every query of each panel has had data. A condition calls it before it ends for panels that no
// other one fills.
func (w *world) mustShow(panels ...string) {
	w.t.Helper()
	for _, panel := range panels {
		lab.Eventually(w.t, time.Minute, panel+" has data", func() bool { return w.s.shown.had(w.t, panel) })
	}
}
