// Command canary shows what the daemon's canary tells: how long after it is planted each fault is told, and what is
// told while nothing is wrong but what happens in every network, for as long as you like. Everything is a process of
// its own on loopback, but for the proxy before the endpoint, which plants the faults.
//
//	go run ./bench/canary                      # each fault six times, and an hour of normal faults, side by side
//	go run ./bench/canary -for 15m -rounds 3 -every 30s
//
// The exit status is 1 if a fault is not told within -within, or a false alarm is told, or the canary costs more than a
// hundredth of the quota of 10/s.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"time"

	"momento-bridge/test/lab"
)

// options are the flags.
type options struct {
	every, within, lasts time.Duration
	rounds               int
	verbose              bool
}

func main() {
	var o options
	flag.DurationVar(&o.every, "every", 24*time.Second, "canary.every")
	flag.DurationVar(&o.within, "within", 30*time.Second, "how soon a fault must be told after it was planted")
	flag.DurationVar(&o.lasts, "for", time.Hour, "how long normal faults go on; 0: not at all")
	flag.IntVar(&o.rounds, "rounds", 6, "how often each fault is planted; 0: not at all")
	flag.BoolVar(&o.verbose, "v", false, "print each change of what the canary says")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return run(ctx, &o) })
}

func run(ctx context.Context, o *options) (failed bool, err error) {
	l, err := lab.New(ctx, "")
	if err != nil {
		return true, err
	}
	defer l.Stop()
	servers, err := l.StartNATS(ctx)
	if err != nil {
		return true, err
	}
	var running sync.WaitGroup
	var mu sync.Mutex
	note := func(bad bool, problem error) {
		mu.Lock()
		defer mu.Unlock()
		failed, err = failed || bad, errors.Join(err, problem)
	}
	fmt.Printf("canary.every %v; a fault is to be told within %v\n\n", o.every, o.within)
	for i := range plants {
		if o.rounds > 0 {
			running.Go(func() { note(plants[i].run(ctx, l, servers, o)) })
		}
	}
	if o.lasts > 0 {
		running.Go(func() { note(normal(ctx, l, o)) })
	}
	running.Wait()
	return failed, err
}
