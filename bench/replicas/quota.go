package main

import (
	"context"
	"fmt"
	"time"
)

const (
	learning = 25 * time.Second
	measured = 30 * time.Second
)

// quotaWorld is a world with a quota, whose replicas have one unordered route and more to do than they may.
func (b *bench) quotaWorld(ctx context.Context, rate float64, replicas int, s settings) (*world, error) {
	s.limits, s.route = "rate: auto", "ordering: none"
	w, err := b.world(ctx, s)
	if err != nil {
		return nil, err
	}
	w.account.quota = newBucket(rate, rate)
	err = w.fill("s", int(rate)*240+1000)
	if err == nil {
		err = w.beginTogether(ctx, replicas)
	}
	if err != nil {
		w.end()
		return nil, err
	}
	return w, nil
}

// beginTogether starts n replicas at the same time, but for the first, so that it is the oldest.
func (w *world) beginTogether(ctx context.Context, n int) error {
	for i := range n {
		r, err := w.start(ctx)
		if err != nil {
			return err
		}
		if i == 0 {
			if err := w.awaitReady(ctx, r); err != nil {
				return err
			}
		}
	}
	for _, r := range w.replicas {
		if err := w.awaitReady(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// during measures for a while.
func (w *world) during(ctx context.Context, length time.Duration) sharing {
	from := time.Now()
	sleepUntil(ctx, from.Add(length))
	return w.account.share(from, time.Now())
}

// quota has four replicas learn 200/s, and kills one and then the oldest.
func quota(ctx context.Context, b *bench) error {
	return b.quotaOf(ctx, settings{}, "4 replicas on 200/s, auto", 0.02)
}

// far is the same with time between them.
func far(ctx context.Context, b *bench) error {
	return b.quotaOf(ctx, settings{delay: [2]time.Duration{50 * time.Millisecond, 250 * time.Millisecond}},
		"4 replicas on 200/s, auto, 50 to 250 ms between them", 0.015)
}

func (b *bench) quotaOf(ctx context.Context, s settings, what string, line float64) error {
	const rate = 200
	w, err := b.quotaWorld(ctx, rate, 4, s)
	if err != nil {
		return err
	}
	defer w.end()
	b.progress("%s: %v", what, learning+measured)
	sleepUntil(ctx, time.Now().Add(length(b, learning, 8*time.Second)))
	got := w.during(ctx, length(b, measured, 8*time.Second))
	b.print(false, got.used(rate) >= 0.97 && got.refusals() < line && got.jain(w.replicas) >= 0.99,
		"%s: %.1f %% used, %.2f %% refused (line %.1f), Jain %.4f", what, 100*got.used(rate), 100*got.refusals(),
		100*line, got.jain(w.replicas))
	b.dips(w, rate)
	if s.delay[1] > 0 {
		return nil
	}
	for _, victim := range []struct {
		name string
		at   int
	}{{"one", 2}, {"the oldest", 0}} {
		at := time.Now()
		w.kill(w.replicas[victim.at])
		sleepUntil(ctx, at.Add(5*time.Second))
		got := w.during(ctx, 10*time.Second)
		first := w.account.share(at, at.Add(5*time.Second))
		b.print(false, got.used(rate) >= 0.95, "%s, %s killed: %.1f %% used from the 5th second (%.1f %% until then), "+
			"%.2f %% refused, Jain %.4f", what, victim.name, 100*got.used(rate), 100*first.used(rate),
			100*got.refusals(), got.jain(w.replicas))
		if _, err := w.startReady(ctx); err != nil {
			return err
		}
		sleepUntil(ctx, time.Now().Add(5*time.Second))
	}
	got = w.during(ctx, 10*time.Second)
	b.print(false, got.used(rate) >= 0.95 && got.jain(w.replicas) >= 0.98,
		"%s, replaced: %.1f %% used, %.2f %% refused, Jain %.4f", what, 100*got.used(rate), 100*got.refusals(),
		got.jain(w.replicas))
	return nil
}

// dips prints what was accepted in each second lately.
func (b *bench) dips(w *world, _ float64) {
	if !b.verbose {
		return
	}
	now := time.Now()
	for s := 20; s > 0; s-- {
		from := now.Add(-time.Duration(s) * time.Second)
		got := w.account.share(from, from.Add(time.Second))
		fmt.Printf("       %d/s, %d refused, %v\n", got.accepted, got.refused, got.by)
	}
}

// crowd has twelve replicas learn 10/s.
func crowd(ctx context.Context, b *bench) error {
	const rate = 10
	n := length(b, 12, 4)
	w, err := b.quotaWorld(ctx, rate, n, settings{})
	if err != nil {
		return err
	}
	defer w.end()
	what := fmt.Sprintf("%d replicas on %d/s, auto", n, rate)
	b.progress("%s: %v", what, learning+2*measured)
	sleepUntil(ctx, time.Now().Add(length(b, learning, 10*time.Second)))
	got := w.during(ctx, length(b, 2*measured, 10*time.Second))
	least, most := got.spread(w.replicas)
	b.print(false, got.used(rate) >= 0.95 && got.refusals() < 0.02 && got.jain(w.replicas) >= 0.98 && least >= 0.7,
		"%s: %.1f %% used, %.2f %% refused, Jain %.4f, each %.2f to %.2f of the mean", what, 100*got.used(rate),
		100*got.refusals(), got.jain(w.replicas), least, most)
	b.dips(w, rate)
	return nil
}

// busy has one replica with more to do than it may, and two with one message a second each.
func busy(ctx context.Context, b *bench) error {
	const rate = 200
	w, err := b.world(ctx, settings{limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer w.end()
	w.account.quota = newBucket(rate, rate)
	if err := w.fill("s", rate*120); err != nil {
		return err
	}
	for i, name := range []string{"s", "a", "b"} {
		if i > 0 {
			if err := w.stream(ctx, name, name); err != nil {
				return err
			}
			f := w.feed(ctx, name, 1, false)
			defer func() {
				close(f.stop)
				f.done.Wait()
			}()
		}
		stream := map[string]string{"s": "S"}[name]
		if stream == "" {
			stream = name
		}
		r, err := w.startWith(ctx, fmt.Sprintf("  - {name: %s, stream: %s, subject: \"%s.>\", cache: bench, "+
			"ordering: none}\n", name, stream, name))
		if err == nil {
			err = w.awaitReady(ctx, r)
		}
		if err != nil {
			return err
		}
	}
	b.progress("one busy, two at 1/s: %v", learning+measured)
	sleepUntil(ctx, time.Now().Add(length(b, learning, 10*time.Second)))
	got := w.during(ctx, length(b, measured, 10*time.Second))
	others := float64(got.by[2]+got.by[3]) / got.seconds
	first := float64(got.by[1]) / got.seconds / (rate - others)
	b.print(false, first >= 0.95 && others >= 1.8 && got.refusals() < 0.02,
		"one busy and two with 1/s each, on %d/s, auto: the busy one uses %.1f %% of what is left, the others %.1f/s, "+
			"%.2f %% refused", rate, 100*first, others, 100*got.refusals())
	return nil
}
