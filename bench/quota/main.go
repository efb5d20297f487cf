// Command quota measures on the wire how the daemon uses quotas: a configured rate, one that it must learn, from the
// emulator and from nginx, operations, batches, Retry-After. Everything is a process of its own on loopback:
// nats-server, the daemon, the endpoint.
//
//	go run ./bench/quota                    # all, some 25 minutes; needs nginx on the PATH
//	go run ./bench/quota -only rate,batch
//	go run ./bench/quota -short             # a minute, for CI
//
// Each line is a figure with its verdict: "ok", "MISS" where it is beyond its line, "FAIL" where it is beyond by twice
// the tolerance. Only "FAIL" makes the exit status 1, as these machines are shared; the lines of -short are wider
// still, as its cases run at once and learn for less time. After each case come its time and the command that runs it
// alone. Progress of what takes long is on standard error.
//
// "STALL" stands where "FAIL" would, when this process itself did not run for more than half a second of the last
// minute: the machine stood still, and shares of a quota by the clock say nothing of the daemon. A daemon that stands
// still alone fails.
//
//   - rate: when requests come at an endpoint of our own. Lines: the mean after the first second within 1 %, or one
//     request, and in no second more than rate + burst. Gaps are printed at low rates, CPU from 1000/s on. Above that,
//     too few requests, and late ones that come together, are not judged in the short form and when the machine was
//     busy for more than 90 % of the time; too many in the mean always are.
//   - batch-latency: the median wait with and without batches where the quota is ample. Line: 0.2 ms apart.
//   - auto, nginx: of a quota that the daemon is not told, how much was used (95 %) and how many requests were refused
//     (1 %) after 30 s of learning. The emulator's counters and nginx's log are what counts. Sharded quotas are
//     printed, not judged.
//   - sticky: the same of a quota of which each of eight servers enforces a part, with connections spread over them by
//     chance, after a minute of learning (85 %, 1 %). Not in the short form.
//   - change: how soon 90 % of a changed quota was used for 2 s (20 s), and what was refused in those 20 s (5 %; 3.5 %
//     where 100/s and more are halved). 10/s is not judged.
//   - noise: the same where a share is refused at random, whatever the rate, after 4 minutes: below a ceiling that the
//     endpoint would carry (97 % of what can be accepted), and of a quota that must be found (95 %, with as much again
//     refused as at random, or 1.5 %). Of 10 %: 90 %.
//   - restart: when 95 % of a quota were used again, that a daemon with a state_dir had learned before it was stopped
//     or killed (3 s), and what was refused in the first 10 s (1 %).
//   - outage: when 90 % were used again after all was refused for half a minute (5 s), and what was sent in vain.
//   - operations: the same of a quota of operations as the emulator counts them, with subscribers the daemon is not
//     told of (90 %).
//   - batch: 300 messages/s at 10 publishes/s. Lines: each came once, none was refused, 99 % within a second; without
//     batches 10/s.
//   - packed: 900 orders of 200 B a second at 10 publishes/s, in packed batches. The same lines as of batch.
//   - retry-after: the smallest time from an answer with Retry-After to the next request; what came within 50 ms had
//     been sent before.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"momento-bridge/test/lab"
)

func main() {
	only := flag.String("only", "", "cases to run, separated by commas")
	short := flag.Bool("short", false, "shorter cases")
	nginx := flag.String("nginx", "nginx", "the nginx program")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return run(ctx, *only, *short, *nginx) })
}

// bench is what the cases share.
type bench struct {
	*lab.Lab
	short bool
	nginx string

	stalls stalls

	mu     sync.Mutex // Guards the following, and standard output.
	routes int
	failed bool
}

// testCase is one measurement.
type testCase struct {
	name string
	run  func(context.Context, *bench) error
	// light cases run at once in the short form.
	light bool
}

