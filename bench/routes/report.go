package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"momento-bridge/test/lab"
)

// report prints medians, and the ratios of each that has many routes to the one before it.
func report(subjects []subject, figures [][]figure) {
	fmt.Printf("  %-20s %10s %14s %20s\n", "", "msg/s", "own CPU µs", "nats-server CPU µs")
	rate := func(f figure) float64 { return f.rate }
	own := func(f figure) float64 { return f.cpu }
	server := func(f figure) float64 { return f.natsCPU }
	for i, s := range subjects {
		all := figures[i]
		fmt.Printf("  %-20s %10.0f %14.2f %20.2f\n", s.name, median(all, rate), median(all, own), median(all, server))
	}
	for i, s := range subjects {
		if s.routes == 1 {
			continue
		}
		fmt.Printf("  %s / %s: msg/s %.2f, own CPU %.2f, nats-server CPU %.2f\n", s.name, subjects[i-1].name,
			ratio(figures[i], figures[i-1], rate), ratio(figures[i], figures[i-1], own),
			ratio(figures[i], figures[i-1], server))
	}
}

// median is the median of a value.
func median(all []figure, value func(figure) float64) float64 {
	values := make([]float64, len(all))
	for i, f := range all {
		values[i] = value(f)
	}
	return middle(values)
}

// ratio is the median of the ratios within each round.
func ratio(all, reference []figure, value func(figure) float64) float64 {
	values := make([]float64, len(all))
	for i := range all {
		values[i] = value(all[i]) / value(reference[i])
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// settleTime is what a daemon has to come to rest after its start: until then it makes sure of the order.
const settleTime = 75 * time.Second

// rest measures the daemon with many routes that have nothing to do.
func (b *bench) rest(ctx context.Context) error {
	file, err := b.Write("config.yaml", b.config(hot, b.idle, func(i int) string {
		return fmt.Sprintf("hot.idle.%d", i)
	}))
	if err != nil {
		return err
	}
	d := b.NewDaemon("-c", file)
	if err := d.Start(); err != nil {
		return err
	}
	defer d.Kill()
	if err := lab.Await(ctx, 5*time.Minute, "the daemon is ready", d.Ready); err != nil { // It makes the consumers.
		return err
	}
	time.Sleep(settleTime)
	own, server := d.CPU(), b.NATS.CPU()
	time.Sleep(b.idleTime)
	own, server = d.CPU()-own, b.NATS.CPU()-server
	percent := func(used time.Duration) float64 { return 100 * used.Seconds() / b.idleTime.Seconds() }
	fmt.Printf("  %d idle routes over %v: %.2f %% of a core, nats-server %.2f %%, %.1f MiB resident\n", b.idle,
		b.idleTime, percent(own), percent(server), float64(d.Memory())/(1<<20))
	return d.Stop()
}
