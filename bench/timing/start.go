package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"momento-bridge/test/lab"
)

const (
	starts   = 9
	idleTime = 20 * time.Second
)

// start measures the time from starting the daemon to its first request, its size, and what it uses while there is
// nothing to do.
func (b *bench) start(ctx context.Context) error {
	fmt.Println("\nstart")
	var took []float64
	for i := range starts {
		stream := fmt.Sprint("start", i)
		if err := b.fill(ctx, stream, 1); err != nil {
			return err
		}
		first, err := b.firstRequest(ctx, stream)
		if err != nil {
			return err
		}
		took = append(took, first.Seconds()*1000)
	}
	slices.Sort(took)
	fmt.Printf(
		"  from the start of the process to its first request, JetStream: median %.0f ms of %d (%.0f to %.0f)\n",
		took[starts/2], starts, took[0], took[starts-1])
	info, err := os.Stat(b.Bridge)
	if err != nil {
		return err
	}
	fmt.Printf("  the program has %.1f MB\n", float64(info.Size())/1e6)
	return b.rest(ctx)
}

// firstRequest is how long a daemon takes to publish the one message of a stream.
func (b *bench) firstRequest(ctx context.Context, stream string) (time.Duration, error) {
	var first atomic.Int64
	recorder, stop, err := serve(ctx, 0, func(at time.Time, _ []byte) (int, int) {
		first.CompareAndSwap(0, at.UnixNano())
		return 0, 0
	})
	if err != nil {
		return 0, err
	}
	defer stop()
	began := time.Now()
	d, err := b.StartConfigured(ctx, configuration(recorder.Address, 64, "stream: "+stream))
	if err != nil {
		return 0, err
	}
	defer d.Kill()
	if err := lab.Await(ctx, 5*time.Second, "something is published",
		func() bool { return first.Load() != 0 }); err != nil {
		return 0, err
	}
	return time.Unix(0, first.Load()).Sub(began), d.Stop()
}

// rest measures a daemon without work, with a route of each kind.
func (b *bench) rest(ctx context.Context) error {
	recorder, stop, err := serve(ctx, 0, nil)
	if err != nil {
		return err
	}
	defer stop()
	if err := b.fill(ctx, "rest", 100); err != nil {
		return err
	}
	d, err := b.StartConfigured(ctx, configuration(recorder.Address, 64,
		"stream: rest")+`  - {name: core, subject: "nothing.>", cache: bench}`)
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(8 * time.Second) // Connections are closed after a while.
	before, err := d.Usage()
	if err != nil {
		return err
	}
	time.Sleep(idleTime)
	after, err := d.Usage()
	if err != nil {
		return err
	}
	fmt.Printf(
		"  idle, a route of each kind: %.2f %% of a core over %v, %.1f MiB resident\n",
		100*(after-before).Seconds()/idleTime.Seconds(), idleTime,
		float64(d.Memory())/(1<<20))
	return d.Stop()
}
