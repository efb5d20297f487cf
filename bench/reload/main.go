// Command reload reloads routes under load: routes of core NATS and of streams, ordered and not, are changed, removed
// and added again while messages come, and others stay. Every message is counted where it is accepted: none may be
// missing, none twice, none out of order where order counts. The gaps between two messages are compared with those of
// as long a time without a reload: the two alternate, so that what else the machine does is in both.
//
//	go run ./bench/reload                # a hundred reloads, a minute or two
//	go run ./bench/reload -reloads 20 -seed 7
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/test/lab"
)

func main() {
	b := &bench{}
	flag.IntVar(&b.reloads, "reloads", 100, "how many reloads")
	flag.Uint64Var(&b.seed, "seed", 1, "of what is changed")
	flag.DurationVar(&b.every, "every", 5*time.Millisecond, "between two messages of a route")
	flag.Parse()
	lab.Main(b.run)
}

// bench is the programs and what the flags say.
type bench struct {
	*lab.Lab

	reloads int
	seed    uint64
	every   time.Duration

	conn   *nats.Conn
	daemon *lab.Daemon
	ledger *ledger
	config string // The file.
	head   string // What stands in it before the routes.
	took   []time.Duration
}

func (b *bench) run(ctx context.Context) (failed bool, err error) {
	if b.Lab, err = lab.NewWithNATS(ctx); err != nil {
		return false, err
	}
	defer b.Stop()
	endpoint, err := lab.NewRecorder()
	if err != nil {
		return false, err
	}
	b.ledger = newLedger()
	endpoint.Answer = b.ledger.accepted
	defer endpoint.Start(ctx)()
	conn, js, err := lab.Connect(b.NATS)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	b.conn = conn
	for _, r := range routes {
		if r.stream != "" {
			if err := addStream(ctx, js, r.stream, r.name); err != nil {
				return false, err
			}
		}
	}
	b.head = fmt.Sprintf("momento: {endpoint: 'http://%s'}\nlimits: {rate: unlimited}\n", endpoint.Address)
	c := newChanges(b.seed)
	if b.config, err = b.Write("config.yaml", b.head+c.routes("")); err != nil {
		return false, err
	}
	if b.daemon, err = b.StartDaemon(ctx, "-c", b.config); err != nil {
		return false, err
	}
	defer func() { _ = b.daemon.Stop() }()
	return b.measure(ctx, c)
}

// turn is how many changes are made until as long nothing is.
const turn = 5

// measure publishes, by turns while much is changed and while nothing is.
func (b *bench) measure(ctx context.Context, c *changes) (failed bool, err error) {
	f := newFeed(b.conn, b.ledger, b.every)
	defer f.stop()
	var reloaded, quiet []span
	for done := 0; done < b.reloads; done += turn {
		began := time.Now()
		for range min(turn, b.reloads-done) {
			if err := b.one(ctx, c, f); err != nil {
				return false, err
			}
		}
		ended := time.Now()
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(ended.Sub(began)):
		}
		reloaded, quiet = append(reloaded, span{began, ended}), append(quiet, span{ended, time.Now()})
	}
	f.stop()
	if err := b.ledger.await(ctx); err != nil {
		fmt.Println(err)
	}
	failed = b.ledger.report(os.Stdout, reloaded, quiet)
	slices.Sort(b.took)
	fmt.Printf("%d reloads: median %v, longest %v\n", len(b.took), b.took[len(b.took)/2].Round(time.Millisecond),
		b.took[len(b.took)-1].Round(time.Millisecond))
	return failed, nil
}

// pause is the time between two reloads.
const pause = 200 * time.Millisecond

// one makes one change: a route is removed and added again, or has other settings.
func (b *bench) one(ctx context.Context, c *changes, f *feed) error {
	name, again := c.next()
	if again {
		if core := !strings.HasPrefix(name, "stream"); core { // Nobody keeps what comes while it is away.
			f.turn(name, true)
			defer f.turn(name, false)
		}
		if err := b.reload(ctx, c.routes(name)); err != nil {
			return err
		}
	}
	if err := b.reload(ctx, c.routes("")); err != nil {
		return err
	}
	time.Sleep(pause)
	return ctx.Err()
}

func (b *bench) reload(ctx context.Context, routes string) error {
	if err := os.WriteFile(b.config, []byte(b.head+routes), 0o600); err != nil {
		return fmt.Errorf("change the configuration: %w", err)
	}
	began := time.Now()
	if err := b.daemon.Post(ctx, "/api/v1/reload"); err != nil {
		return fmt.Errorf("%w\n%s", err, lab.Brief(b.daemon.Output()))
	}
	b.took = append(b.took, time.Since(began))
	return nil
}

// changes says what is changed, by a seed.
type changes struct {
	random *rand.Rand
	at     map[string]int // Which of the options a route has.
}

func newChanges(seed uint64) *changes {
	return &changes{random: rand.New(rand.NewPCG(seed, seed)), at: map[string]int{}}
}

// route is one that the daemon has. Its subject is its name.
type route struct {
	name, stream string
	ordered      bool
	stays        bool
}

var routes = []route{
	{"stream-ordered", "A", true, false},
	{"stream-any", "B", false, false},
	{"core-ordered", "", true, false},
	{"core-any", "", false, false},
	{"stream-stays", "C", true, true},
	{"core-stays", "", true, true},
}

// options are settings that a route may have.
var options = []string{
	"", "topic: other", "weight: 3", "batch: {format: lines}", "delivery: at-most-once", "topic: third, weight: 2",
	"batch: {format: lines, linger: 5ms}", "max_payload: 1000, delivery: at-most-once", "overload: block, rate: 5000",
}

// next returns a route that is changed, or removed and added again.
func (c *changes) next() (name string, again bool) {
	r := routes[c.random.IntN(4)]
	if c.random.IntN(3) == 0 {
		return r.name, true
	}
	c.at[r.name] = (c.at[r.name] + 1 + c.random.IntN(len(options)-1)) % len(options)
	return r.name, false
}

// routes returns the configuration of all routes without one.
func (c *changes) routes(without string) string {
	var b strings.Builder
	b.WriteString("routes:\n")
	for _, r := range routes {
		if r.name == without {
			continue
		}
		from, ordering := "subject: "+r.name, "none"
		if r.stream != "" {
			from = "stream: " + r.stream
		}
		if r.ordered {
			ordering = "topic"
		}
		fmt.Fprintf(&b, "  - {name: %s, %s, cache: c, ordering: %s", r.name, from, ordering)
		if o := options[c.at[r.name]]; o != "" {
			b.WriteString(", " + o)
		}
		b.WriteString("}\n")
	}
	return b.String()
}
