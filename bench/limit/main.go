// Command limit shows what `loadtest find` finds where the truth is known: the emulator with each kind of limiter, and
// nginx, whose limiter is not ours. Everything is a process of its own on loopback.
//
//	go run ./bench/limit                       # all, some 25 minutes; needs nginx on the PATH
//	go run ./bench/limit -only bucket,nginx
//	go run ./bench/limit -short                # some minutes, for CI
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
	"strings"
	"time"

	"momento-bridge/test/lab"
)

func main() {
	only := flag.String("only", "", "cases to run, separated by commas")
	short := flag.Bool("short", false, "fewer cases")
	nginx := flag.String("nginx", "nginx", "the nginx program")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the rates that nginx gets")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return run(ctx, *only, *short, *nginx, *seed) })
}

func run(ctx context.Context, only string, short bool, nginx string, seed uint64) (failed bool, err error) {
	fmt.Printf("seed %d\n", seed)
	l, err := lab.New(ctx, "")
	if err != nil {
		return true, err
	}
	defer l.Stop()
	b := &bench{Lab: l, nginx: nginx, rng: rand.New(rand.NewPCG(seed, 0))}
	for _, c := range cases {
		if only == "" && short && !c.short || only != "" && !slices.Contains(strings.Split(only, ","), c.name) {
			continue
		}
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
