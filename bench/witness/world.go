package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

const publishTimeout = 2 * time.Second

// world is everything that runs.
type world struct {
	options  *options
	lab      *lab.Lab
	routes   []routeSpec
	nats     *lab.NATS
	conn     *nats.Conn
	endpoint *endpoint
	daemon   *lab.Daemon
	truth    *truth
	loads    []*load
	events   *events
	report   *report
	chance   *chance
	past     past
	foretold foretold
	keyFile  string
	keys     int
	running  sync.WaitGroup
	stop     context.CancelFunc
}

// chance draws numbers for many.
type chance struct {
	mu     sync.Mutex
	random *rand.Rand
}

func (c *chance) float() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.Float64()
}

func newWorld(ctx context.Context, l *lab.Lab, o *options) (*world, error) {
	routes, err := chosen(o.routes)
	if err != nil {
		return nil, err
	}
	w := &world{
		options: o, lab: l, routes: routes, truth: newTruth(routes),
		chance: &chance{random: rand.New(rand.NewPCG(o.seed, 2))},
	}
	w.report = newReport(w)
	w.endpoint = newEndpoint(w.truth, w.keeps, w.chance.float, lab.FreeAddress())
	if err := w.endpoint.open(ctx); err != nil {
		return nil, fmt.Errorf("start the endpoint: %w", err)
	}
	w.endpoint.limit(w.usualQuota())
	if err := w.prepare(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// prepare starts what the daemon needs, and the daemon.
func (w *world) prepare(ctx context.Context) (err error) {
	if w.nats, err = w.lab.StartNATS(ctx); err != nil {
		return err
	}
	w.conn, err = nats.Connect(w.nats.URL, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.ReconnectBufSize(-1), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(w.conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	streams := map[string]string{"DEAD": "dead.>"}
	for i := range w.routes {
		if r := &w.routes[i]; r.stream {
			streams[r.streamName()] = r.subject() + ">"
		}
		w.loads = append(w.loads, newLoad(&w.routes[i], w.truth, w.conn, js))
	}
	for name, subjects := range streams {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subjects}})
		if err != nil {
			return fmt.Errorf("create stream %s: %w", name, err)
		}
	}
	return w.configure(ctx)
}

func (w *world) configure(ctx context.Context) (err error) {
	if w.keyFile, err = w.lab.Write("key", w.key()); err != nil {
		return err
	}
	state, err := w.lab.Scratch("state")
	if err != nil {
		return err
	}
	text := configuration(w.routes, w.nats.URL, "http://"+w.endpoint.address, w.keyFile, state)
	file, err := w.lab.Write("config.yaml", text)
	if err != nil {
		return err
	}
	w.daemon = w.lab.NewDaemon("-c", file)
	w.daemon.Prepare = func(cmd *exec.Cmd) {
		kept := cmd.Env[:0]
		for _, one := range cmd.Env {
			if !strings.HasPrefix(one, "MOMENTO_API_KEY=") {
				kept = append(kept, one)
			}
		}
		cmd.Env = kept
	}
	w.events = newEvents(w.daemon.Admin)
	return w.begin(ctx)
}

// begin starts the daemon, or starts it again.
func (w *world) begin(context.Context) error {
	w.past.born(w)
	if err := w.daemon.Start(); err != nil {
		return fmt.Errorf("start the daemon: %w", err)
	}
	return nil
}

// key is the one that the endpoint wants.
func (w *world) key() string { return fmt.Sprint("a-key-for-nobody-", w.keys) }

func (w *world) writeKey() error {
	if err := os.WriteFile(w.keyFile, []byte(w.key()), 0o600); err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	return nil
}

func (w *world) keeps(name string) bool {
	for i := range w.routes {
		if w.routes[i].name == name {
			return w.routes[i].dead
		}
	}
	return false
}

func (w *world) names() (all []string) {
	for i := range w.routes {
		all = append(all, w.routes[i].name)
	}
	return all
}

// needs are the publishes per second that the usual load takes; messages of a batch take about a third.
func (w *world) needs() (sum float64) {
	for i := range w.routes {
		if r := &w.routes[i]; r.name == "batched" {
			sum += r.rate / 3
		} else {
			sum += r.rate
		}
	}
	return sum
}

// usualQuota is another one each time: from a little more than the load needs, so that a backlog takes a while, to much
// more.
func (w *world) usualQuota() float64 { return w.needs() * (1.4 + 3*w.chance.float()) }

// close ends all but what the lab ends.
func (w *world) close() {
	if w.stop != nil {
		w.stop()
	}
	w.running.Wait()
	if w.nats != nil {
		w.nats.Signal(18) // SIGCONT, as a process that is stopped does not end.
	}
	if w.conn != nil {
		w.conn.Close()
	}
	w.endpoint.shut()
}
