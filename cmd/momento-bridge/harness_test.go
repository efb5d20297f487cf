package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
	"momento-bridge/test/lab"
)

// world is what a daemon under test lives in: a NATS server, an emulator, a key file.
type world struct {
	t        *testing.T
	server   *server.Server
	nats     *nats.Conn
	js       jetstream.JetStream
	emulator *emulator.Server
	endpoint string
	keyFile  string
}

const testKey = "the-key"

func newWorld(t *testing.T, cfg emulator.Config) *world {
	t.Helper()
	w := &world{t: t, keyFile: filepath.Join(t.TempDir(), "key")}
	w.writeKey(testKey)
	w.server = startServer(t, &server.Options{JetStream: true, StoreDir: t.TempDir()})
	w.nats, w.js = daemontest.Connect(t, w.server.ClientURL())
	cfg.APIKey = testKey
	w.emulator, w.endpoint = daemontest.StartEmulator(t, cfg)
	return w
}

// newRecordedWorld is a world and a record of what its emulator accepts.
func newRecordedWorld(t *testing.T) (*world, *record) {
	t.Helper()
	got := newRecord()
	return newWorld(t, emulator.Config{OnAccept: got.accepted}), got
}

func startServer(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	return daemontest.StartNATS(t, o)
}

func (w *world) writeKey(key string) {
	w.t.Helper()
	if err := os.WriteFile(w.keyFile, []byte(key+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// stream creates a stream.
func (w *world) stream(name string, subjects ...string) jetstream.Stream {
	w.t.Helper()
	s, err := w.js.CreateStream(w.t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// publish publishes to a stream and waits until it is stored.
func (w *world) publish(subject string, payload string) {
	w.t.Helper()
	if _, err := w.js.Publish(w.t.Context(), subject, []byte(payload)); err != nil {
		w.t.Fatal(err)
	}
}

// fill publishes many messages to a stream and waits until all are stored.
func (w *world) fill(n int, message func(i int) (subject, payload string)) {
	w.t.Helper()
	for i := range n {
		subject, payload := message(i)
		if _, err := w.js.PublishAsync(subject, []byte(payload), jetstream.WithStallWait(time.Minute)); err != nil {
			w.t.Fatal(err)
		}
	}
	<-w.js.PublishAsyncComplete()
}

// config writes a configuration with these routes, and whatever else stands before them.
func (w *world) config(more, routes string) string {
	w.t.Helper()
	return w.writeConfig(fmt.Sprintf(
		"nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q, connections: 8}\n%s\nroutes:\n%s",
		w.server.ClientURL(), w.endpoint, w.keyFile, more, routes))
}

func (w *world) writeConfig(text string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// process is the program run in the test.
type process struct {
	daemontest.Admin

	t      *testing.T
	log    *syncBuffer
	out    *syncBuffer
	cancel context.CancelFunc
	done   chan error
}

// startDaemon starts `run`, without waiting until it is ready.
func startDaemon(t *testing.T, args ...string) *process {
	t.Helper()
	address := lab.FreeAddress()
	return startDaemonAt(t, address, append([]string{"--admin-listen", address}, args...)...)
}

// startDaemonAt is startDaemon where the configuration says that it listens at this address.
func startDaemonAt(t *testing.T, admin string, args ...string) *process {
	t.Helper()
	p := &process{
		t: t, Admin: daemontest.Admin{T: t, URL: "http://" + admin}, log: &syncBuffer{}, out: &syncBuffer{},
		done: make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() { p.done <- run(ctx, append([]string{"run"}, args...), p.out, p.log) }()
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", p.log)
		}
	})
	return p
}

// stop sends the daemon the signal and returns how it ended.
func (p *process) stop() error {
	p.t.Helper()
	p.cancel()
	return p.wait()
}

func (p *process) wait() error {
	p.t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(time.Minute):
		p.t.Fatalf("the daemon did not end; its log:\n%s", p.log)
		return nil
	}
}

func (p *process) get(path string) (int, string) { return p.Get(path) }

func (p *process) awaitReady() {
	p.t.Helper()
	p.AwaitReady()
}

func (p *process) awaitNotReady(reason string) {
	p.t.Helper()
	p.AwaitNotReady(reason)
}

func (p *process) metric(name string) float64 { return p.Metric(name) }

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	daemontest.Eventually(t, what, ok)
}

type syncBuffer = daemontest.Buffer

// record remembers the payloads that the emulator accepted, by cache/topic.
type record struct {
	mu  sync.Mutex
	got map[string][]string
}

func newRecord() *record { return &record{got: map[string][]string{}} }

func (r *record) accepted(cache, topic string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[cache+"/"+topic] = append(r.got[cache+"/"+topic], string(body))
}

func (r *record) topic(name string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got[name]...)
}

func (r *record) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, list := range r.got {
		n += len(list)
	}
	return n
}

// refusingAddress returns an address where connections are refused until the test ends.
func refusingAddress(t *testing.T) string {
	t.Helper()
	address, release, err := lab.RefusingAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return address
}

// noSuchHost is a name that no host can have, so that no name service needs to be there to say so.
func noSuchHost() string { return strings.Repeat("x", 64) + ".invalid" }
