package main

import (
	"context"
	"fmt"
	"time"

	"momento-bridge/test/lab"
)

const (
	warmUp    = 2 * time.Second
	slowTime  = 5 * time.Second
	slowSpare = 1.4 // Messages there are, for each that is expected.
)

// slow measures throughput towards an endpoint that takes its time. With n connections it is at most n / latency, as
// the endpoint itself measures it, until the processor is full.
func (b *bench) slow(ctx context.Context) error {
	fmt.Println("\nslow endpoint, JetStream, 256 B, ordering none")
	fmt.Printf("  %8s %12s %11s %15s %9s %10s %8s\n", "latency", "connections", "requests/s", "of n / latency",
		"CPU µs", "machine", "MiB")
	for _, latency := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond} {
		least := 0 // Memory with the fewest connections.
		for _, connections := range []int{64, 512, 2048} {
			memory, err := b.slowly(ctx, latency, connections)
			if err != nil {
				return err
			}
			if least == 0 {
				least = memory
			} else if connections == 2048 {
				fmt.Printf(
					"  %.1f KiB for each connection, the messages in flight and held for it included\n",
					float64(memory-least)/float64(2048-64)/1024)
			}
		}
	}
	return nil
}

func (b *bench) slowly(ctx context.Context, latency time.Duration, connections int) (memory int, err error) {
	most := min(float64(connections)/latency.Seconds(), 30_000)
	stream := fmt.Sprintf("slow%d-%d", latency.Milliseconds(), connections)
	if err := b.fill(ctx, stream, int(most*slowSpare*(warmUp+slowTime).Seconds())); err != nil {
		return 0, err
	}
	recorder, stop, err := serve(ctx, latency, nil)
	if err != nil {
		return 0, err
	}
	defer stop()
	d, err := b.StartConfigured(ctx, configuration(recorder.Address, connections, "stream: "+stream))
	if err != nil {
		return 0, err
	}
	defer d.Kill()
	time.Sleep(warmUp)
	before, err := d.Usage()
	if err != nil {
		return 0, err
	}
	busy := lab.ReadMachine()
	requests, held := recorder.Load()
	began := time.Now()
	time.Sleep(slowTime)
	passed := time.Since(began)
	after, err := d.Usage()
	if err != nil {
		return 0, err
	}
	share := lab.ReadMachine().Since(busy)
	requestsAfter, heldAfter := recorder.Load()
	n := requestsAfter - requests
	perSecond := float64(n) / passed.Seconds()
	mean := (heldAfter - held) / time.Duration(max(1, n))
	memory = d.PeakMemory()
	fmt.Printf("  %8v %12d %11.0f %14.1f%% %9.1f %9.0f%% %8.1f\n", mean.Round(10*time.Microsecond),
		connections, perSecond,
		100*perSecond/(float64(connections)/mean.Seconds()), float64((after-before).Microseconds())/float64(
			n), 100*share, float64(memory)/(1<<20))
	return memory, d.Stop()
}
