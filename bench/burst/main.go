// Command burst measures what the daemon does with bursts of core NATS: how many messages it loses, how much memory
// those that wait take, and whether it ends in time with a million of them. Beside it runs the bridge that one writes
// in an hour (bench/floor), with the default buffer of nats.go.
//
//	go run ./bench/burst          # all cases, about three minutes; needs nginx on the PATH
//	go run ./bench/burst -short   # smaller bursts, half a minute
//	go run ./bench/burst -only one,many
//	go run ./bench/burst -only long   # a million messages wait for ten minutes
//
// The cases: one route gets a burst, one of 200 routes gets a burst, keep-latest with more topics than there is memory
// for, and SIGTERM with many messages waiting. The exit status is 1 if a message is in no count, if one is lost that
// fits the memory, or if the daemon ends later than shutdown_timeout says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/test/lab"
)

func main() {
	b := &bench{}
	flag.StringVar(&b.nginx, "nginx", "nginx", "the nginx program")
	flag.BoolVar(&b.short, "short", false, "smaller bursts")
	only := flag.String("only", "", "cases, separated by commas: one, many, latest, stop, long; default all but long")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return b.run(ctx, *only) })
}

// bench is the programs and what the flags say.
type bench struct {
	*lab.Lab
	endpoint *lab.Accepting
	floor    string // The program.
	nginx    string
	short    bool
	conn     *nats.Conn
	table    *tabwriter.Writer
	failed   bool
}

func (b *bench) run(ctx context.Context, only string) (failed bool, err error) {
	if b.Lab, err = lab.NewWithNATS(ctx); err != nil {
		return false, err
	}
	defer b.Stop()
	if b.floor, err = b.Build(ctx, "momento-bridge/bench/floor"); err != nil {
		return false, err
	}
	if b.endpoint, err = b.StartAccepting(ctx, b.nginx); err != nil {
		return false, err
	}
	if b.conn, err = nats.Connect(b.NATS.URL); err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer b.conn.Close()
	b.table = tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(b.table, "case\tprogram\tmessages\tpublished\tlost\treplaced or shed\tmemory\ttime")
	cases := []struct {
		name string
		run  func(context.Context) error
	}{{"one", b.one}, {"many", b.many}, {"latest", b.latest}, {"stop", b.stop}, {"long", b.long}}
	for _, c := range cases {
		if only == "" && c.name == "long" || only != "" && !strings.Contains(","+only+",", ","+c.name+",") {
			continue
		}
		err := errors.Join(c.run(ctx), b.table.Flush())
		if err != nil {
			return true, fmt.Errorf("case %s: %w", c.name, err)
		}
	}
	return b.failed, nil
}

// fails says what is not as it must be.
func (b *bench) fails(format string, args ...any) {
	b.failed = true
	fmt.Fprintf(os.Stderr, "FAIL "+format+"\n", args...)
}

// size is that of payloads, in bytes.
const size = 256

// one is a burst on one route.
func (b *bench) one(ctx context.Context) error {
	bursts := []int{50_000, 200_000}
	if b.short {
		bursts = []int{20_000}
	}
	for _, n := range bursts {
		subjects := lab.Subjects("one", 16)
		if err := b.burst(ctx, fmt.Sprintf("one route, %d", n), 1, "one.>", subjects, n); err != nil {
			return err
		}
	}
	return nil
}

// many is a burst on one of many routes.
func (b *bench) many(ctx context.Context) error {
	return b.burst(ctx, "one of 200 routes", 200, "r7.>", lab.Subjects("r7", 16), 500)
}

// burst sends a burst to each program and counts what comes out of it.
func (b *bench) burst(ctx context.Context, title string, routes int, filter string, subjects []string, n int) error {
	d, err := b.StartConfigured(ctx, b.config(routes, filter, "unlimited", "block", ""))
	if err != nil {
		return err
	}
	defer d.Kill()
	began := time.Now()
	if err := b.publish(subjects, n, 1); err != nil {
		return err
	}
	l := b.settle(ctx, d, n)
	b.row(title, "daemon", n, l, d.PeakMemory(), time.Since(began))
	if l.lost > 0 || l.published != n {
		b.fails("%s: %d of %d are published, %d are lost", title, l.published, n, l.lost)
	}
	if err := d.Stop(); err != nil {
		return err
	}
	return b.naive(ctx, title, filter, subjects, n)
}

// naive sends the burst to the bare loop.
func (b *bench) naive(ctx context.Context, title, filter string, subjects []string, n int) error {
	_, before, err := b.endpoint.Counters()
	if err != nil {
		return err
	}
	p, err := b.StartCommand(exec.Command(b.floor, "-nats", b.NATS.URL, "-subject", filter, "-url",
		"http://"+b.endpoint.Address+"/topics/bench/topic"))
	if err != nil {
		return err
	}
	defer p.Kill()
	if err := b.NATS.AwaitSubscribed(ctx, subjects[0]); err != nil {
		return err
	}
	began := time.Now()
	if err := b.publish(subjects, n, 1); err != nil {
		return err
	}
	got, took := b.steady(ctx, before, n, began)
	b.row(title, "bare loop", n, ledger{published: got, lost: n - got}, p.PeakMemory(), took)
	_ = p.Stop()
	return nil
}

// steady waits until the endpoint has got all, or nothing more for a while. It returns how many, and when the last
// came.
func (b *bench) steady(ctx context.Context, before, n int, began time.Time) (int, time.Duration) {
	got, last := 0, time.Now()
	for ctx.Err() == nil && got < n && time.Since(last) < 2*time.Second {
		time.Sleep(20 * time.Millisecond)
		if _, now, err := b.endpoint.Counters(); err == nil && now-before != got {
			got, last = now-before, time.Now()
		}
	}
	return got, last.Sub(began)
}

// config is a configuration with so many routes, one of which has the filter.
func (b *bench) config(routes int, filter, rate, overload, more string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "momento: {endpoint: %q, connections: 64, timeout: 1s}\nlimits: {rate: %s}\n"+
		"log: {level: warn}\n%sroutes:\n", "http://"+b.endpoint.Address, rate, more)
	ordering := "topic"
	for i := range routes {
		subject := fmt.Sprintf("other%d.>", i)
		if i == 0 {
			subject = filter
		}
		fmt.Fprintf(&text, "  - {name: r%d, subject: %q, cache: bench, ordering: %s, overload: %s}\n", i, subject,
			ordering, overload)
	}
	return text.String()
}

// publish sends n messages to some subjects in turn, as fast as it can.
func (b *bench) publish(subjects []string, n, size int) error {
	payload := make([]byte, max(size, 1))
	if size == 1 {
		payload = make([]byte, 256)
	}
	for i := range n {
		if err := b.conn.Publish(subjects[i%len(subjects)], payload); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	if err := b.conn.FlushTimeout(time.Minute); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}