// cases in the order in which they run.
var cases = []testCase{
	{"rate", rates, false},
	{"batch-latency", latencies, false},
	{"auto", learned, true},
	{"sticky", sticky, false},
	{"nginx", learnedFromNginx, true},
	{"change", changes, true},
	{"noise", noises, true},
	{"restart", restarts, true},
	{"outage", outages, true},
	{"operations", operations, true},
	{"batch", batches, true},
	{"packed", packed, true},
	{"retry-after", retryAfter, true},
}

func run(ctx context.Context, only string, short bool, nginx string) (failed bool, err error) {
	chosen := cases
	if only != "" {
		chosen = nil
	}
	for name := range strings.FieldsFuncSeq(only, func(r rune) bool { return r == ',' }) {
		i := slices.IndexFunc(cases, func(c testCase) bool { return c.name == name })
		if i < 0 {
			return true, fmt.Errorf("there is no case %q", name)
		}
		chosen = append(chosen, cases[i])
	}
	l, err := lab.NewWithNATS(ctx)
	if err != nil {
		return true, err
	}
	defer l.Stop()
	b := &bench{Lab: l, short: short, nginx: nginx}
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { b.stalls.watch(watching) })
	defer watcher.Wait()
	defer stop()
	var together []testCase
	for _, c := range chosen {
		if short && c.light {
			together = append(together, c)
			continue
		}
		if err := b.measure(ctx, c); err != nil {
			return true, err
		}
	}
	err = atOnce(together, func(c testCase) error { return b.measure(ctx, c) })
	return b.failed, err
}

// measure runs one case.
func (b *bench) measure(ctx context.Context, c testCase) error {
	began := time.Now()
	if err := c.run(ctx, b); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Printf("     %s: %.0f s (go run ./bench/quota -only %s)\n", c.name, time.Since(began).Seconds(), c.name)
	return ctx.Err()
}

// progress says on standard error what takes long.
func (b *bench) progress(format string, args ...any) {
	if !b.short {
		fmt.Fprintf(os.Stderr, "  .. "+format+"\n", args...)
	}
}

// length is how long a measurement takes.
func (b *bench) length(full, short time.Duration) time.Duration {
	if b.short {
		return short
	}
	return full
}

// loose is the line that fails: twice the tolerance, and in the short form, which knows less and runs all at once, one
// that a busy machine meets.
func (b *bench) loose(full, short float64) float64 {
	if b.short {
		return short
	}
	return full
}

// print prints a figure with its verdict: within its line, beyond it, or beyond it by more than twice the tolerance.
func (b *bench) print(within, loosely bool, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	verdict := "ok  "
	switch {
	case !loosely:
		verdict, b.failed = "FAIL", true
	case !within:
		verdict = "MISS"
	}
	fmt.Printf("%s %s\n", verdict, fmt.Sprintf(format, args...))
}

// printTimed prints a figure that depends on the clock. Where the machine stood still, what would have failed is
// "STALL": seen, not judged.
func (b *bench) printTimed(within, loosely bool, format string, args ...any) {
	if stalled := b.stalls.lately(); !loosely && stalled > excuse {
		b.mu.Lock()
		defer b.mu.Unlock()
		fmt.Printf(
			"STALL %s; the machine stood still for %v of the last minute\n", fmt.Sprintf(format,
				args...), stalled.Round(time.Millisecond))
		return
	}
	b.print(within, loosely, format, args...)
}

// eachQuota measures quotas at the same time, in the short form only the first.
func (b *bench) eachQuota(name string, quotas []float64, measure func(quota float64) error) error {
	if b.short {
		quotas = quotas[:1]
	}
	b.progress("%s: %v/s, %v", name, quotas, learning+known)
	return atOnce(quotas, measure)
}

// atOnce runs several measurements at the same time.
func atOnce[T any](items []T, measure func(T) error) error {
	errs := make(chan error, len(items))
	for _, item := range items {
		go func() { errs <- measure(item) }()
	}
	var first error
	for range items {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}
