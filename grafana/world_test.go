package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// world is what one condition needs: a NATS server, an endpoint, and daemons that Prometheus scrapes under one job.
type world struct {
	t        *testing.T
	s        *server
	job      string
	nats     string // Host and port.
	store    string
	server   *exec.Cmd
	js       jetstream.JetStream
	conn     *nats.Conn
	endpoint string // Host and port.
	keyFile  string
}

func newWorld(t *testing.T, s *server, emulator ...string) *world {
	t.Helper()
	name := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
	w := &world{
		t: t, s: s, job: "momento-bridge/" + name, nats: freeAddress(t), store: t.TempDir(), endpoint: freeAddress(t), keyFile: filepath.Join(t.TempDir(), "key"),
	}
	w.writeKey("a-key")
	w.startNATS()
	var err error
	if w.conn, err = nats.Connect("nats://"+w.nats, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.conn.Close)
	if w.js, err = jetstream.New(w.conn, jetstream.WithPublishAsyncMaxPending(1000)); err != nil {
		t.Fatal(err)
	}
	start(t, program("momento-bridge"), append([]string{"emulator", "--listen", w.endpoint}, emulator...)...)
	eventually(t, 20*time.Second, "the emulator listens", func() bool { return listens(w.endpoint) })
	return w
}

// startNATS starts the NATS server, on the same address and store each time.
func (w *world) startNATS() {
	w.t.Helper()
	_, port, _ := net.SplitHostPort(w.nats)
	w.server = start(w.t, program("nats-server"), "-a", "127.0.0.1", "-p", port, "-js", "-sd", w.store)
	eventually(w.t, 20*time.Second, "the NATS server listens", func() bool { return listens(w.nats) })
}

func (w *world) writeKey(key string) { write(w.t, w.keyFile, key) }

func (w *world) stream(name string, subjects ...string) {
	w.t.Helper()
	if _, err := w.js.CreateStream(w.t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects}); err != nil {
		w.t.Fatal(err)
	}
}

// set changes the emulator's settings, such as {"fault": "500:100%"}.
func (w *world) set(settings map[string]any) {
	w.t.Helper()
	body, _ := json.Marshal(settings)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPut, "http://"+w.endpoint+"/_emulator/settings", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("the emulator answers %s: %s", resp.Status, text)
	}
}

func (w *world) fault(list string) { w.t.Helper(); w.set(map[string]any{"fault": list}) }

// load publishes so many messages a second to subjects until the test ends or the returned function is called: subject is a pattern with the number of the
// message. To subjects of no stream it publishes as core NATS does.
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
		if _, err := w.js.PublishAsync(fmt.Sprintf(subject, i), []byte("a message"), jetstream.WithStallWait(time.Minute)); err != nil {
			w.t.Fatal(err)
		}
	}
	<-w.js.PublishAsyncComplete()
}

// daemon is the bridge as a process, at the same address each time it is started.
type daemon struct {
	w       *world
	address string
	args    []string
	cmd     *exec.Cmd
}

// daemon starts a bridge with these routes, and more top-level lines, and has it scraped.
func (w *world) daemon(instance, more, routes string) *daemon {
	w.t.Helper()
	if !strings.Contains(more, "momento:") {
		more += fmt.Sprintf("\nmomento: {endpoint: \"http://%s\", api_key_file: %q}", w.endpoint, w.keyFile)
	}
	if !strings.Contains(more, "limits:") {
		more += "\nlimits: {rate: unlimited}"
	}
	path := filepath.Join(w.t.TempDir(), "config.yaml")
	write(w.t, path, fmt.Sprintf("nats: {url: \"nats://%s\"}\n%s\nroutes:\n%s\n", w.nats, more, routes))
	d := &daemon{w: w, address: freeAddress(w.t)}
	d.args = []string{"run", "-c", path, "--admin-listen", d.address}
	d.start()
	w.s.scrape(w.t, w.job, instance, d.address)
	return d
}

func (d *daemon) start() {
	d.w.t.Helper()
	d.cmd = start(d.w.t, program("momento-bridge"), d.args...)
	eventually(d.w.t, 20*time.Second, "the daemon listens", func() bool { return listens(d.address) })
}

func (d *daemon) kill() { end(d.cmd, syscall.SIGKILL) }
func (d *daemon) stop() { end(d.cmd, syscall.SIGTERM) }

// post changes the daemon, such as /api/v1/pause?route=orders.
func (d *daemon) post(path string) {
	d.w.t.Helper()
	req, err := http.NewRequestWithContext(d.w.t.Context(), http.MethodPost, "http://"+d.address+path, http.NoBody)
	if err != nil {
		d.w.t.Fatal(err)
	}
	req.Header.Set("X-Momento-Bridge", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		d.w.t.Fatalf("POST %s: %s", path, resp.Status)
	}
}

// metrics is what the daemon exports.
func (d *daemon) metrics() string {
	d.w.t.Helper()
	resp, err := http.Get("http://" + d.address + "/metrics")
	if err != nil {
		d.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.w.t.Fatal(err)
	}
	return string(text)
}

// mustFire waits until each alert fires for the world's job.
func (w *world) mustFire(alerts ...string) {
	w.t.Helper()
	began := time.Now()
	for _, alert := range alerts {
		eventually(w.t, 90*time.Second, alert+" fires", func() bool { return w.s.fires(w.t, alert, w.job) })
		w.t.Logf("%s fires after %v", alert, time.Since(began).Round(time.Second))
	}
}

// mustResolve waits until each alert has ended for the world's job.
func (w *world) mustResolve(alerts ...string) {
	w.t.Helper()
	began := time.Now()
	for _, alert := range alerts {
		eventually(w.t, 2*time.Minute, alert+" resolves", func() bool { return !w.s.fires(w.t, alert, w.job) })
		w.t.Logf("%s resolves after %v", alert, time.Since(began).Round(time.Second))
	}
}
