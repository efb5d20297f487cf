package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// reloadedWorld is a daemon whose configuration a test changes, between a NATS server and an endpoint that remembers
// what it has accepted.
type reloadedWorld struct {
	t      *testing.T
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
	daemon *Daemon
	log    *daemontest.Buffer
	head   string // What stands before the routes.
	stop   func() error
	refuse atomic.Int64 // The endpoint answers so; 0: as it should,
	only   string       // for this topic alone; empty: for all.

	mu     sync.Mutex // Guards the following.
	routes string
	got    map[string][]string // Payloads by their first word, in the order of their acceptance.
	topics map[string]int
}

func newReloadedWorld(t *testing.T, routes string) *reloadedWorld {
	t.Helper()
	w := &reloadedWorld{
		t: t, got: map[string][]string{}, topics: map[string]int{}, log: &daemontest.Buffer{},
		routes: routes,
	}
	w.server = daemontest.StartNATS(t, &server.Options{JetStream: true, StoreDir: t.TempDir()})
	_, endpoint := daemontest.StartEmulator(t, emulator.Config{
		OnAccept: w.accepted, Script: w.answer,
	})
	w.conn, w.js = daemontest.Connect(t, w.server.ClientURL())
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("k"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.head = fmt.Sprintf("nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q}\nadmin: {listen: '127.0.0.1:0'}\n"+
		"limits: {rate: unlimited, shared: false}\nshutdown_timeout: 30s\n", w.server.ClientURL(), endpoint, key)
	return w
}

// answer is the status that the endpoint answers with; 0: as it should.
func (w *reloadedWorld) answer(_, topic string, _ []byte) int {
	if w.only != "" && topic != w.only {
		return 0
	}
	return int(w.refuse.Load())
}

// accepted takes note of a publish of one message, or of a batch of lines.
func (w *reloadedWorld) accepted(_, topic string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for payload := range strings.SplitSeq(string(body), "\n") {
		what, rest, _ := strings.Cut(payload, " ")
		w.got[what] = append(w.got[what], rest)
		w.topics[topic]++
	}
}

func (w *reloadedWorld) read() (*config.File, error) {
	w.mu.Lock()
	text := w.head + "routes:\n" + w.routes
	w.mu.Unlock()
	f := config.Read("f", []byte(text))
	f.Validate()
	NewPlan(f)
	return f, f.Err()
}

// start starts the daemon and waits until it carries.
func (w *reloadedWorld) start() {
	w.t.Helper()
	f, err := w.read()
	if err != nil {
		w.t.Fatal(err)
	}
	w.daemon, err = New(Config{Plan: NewPlan(f), Reload: w.read}, slog.New(slog.NewTextHandler(w.log, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.daemon.Run(ctx) }()
	w.stop = sync.OnceValue(func() error { cancel(); return <-done })
	w.t.Cleanup(func() { _ = w.stop() })
	daemontest.Eventually(w.t, "ready", func() bool { return len(w.daemon.notReady()) == 0 })
}

// reload reloads with other routes.
func (w *reloadedWorld) reload(routes string) (admin.Reloaded, error) {
	w.mu.Lock()
	w.routes = routes
	w.mu.Unlock()
	return w.daemon.Reload(w.t.Context())
}

func (w *reloadedWorld) mustReload(routes string) admin.Reloaded {
	w.t.Helper()
	done, err := w.reload(routes)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

func (w *reloadedWorld) stream(name string, subjects ...string) {
	w.t.Helper()
	if _, err := w.js.CreateStream(w.t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *reloadedWorld) count(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.got[what])
}

func (w *reloadedWorld) publish(subject, payload string) {
	w.t.Helper()
	if err := w.conn.Publish(subject, []byte(payload)); err != nil {
		w.t.Error(err)
	}
}

// flood publishes to routes, numbered for each subject, until it is ended.
type flood struct {
	w     *reloadedWorld
	mu    sync.Mutex      // Held for each message.
	off   map[string]bool // Subjects to which nothing is published.
	sent  map[string]int
	ended chan struct{}
	once  sync.Once
	done  sync.WaitGroup
}

func (w *reloadedWorld) flood(every time.Duration, subjects ...string) *flood {
	l := &flood{w: w, off: map[string]bool{}, sent: map[string]int{}, ended: make(chan struct{})}
	l.done.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-l.ended:
				return
			case <-ticks.C:
			}
			for _, subject := range subjects {
				l.one(subject)
			}
		}
	})
	w.t.Cleanup(l.end)
	return l
}

func (l *flood) one(subject string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.off[subject] {
		l.sent[subject]++
		l.w.publish(subject, subject+" "+strconv.Itoa(l.sent[subject]))
	}
}

// turn has nothing published to a subject any more, or again. All that was is with the server then.
func (l *flood) turn(subject string, off bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off[subject] = off
	if err := l.w.conn.Flush(); err != nil {
		l.w.t.Error(err)
	}
}

func (l *flood) end() {
	l.once.Do(func() { close(l.ended) })
	l.done.Wait()
}

