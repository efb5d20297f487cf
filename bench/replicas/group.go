package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// world is what one case runs in: servers, an endpoint, and the replicas of a group.
type world struct {
	b        *bench
	number   int
	servers  []*lab.NATS
	conn     *nats.Conn
	js       jetstream.JetStream
	account  *account
	replicas []*replica // Those that run.
	started  int
	settings settings
}

// settings are what the cases choose of the configuration. The zero values are the usual ones.
type settings struct {
	lease  time.Duration // Default 5 s.
	limits string        // Keys in YAML's flow style, default an unlimited rate.
	route  string        // More keys of the route, default an ordered one.
	routes string        // Instead of the route s.
	nats   string        // More keys of nats.
	create bool          // Of the bucket.
	given  bool          // create is as it says.
	delay  [2]time.Duration
	more   string // More lines.
}

// connections of each replica: the most that are in flight.
const connections = 8

// doubled is the most that a kill may double: what is in flight, and acknowledgements that wait to be sent together.
const doubled = connections + 16

// world starts a cluster and an endpoint. Its end must be called.
func (b *bench) world(ctx context.Context, s settings) (*world, error) {
	servers, err := b.StartCluster(ctx, 3)
	if err != nil {
		return nil, err
	}
	return b.worldOf(ctx, s, servers, "")
}

func (b *bench) worldOf(ctx context.Context, s settings, servers []*lab.NATS, credentials string) (*world, error) {
	b.worlds++
	w := &world{b: b, number: b.worlds, servers: servers, settings: s}
	var urls []string
	for _, server := range servers {
		urls = append(urls, "nats://"+credentials+server.Address)
	}
	var err error
	if w.conn, err = nats.Connect(strings.Join(urls, ","), nats.MaxReconnects(-1),
		nats.ReconnectWait(50*time.Millisecond),
		// A server that is stopped is soon taken for gone, so that the feed goes on.
		nats.PingInterval(time.Second), nats.MaxPingsOutstanding(2),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	if w.js, err = jetstream.New(w.conn, jetstream.WithPublishAsyncMaxPending(1024)); err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	if w.account, err = newAccount(ctx); err != nil {
		return nil, err
	}
	return w, w.stream(ctx, "S", "s")
}

// end ends everything.
func (w *world) end() {
	for _, r := range slices.Clone(w.replicas) {
		w.kill(r)
	}
	w.account.close()
	w.conn.Close()
	for _, s := range w.servers {
		s.Signal(syscall.SIGCONT)
		s.Close()
	}
}

// replica is one daemon.
type replica struct {
	*lab.Daemon
	number int // It ends its key.
	file   string
	far    *delay
}

// config is the text of a replica's configuration.
func (w *world) config(servers string) string {
	s := w.settings
	if s.limits == "" {
		s.limits = "rate: unlimited"
	}
	if s.lease == 0 {
		s.lease = 5 * time.Second
	}
	if s.route == "" {
		s.route = "ordering: topic"
	}
	if s.routes == "" {
		s.routes = fmt.Sprintf("  - {name: s, stream: S, subject: \"s.>\", cache: bench, %s}\n", s.route)
	}
	coordination := fmt.Sprintf("coordination: {create: %v, lease: %v}\n", s.create || !s.given, s.lease)
	if w.b.plain {
		coordination, s.limits = "", s.limits+", shared: false"
	}
	return fmt.Sprintf("nats: {url: %q%s}\nmomento: {endpoint: \"http://%s\", connections: %d, timeout: 2s}\n"+
		"limits: {%s, group: g%d}\n%s%sroutes:\n%s",
		servers, s.nats, w.account.Address, connections, s.limits, w.number, coordination, s.more, s.routes)
}

// start starts a replica, without waiting until it is ready.
func (w *world) start(ctx context.Context) (*replica, error) { return w.startWith(ctx, "") }

// startWith starts one with routes of its own.
func (w *world) startWith(ctx context.Context, routes string) (*replica, error) {
	w.started++
	r := &replica{number: w.started}
	var urls []string
	for i := range w.servers { // Each is connected to another server.
		urls = append(urls, w.servers[(i+r.number)%len(w.servers)].URL)
	}
	if w.settings.delay[1] > 0 {
		var err error
		if r.far, err = newDelay(ctx, w.servers[r.number%len(w.servers)].Address, w.settings.delay); err != nil {
			return nil, err
		}
		urls = []string{"nats://" + r.far.Address}
	}
	before := w.settings.routes
	if routes != "" {
		w.settings.routes = routes
	}
	text := w.config(strings.Join(urls, ","))
	w.settings.routes = before
	file, err := w.b.Write("config.yaml", text)
	if err != nil {
		return nil, err
	}
	r.Daemon, r.file = w.b.NewDaemon("-c", file), file
	r.Prepare = func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, fmt.Sprintf("MOMENTO_API_KEY=a-key-of-replica-%d", r.number))
	}
	if err := r.Start(); err != nil {
		return nil, err
	}
	w.replicas = append(w.replicas, r)
	return r, nil
}

