package main

import (
	"context"
	"fmt"
	"time"
)

// shares has replicas of an unordered route join, leave and be killed, while a little more comes than the quota lets
// through.
func shares(ctx context.Context, b *bench) error {
	const rate = 200
	w, err := b.world(ctx, settings{limits: fmt.Sprint("rate: ", rate), route: "ordering: none"})
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.begin(ctx, 2); err != nil {
		return err
	}
	f := w.feed(ctx, "s", rate*5/4, false)
	if err := w.flows(ctx, 2*rate); err != nil {
		return err
	}
	for _, change := range []struct {
		what string
		do   func() error
	}{
		{"two started", func() error { return nil }},
		{"a third joins", func() error { _, err := w.startReady(ctx); return err }},
		{"one leaves", func() error { return w.stop(w.replicas[0]) }},
		{"two join", func() error { return w.begin(ctx, 2) }},
		{"one is killed", func() error { w.kill(w.replicas[1]); return nil }},
	} {
		if err := change.do(); err != nil {
			return err
		}
		sleepUntil(ctx, time.Now().Add(10*time.Second))
		got := w.during(ctx, 10*time.Second)
		least, most := got.spread(w.replicas)
		b.print(false, least > 0 && most <= 1.3*least && got.used(rate) > 0.9,
			"shares of an unordered route, %s: %.2f times from the least to the most of %d, %.1f %% of %d/s used, %v",
			change.what, most/least, len(w.replicas), 100*got.used(rate), rate, got.by)
	}
	for range len(w.replicas) - 1 {
		if err := w.stop(w.replicas[0]); err != nil {
			return err
		}
	}
	w.settings.limits = "rate: unlimited"
	if _, err := w.startReady(ctx); err != nil {
		return err
	}
	if err := w.stop(w.replicas[0]); err != nil {
		return err
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.lost == 0 && t.duplicates <= connections, "shares of an unordered route: %d messages: lost %d, "+
		"duplicates %d (at most %d)", t.sent, t.lost, t.duplicates, connections)
	return nil
}
