package main

import (
	"context"
	"time"
)

// ordered begins a case of an ordered route: a world, so many replicas, and a feed.
func (b *bench) ordered(ctx context.Context, s settings, replicas, rate int, careful bool) (*world, *feeding, error) {
	w, err := b.world(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	f, err := w.orderedFeed(ctx, replicas, rate, careful)
	if err != nil {
		w.end()
		return nil, nil, err
	}
	return w, f, nil
}

func (w *world) orderedFeed(ctx context.Context, replicas, rate int, careful bool) (*feeding, error) {
	w.account.noise = 0.02
	if err := w.begin(ctx, replicas); err != nil {
		return nil, err
	}
	f := w.feed(ctx, "s", rate, careful)
	return f, w.flows(ctx, rate/4)
}

// clean is the verdict on what no fault may harm.
func (t *tally) clean() bool { return t.lost == 0 && t.duplicates == 0 && len(t.inversions) == 0 }

// inOrder is the verdict on what may be doubled.
func (t *tally) inOrder(doubled int) bool {
	return t.lost == 0 && len(t.inversions) == 0 && t.duplicates <= doubled
}

// steady has two replicas work without any fault.
func steady(ctx context.Context, b *bench) error {
	const rate = 2500
	w, f, err := b.ordered(ctx, settings{}, 2, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.flows(ctx, length(b, 20, 4)*rate); err != nil {
		return err
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.clean(), "steady, 2 replicas, %d/s: %v", rate, t)
	return nil
}

// surge replaces two replicas by others, as a rolling update with maxSurge 1 and maxUnavailable 0 does.
func surge(ctx context.Context, b *bench) error {
	const rate = 2500
	w, f, err := b.ordered(ctx, settings{}, 2, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	rounds := length(b, 5, 1)
	for range rounds {
		for range 2 {
			old := w.replicas[0]
			if _, err := w.startReady(ctx); err != nil {
				return err
			}
			if err := w.stop(old); err != nil {
				return err
			}
			if err := w.flows(ctx, rate/2); err != nil {
				return err
			}
		}
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.clean(), "surge, 2 replicas, %d replaced, %d/s: %v, longest gap %v", 2*rounds, rate, t, t.gap())
	return nil
}

// gap is the longest, for people.
func (t *tally) gap() time.Duration { return t.worst().Round(time.Millisecond) }

// rolling stops each of four replicas, and starts another one.
func rolling(ctx context.Context, b *bench) error {
	const rate = 2000
	w, f, err := b.ordered(ctx, settings{}, 4, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	return w.roll(ctx, f, rate, length(b, 2, 1), "rolling, 4 replicas")
}

// roll stops each replica in turn, so many times around, and starts another one.
func (w *world) roll(ctx context.Context, f *feeding, rate, rounds int, what string) error {
	b, stops := w.b, 0
	for range rounds {
		for range len(w.replicas) {
			// The holder goes first, then whoever holds it then: each stop moves the lease.
			if err := w.flows(ctx, rate); err != nil {
				return err
			}
			holder := w.holder()
			if holder == nil {
				holder = w.replicas[0]
			}
			if err := w.stop(holder); err != nil {
				return err
			}
			stops++
			if _, err := w.startReady(ctx); err != nil {
				return err
			}
		}
	}
	if err := w.flows(ctx, rate); err != nil {
		return err
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.clean(), "%s, %d stopped while they held it, %d/s: %v", what, stops, rate, t)
	b.print(false, t.worst() <= 500*time.Millisecond, "%s: longest gap %v", what, t.gap())
	return nil
}