// begin starts n replicas, one after the other, and waits until each is ready.
func (w *world) begin(ctx context.Context, n int) error {
	for range n {
		if _, err := w.startReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startReady starts a replica and waits until it is ready.
func (w *world) startReady(ctx context.Context) (*replica, error) {
	r, err := w.start(ctx)
	if err != nil {
		return nil, err
	}
	return r, w.awaitReady(ctx, r)
}

func (w *world) awaitReady(ctx context.Context, r *replica) error {
	err := lab.Await(ctx, time.Minute, "the replica is ready", func() bool { return r.Ready() || r.Ended() })
	if err == nil && !r.Ended() {
		return nil
	}
	_, why := r.Get("/readyz")
	return fmt.Errorf("replica %d did not become ready: %s\n%s", r.number, why, lab.Brief(r.Output()))
}

// remove takes a replica that has ended off the list, and keeps its log.
func (w *world) remove(r *replica) {
	w.replicas = slices.DeleteFunc(w.replicas, func(one *replica) bool { return one == r })
	if r.far != nil {
		r.far.close()
	}
	if w.b.logs != "" {
		name := fmt.Sprintf("world%d-replica%d.log", w.number, r.number)
		_ = os.WriteFile(filepath.Join(w.b.logs, name), []byte(r.Output()), 0o600)
	}
}

// kill ends a replica at once.
func (w *world) kill(r *replica) {
	r.Kill()
	w.remove(r)
}

// stop ends a replica as Kubernetes does.
func (w *world) stop(r *replica) error {
	err := r.Stop()
	w.remove(r)
	if err != nil {
		return fmt.Errorf("replica %d: %w\n%s", r.number, err, lab.Brief(r.Output()))
	}
	return nil
}

// holder is the replica that published last.
func (w *world) holder() *replica {
	who, _ := w.account.latest()
	for _, r := range w.replicas {
		if r.number == who {
			return r
		}
	}
	return nil
}

// flows waits until so many more messages have been published.
func (w *world) flows(ctx context.Context, n int) error {
	before := w.account.count()
	return lab.Await(ctx, 2*time.Minute, "messages flow", func() bool { return w.account.count() >= before+n })
}

// another waits until somebody else than a replica publishes, and returns how long after a moment that was.
func (w *world) another(ctx context.Context, than *replica, since time.Time) (time.Duration, error) {
	var first time.Time
	err := lab.Await(ctx, 2*time.Minute, "another replica publishes", func() bool {
		w.account.mu.Lock()
		defer w.account.mu.Unlock()
		for i := len(w.account.accepted) - 1; i >= 0 && w.account.accepted[i].at.After(since); i-- {
			if int(w.account.accepted[i].who) != than.number {
				first = w.account.accepted[i].at
			}
		}
		return !first.IsZero()
	})
	return first.Sub(since), err
}

// finish stops feeding, waits until all is published, and accounts for it.
func (w *world) finish(ctx context.Context, f *feeding) (*tally, error) {
	sent, err := f.end(ctx, "S")
	if err != nil {
		return nil, err
	}
	for before := -1; w.account.distinct(sent) < sent && w.account.count() > before && ctx.Err() == nil; {
		before = w.account.count() // As long as something comes, nothing is lost.
		_ = lab.Await(ctx, time.Minute, "all is published", func() bool { return w.account.distinct(sent) == sent })
	}
	time.Sleep(500 * time.Millisecond) // For whatever might come twice.
	t := w.account.tally(sent)
	w.b.tell(t)
	return t, nil
}
