package main

import (
	"context"
	"fmt"
	"time"
)

// sticky measures how much of a quota is used of which each of eight servers enforces a part, while each connection
// stays with the server to which chance has brought it. All quotas are tried at once, except for the largest.
func sticky(ctx context.Context, b *bench) error {
	quotas := []float64{50, 100, 1000}
	if b.short {
		return nil // Too little time to find out who is crowded.
	}
	b.progress("sticky: %v/s, then 5000/s, %v each", quotas, stickyLearning+stickyKnown)
	if err := atOnce(quotas, func(quota float64) error { return measureSticky(ctx, b, quota) }); err != nil {
		return err
	}
	return measureSticky(ctx, b, 5000)
}

const (
	stickyLearning = time.Minute
	stickyKnown    = time.Minute
)

func measureSticky(ctx context.Context, b *bench, quota float64) error {
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(quota), "--limiter", "sharded", "--shards", "8", "--latency",
		"2ms", "--jitter", "2ms")
	if err != nil {
		return err
	}
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if err := r.fill(ctx, int(quota*1.2*(stickyLearning+stickyKnown).Seconds())+100, plain); err != nil {
		return err
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: e.Address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(stickyLearning)
	learning := d.Metrics()
	before, during, err := count(e, stickyKnown)
	if err != nil {
		return err
	}
	used := float64(during.Accepted) / quota / during.seconds
	refused := share(during.refused(), during.Accepted)
	then := d.Metrics()
	count := func(name string) (before, after float64) {
		before = learning.Sum(name, "")
		return before, then.Sum(name, "") - before
	}
	movedBefore, moved := count("momento_bridge_connections_moved_total")
	_, opened := count("momento_bridge_connections_opened_total")
	b.printTimed(used >= 0.85 && refused < 0.01, used >= 0.7 && refused < 0.03,
		"sticky, 8 servers, %5g/s: %6.2f %% used, %.2f %% refused; %.2f %% refused while learning; "+
			"%.0f connections opened, %.0f because they moved (%.0f while learning)",
		quota, 100*used, 100*refused, 100*share(before.refused(), before.Accepted), opened, moved, movedBefore)
	return nil
}