// check waits until all has come, and compares: nothing is missing, nothing twice, and what is ordered is in order.
func (l *flood) check(ordered ...string) {
	t := l.w.t
	t.Helper()
	for _, subject := range slices.Sorted(maps.Keys(l.sent)) {
		daemontest.Eventually(t, fmt.Sprint("all ", l.sent[subject], " of ", subject),
			func() bool { return l.w.count(subject) >= l.sent[subject] })
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	for subject, sent := range l.sent {
		got := slices.Clone(l.w.got[subject])
		if !slices.Contains(ordered, subject) {
			slices.SortFunc(got, func(a, b string) int {
				one, _ := strconv.Atoi(a)
				other, _ := strconv.Atoi(b)
				return one - other
			})
		}
		for i := range max(sent, len(got)) {
			if i >= len(got) || got[i] != strconv.Itoa(i+1) {
				t.Errorf("%s: at %d of %d sent and %d accepted: %v", subject, i+1, sent, len(got),
					got[i:min(len(got), i+4)])
				break
			}
		}
	}
}

// TestRoutesAreReloadedUnderLoad changes, removes and adds routes of all kinds while messages come, and counts every
// one of them.
func TestRoutesAreReloadedUnderLoad(t *testing.T) {
	t.Parallel()
	w := newReloadedWorld(t, "")
	for _, name := range []string{"so", "su", "stays"} {
		w.stream(strings.ToUpper(name), name)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	options := []string{
		"", "topic: other, ", "batch: {format: lines}, ", "weight: 3, ", "delivery: at-most-once, ",
		"batch: {format: lines, linger: 5ms}, ", "max_payload: 2000, ", "topic: third, weight: 2, ",
	}
	at := map[string]int{}
	routes := func(without string) string {
		var b strings.Builder
		for _, r := range [...]string{
			"name: stays, stream: STAYS, ", "name: so, stream: SO, ", "name: su, stream: SU, ordering: none, ",
			"name: co, subject: co, ", "name: cu, subject: cu, ordering: none, ",
			"name: core-stays, subject: core-stays, ",
		} {
			name := strings.TrimSuffix(strings.Fields(r)[1], ",")
			if name != without {
				fmt.Fprintf(&b, "  - {%s%scache: c}\n", r, options[at[name]])
			}
		}
		return b.String()
	}
	w.routes = routes("")
	w.start()
	all := []string{"so", "su", "co", "cu", "stays", "core-stays"}
	l := w.flood(10*time.Millisecond, all...)
	changing := all[:4]
	for range long.Or(8, 60) {
		before := w.count("stays")
		name := changing[rng.IntN(len(changing))]
		if rng.IntN(3) == 0 {
			l.turn(name, name[0] == 'c')
			w.mustReload(routes(name))
			w.mustReload(routes(""))
			l.turn(name, false)
		} else {
			at[name] = (at[name] + 1 + rng.IntN(len(options)-1)) % len(options)
			w.mustReload(routes(""))
		}
		daemontest.Eventually(t, "a route that stays goes on", func() bool { return w.count("stays") > before })
	}
	l.end()
	l.check("so", "co", "stays", "core-stays")
	daemontest.Eventually(t, "all that stayed has ended as published", func() bool { // The endpoint knows it before.
		stats := w.daemon.pipe.Stats()
		return !slices.ContainsFunc(stats.Routes, func(r pipeline.RouteStats) bool {
			return slices.Contains(all[4:], r.Name) && r.Settled[pipeline.Published] != uint64(l.sent[r.Name])
		})
	})
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}

func TestAReloadWithProblemsChangesNothing(t *testing.T) {
	t.Parallel()
	const good = "  - {name: s, stream: S, subject: s.a, cache: c}\n"
	w := newReloadedWorld(t, good)
	w.stream("S", "s.>")
	w.start()
	for what, row := range map[string]struct{ routes, want string }{
		"a key":       {"  - {name: s, stream: S, cash: c}\n", "cash"},
		"no stream":   {good + "  - {name: t, stream: T, cache: c}\n", "stream T does not exist"},
		"no consumer": {good + "  - {name: t, stream: S, cache: c, create_consumer: false}\n", "does not exist"},
		"a filter":    {"  - {name: s, stream: S, subject: s.b, cache: c}\n", "an existing consumer is never changed"},
		"dead letters": {
			good + "  - {name: t, subject: t, cache: c, dead_letter: {subject: dead}}\n",
			"no stream takes",
		},
		"two of them": {
			"  - {name: s, stream: S, subject: s.b, cache: c}\n" +
				"  - {name: t, stream: T, cache: c}\n", "stream T does not exist",
		},
	} {
		if _, err := w.reload(row.routes); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", what, err, row.want)
		}
		if got := w.daemon.Status().Routes; len(got) != 1 || got[0].Name != "s" {
			t.Errorf("%s: the routes are %+v", what, got)
		}
	}
	w.publish("s.a", "s 1")
	daemontest.Eventually(t, "the message", func() bool { return w.count("s") == 1 })
	if done := w.mustReload(good); len(done.Added)+len(done.Removed)+len(done.Changed)+len(done.Restart) > 0 {
		t.Errorf("what has not changed was reloaded: %+v", done)
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	if _, err := w.reload(good); !errors.Is(err, errStopping) {
		t.Errorf("after the end: %v", err)
	}
}

// Messages of core NATS that cannot be published are in nobody else's hands: their route stays as it is.
func TestARouteThatHoldsWhatCannotBePublishedIsNotReloaded(t *testing.T) {
	t.Parallel()
	w := newReloadedWorld(t, "  - {name: c, subject: c, cache: c}\n  - {name: s, stream: S, cache: c}\n")
	w.stream("S", "s")
	w.start()
	if _, err := w.daemon.pause(admin.Pausing{Paused: true}); err != nil {
		t.Fatal(err)
	}
	w.publish("c", "c 1")
	w.publish("s", "s 1")
	daemontest.Eventually(t, "held", func() bool { return w.daemon.Status().Routes[0].Queued == 1 })
	const other = "  - {name: c, subject: c, cache: c, topic: t}\n  - {name: s, stream: S, cache: c}\n"
	if _, err := w.reload(other); err == nil || !strings.Contains(err.Error(), "resume it first") {
		t.Fatalf("it was reloaded: %v", err)
	}
	const stream = "  - {name: c, subject: c, cache: c}\n  - {name: s, stream: S, cache: c, topic: t}\n"
	w.mustReload(stream)
	if got := w.daemon.Status().Routes; got[0].State != "paused" || got[1].State != "paused" {
		t.Errorf("the states are %s and %s, want that what is paused stays so", got[0].State, got[1].State)
	}
	w.publish("c", "c 2")
	if _, err := w.daemon.pause(admin.Pausing{}); err != nil {
		t.Fatal(err)
	}
	daemontest.Eventually(t, "all of them", func() bool { return w.count("c") == 2 && w.count("s") == 1 })
	if w.topics["t"] != 1 || w.topics["c"] != 2 {
		t.Errorf("topics %v", w.topics)
	}
}

// It is told at once that messages will stay, rather than after shutdown_timeout, in which nothing would be published.
func TestARouteWhoseMessagesStayIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for want, row := range map[string]struct {
		status int64
		stays  func(*pipeline.RouteStats) int
	}{
		"cannot be kept":                 {400, func(r *pipeline.RouteStats) int { return r.Unkept }},
		"may not publish to some of its": {403, func(r *pipeline.RouteStats) int { return r.ForbiddenHeld }},
		"put aside":                      {500, func(r *pipeline.RouteStats) int { return r.Aside }},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := newReloadedWorld(t, "  - {name: c, subject: '*', cache: c, dead_letter: {subject: dead.x}}\n")
			w.stream("DEAD", "dead.x")
			w.only = "bad"
			w.refuse.Store(row.status)
			w.start()
			if err := w.js.DeleteStream(t.Context(), "DEAD"); err != nil {
				t.Fatal(err)
			}
			w.publish("bad", "bad 1")
			daemontest.Eventually(t, "it stays", func() bool {
				w.publish("good", "good 1")
				return row.stays(&w.daemon.pipe.Stats().Routes[0]) > 0
			})
			_, err := w.reload("  - {name: c, subject: '*', cache: c, topic: t}\n")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			before := w.count("good")
			w.publish("good", "good 2")
			daemontest.Eventually(t, "it goes on", func() bool { return w.count("good") > before })
			w.refuse.Store(0)
			w.stream("DEAD", "dead.x")
			daemontest.Eventually(t, "it holds nothing", func() bool {
				r := &w.daemon.pipe.Stats().Routes[0]
				return r.Queued+r.InFlight == 0
			})
		})
	}
}

// While the endpoint is away a stream keeps what its route had.
func TestAStreamsRouteIsReloadedWhileTheEndpointIsDown(t *testing.T) {
	t.Parallel()
	w := newReloadedWorld(t, "  - {name: s, stream: S, cache: c}\n")
	w.stream("S", "s")
	w.start()
	w.refuse.Store(503)
	for n := range 50 {
		w.publish("s", "s "+strconv.Itoa(n))
	}
	daemontest.Eventually(t, "down", func() bool { return w.daemon.Status().State != "running" })
	w.mustReload("  - {name: s, stream: S, cache: c, topic: t}\n  - {name: c, subject: c, cache: c}\n")
	w.refuse.Store(0)
	w.mustReload("  - {name: s, stream: S, cache: c, topic: u}\n") // It tries at once.
	daemontest.Eventually(t, "all of them", func() bool { return w.count("s") == 50 })
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, got := range w.got["s"] {
		if got != strconv.Itoa(n) {
			t.Fatalf("at %d came %s", n, got)
		}
	}
	if w.topics["u"] != 50 {
		t.Errorf("topics %v", w.topics)
	}
}
