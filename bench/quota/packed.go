package main

import (
	"context"
	"fmt"
	"time"

	"momento-bridge/batch/corpus"
)

// packed measures orders that come ninety times as fast as the quota lets publishes go.
func packed(ctx context.Context, b *bench) error {
	const quota, arrivals = 10, 900
	in, err := newInbox(ctx, false, quota)
	if err != nil {
		return err
	}
	in.packed = true
	defer in.end()
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	d, err := b.bridge(ctx, r, bridgeConfig{
		endpoint: in.Address, limits: fmt.Sprintf("rate: %d", quota),
		route: "ordering: topic, batch: {format: packed}",
	})
	if err != nil {
		return err
	}
	defer d.Kill()
	feeding, stop := context.WithTimeout(ctx, b.length(30*time.Second, 8*time.Second))
	defer stop()
	fed, err := r.feed(feeding, arrivals, orders())
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // More than what is left may wait.
	d.Kill()
	result, err := in.stop(fed)
	if err != nil {
		return err
	}
	b.printBatches("packed, orders of 200 B", fed, arrivals, in, result)
	return nil
}

// orders are payloads of the corpus of that name, with the time when each was made and its number in front.
func orders() func(int) []byte {
	all := corpus.All()[0].Messages(20_000)
	return func(i int) []byte {
		order := all[i%len(all)].Payload
		return append(fmt.Appendf(nil, `{"at":%d,"n":%d,`, time.Since(epoch).Nanoseconds(), i), order[1:]...)
	}
}
