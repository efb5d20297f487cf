package main

import (
	"context"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// alone has two replicas of an ordered route where there is no bucket and none may be made: the younger one stands by
// and says what is missing.
func alone(ctx context.Context, b *bench) error {
	const rate = 500
	w, err := b.world(ctx, settings{given: true})
	if err != nil {
		return err
	}
	defer w.end()
	f, err := w.orderedFeed(ctx, 1, rate, false)
	if err != nil {
		return err
	}
	older := w.replicas[0]
	younger, err := w.start(ctx)
	if err != nil {
		return err
	}
	why := ""
	err = lab.Await(ctx, 15*time.Second, "the younger replica names the bucket", func() bool {
		_, why = younger.Get("/readyz")
		return strings.Contains(why, "bucket")
	})
	b.print(false, err == nil, "no bucket: the younger of two says %q", strings.TrimSpace(why))
	if err := w.flows(ctx, 3*rate); err != nil {
		return err
	}
	at := time.Now()
	w.kill(older)
	took, err := w.another(ctx, older, at.Add(5*time.Millisecond))
	if err != nil {
		return err
	}
	if err := w.flows(ctx, rate); err != nil {
		return err
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.inOrder(connections), "no bucket, the older of two killed: %v (at most %d), the younger took over "+
		"after %v", t, connections, took.Round(10*time.Millisecond))
	return nil
}
