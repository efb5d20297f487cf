// Command limit shows what `loadtest find` finds where the truth is known: the emulator with each kind of limiter, and
// nginx, whose limiter is not ours. Everything is a process of its own on loopback.
//
//	go run ./bench/limit                       # all, some 25 minutes; needs nginx on the PATH
//	go run ./bench/limit -only bucket,nginx
//	go run ./bench/limit -short                # some minutes, for CI
//	go run ./bench/limit -busy -seeds 10       # each kind at 50/s and 500/s beside a busy loop for each core: hours
//
// Each line is a search with its verdict: "ok", "MISS" where it is beyond its line, "FAIL" where it says something
// wrong: a proof of what is not so. Only "FAIL" makes the exit status 1: on a machine that others use, the generator
// may not be fit for a trial, and then a search says so and proves nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"momento-bridge/test/lab"
)

func main() {
	only := flag.String("only", "", "cases to run, separated by commas")
	short := flag.Bool("short", false, "fewer cases")
	nginx := flag.String("nginx", "nginx", "the nginx program")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the rates that nginx gets")
	busy := flag.Bool("busy", false, "each kind at 50/s and 500/s, with a busy loop for each core beside")
	seeds := flag.Int("seeds", 1, "how often each kind at 50/s and 500/s is searched for")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) {
		b := &bench{nginx: *nginx, rng: rand.New(rand.NewPCG(*seed, 0)), seeds: *seeds}
		fmt.Printf("seed %d\n", *seed)
		return run(ctx, b, chosen(*only, *short, *busy), *busy)
	})
}

// chosen are the cases to run.
func chosen(only string, short, busy bool) []testCase {
	switch {
	case only != "":
		return named(append(slices.Clone(cases), busyCases()...), only)
	case busy:
		return busyCases()
	case short:
		return slices.DeleteFunc(slices.Clone(cases), func(c testCase) bool { return !c.short })
	}
	return cases
}

func run(ctx context.Context, b *bench, cases []testCase, busy bool) (failed bool, err error) {
	l, err := lab.New(ctx, "")
	if err != nil {
		return true, err
	}
	defer l.Stop()
	b.Lab = l
	if busy {
		leave, err := occupy(ctx)
		if err != nil {
			return true, err
		}
		defer leave()
	}
	for _, c := range cases {
		began := time.Now()
		if err := c.run(ctx, b, c); err != nil {
			return true, fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Printf("   %s: %.0f s, go run ./bench/limit -only %s\n", c.name, time.Since(began).Seconds(), c.name)
	}
	return b.failed, nil
}

// bench is what the cases share.
type bench struct {
	*lab.Lab

	nginx  string
	rng    *rand.Rand
	seeds  int
	failed bool
}

// say prints a search with its verdict.
func (b *bench) say(good, wrong bool, format string, args ...any) {
	verdict := "ok  "
	switch {
	case wrong:
		verdict = "FAIL"
		b.failed = true
	case !good:
		verdict = "MISS"
	}
	fmt.Println(verdict, fmt.Sprintf(format, args...))
}
