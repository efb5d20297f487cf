// Command replicas measures what several daemons of one group do together, on the wire: whose messages are lost, come
// twice or out of order, how long nothing is published after a fault, and how one quota is shared. Everything is a
// process of its own on loopback: a cluster of three nats-servers, one to twelve daemons. The endpoint is in this
// process; it has one limiter for all, and keeps what it accepted of whom and when.
//
//	go run ./bench/replicas                       # all but the soak, some 25 minutes
//	go run ./bench/replicas -only kill,freeze
//	go run ./bench/replicas -short                # two minutes
//	go run ./bench/replicas -only soak -kills 100 # half an hour
//	go run ./bench/replicas -plain -only steady   # without leases: what happens where they cannot be had
//
// Each line is a figure with its verdict: "ok", or "MISS" where it is beyond its line. What is counted (lost, inversions,
// duplicates) makes the exit status 1; what depends on the clock does not, as these machines are shared. An inversion
// is a message whose first copy was accepted after a later message of its topic. After each case come its time and the
// command that runs it alone. -v also prints each inversion, and -log keeps what the daemons wrote.
//
// Ordered routes, 40 topics, 2 % refused at random:
//
//   - steady: two replicas without a fault, 2 500 messages/s. Line: nothing lost, doubled, out of order.
//   - surge: a rolling update of two replicas, the next one ready before the last one stops. The same line.
//   - rolling: four replicas are stopped and started in turn, 2 000 messages/s. The same line, and no gap above 0.5 s.
//   - kill: the holder of four is killed each 10 s. Lines: nothing lost or out of order, doubled at most what was in
//     flight, another publishes within the lease and 0.5 s.
//   - freeze: the same, stopped (SIGSTOP) for 10 s.
//   - leader: the nats-server that leads the consumer is killed, and stopped for 20 s. Resumes within 12 s.
//   - partitions: eight, on one replica, then four, then two. Lines: nothing lost, doubled, out of order, and nobody
//     publishes more than its part 10 s later.
//   - soak: kills of the holder with a lease of 2 s at full load, -kills of them.
//   - rights: kills under exactly the permissions of docs/permissions.md.
//   - alone: two replicas without a bucket. The younger one stands by and says so.
//   - seen: what status, metrics and `status --group` say during a takeover, 2 s after it.
//
// One quota:
//
//   - quota: four on 200/s, learned; a replica and then the oldest are killed meanwhile.
//   - crowd: twelve on 10/s, learned.
//   - busy: one busy and two with 1/s each.
//   - far: the first with 50 to 250 ms between them.
//   - shares: an unordered route; within 1.3 times of each other 10 s after one joins, leaves, is killed.
//   - cpu: what coordination costs at 1 000 messages/s, in pairs at the same time.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// bench is what the cases share.
type bench struct {
	*lab.Lab
	short, plain, verbose bool
	kills                 int
	rate                  int // Messages per second of the soak.
	logs                  string
	failed                bool
	worlds                int
}

// testCase is one measurement.
type testCase struct {
	name string
	run  func(context.Context, *bench) error
	// asked cases run only if they are named.
	asked bool
}

// cases in the order in which they run.
var cases = []testCase{
	{"steady", steady, false},
	{"surge", surge, false},
	{"rolling", rolling, false},
	{"kill", kills, false},
	{"freeze", freezes, false},
	{"leader", leaders, false},
	{"partitions", partitions, false},
	{"rights", rights, false},
	{"alone", alone, false},
	{"seen", seen, false},
	{"quota", quota, false},
	{"crowd", crowd, false},
	{"busy", busy, false},
	{"far", far, false},
	{"shares", shares, false},
	{"cpu", cpu, false},
	{"soak", soak, true},
}

func main() {
	b := &bench{}
	only := flag.String("only", "", "cases to run, separated by commas")
	flag.BoolVar(&b.short, "short", false, "shorter cases")
	flag.BoolVar(&b.plain, "plain", false, "no leases and no shared quota: what several daemons do without")
	flag.BoolVar(&b.verbose, "v", false, "print each inversion, and the longest gaps")
	flag.IntVar(&b.kills, "kills", 100, "kills of the case soak")
	flag.IntVar(&b.rate, "rate", 1500, "messages per second of the case soak")
	flag.StringVar(&b.logs, "log", "", "keep what the daemons wrote in this `directory`")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return b.run(ctx, *only) })
}

func (b *bench) run(ctx context.Context, only string) (failed bool, err error) {
	chosen, err := choose(only)
	if err != nil {
		return true, err
	}
	if b.Lab, err = lab.New(ctx, ""); err != nil {
		return true, err
	}
	defer b.Stop()
	for _, c := range chosen {
		began := time.Now()
		if err := c.run(ctx, b); err != nil {
			fmt.Printf("MISS %s: %v\n", c.name, err)
			b.failed = true
		}
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
		fmt.Printf("     %s: %.0f s (go run ./bench/replicas -only %s)\n", c.name, time.Since(began).Seconds(), c.name)
	}
	return b.failed, nil
}

func choose(only string) (chosen []testCase, err error) {
	for _, c := range cases {
		if only == "" && !c.asked {
			chosen = append(chosen, c)
		}
	}
	for name := range strings.FieldsFuncSeq(only, func(r rune) bool { return r == ',' }) {
		i := slices.IndexFunc(cases, func(c testCase) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no case %q", name)
		}
		chosen = append(chosen, cases[i])
	}
	return chosen, nil
}

// length is how long something takes, or how often it happens.
func length[T any](b *bench, full, short T) T {
	if b.short {
		return short
	}
	return full
}

// print prints a figure with its verdict. What is exact fails the run.
func (b *bench) print(exact, ok bool, format string, args ...any) {
	verdict := "ok  "
	if !ok {
		verdict = "MISS"
		b.failed = b.failed || exact
	}
	fmt.Printf("%s %s\n", verdict, fmt.Sprintf(format, args...))
}

// progress says on standard error what takes long.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "  .. "+format+"\n", args...)
}
