package main

import (
	"context"
	"fmt"
	"time"
)

// changeCase is a quota that changes while the daemon runs.
type changeCase struct{ from, to float64 }

// changes measures how soon a changed quota is used, and what is refused meanwhile.
func changes(ctx context.Context, b *bench) error {
	all := []changeCase{{10, 5}, {10, 40}, {100, 50}, {100, 400}, {1000, 500}, {1000, 4000}}
	if b.short {
		all = []changeCase{{100, 50}}
	}
	b.progress("change: %d quotas at once, 60 s", len(all))
	return atOnce(all, func(c changeCase) error { return c.measure(ctx, b) })
}

func (c changeCase) measure(ctx context.Context, b *bench) error {
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(c.from), "--latency", "2ms", "--jitter", "2ms")
	if err != nil {
		return err
	}
	first := b.length(40*time.Second, 14*time.Second)
	stop, err := b.carry(ctx, int(1.3*(c.from*first.Seconds()+c.to*40))+100,
		bridgeConfig{endpoint: e.Address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer stop()
	time.Sleep(first)
	before, err := stats(e)
	if err != nil {
		return err
	}
	if err := e.Set(ctx, fmt.Sprintf(`{"rate": %g}`, c.to)); err != nil {
		return err
	}
	began, reached, refused := time.Now(), time.Duration(0), 0.0
	for last := before.Accepted; time.Since(began) < 20*time.Second; {
		from := time.Now()
		time.Sleep(2 * time.Second)
		s, err := stats(e)
		if err != nil {
			return err
		}
		if reached == 0 && float64(s.Accepted-last)/time.Since(from).Seconds() >= 0.9*c.to {
			reached = time.Since(began)
		}
		last = s.Accepted
		refused = share(s.refused()-before.refused(), s.Accepted-before.Accepted)
	}
	text := "not reached within 20 s"
	if reached > 0 {
		text = fmt.Sprintf("90 %% used after %.0f s", reached.Seconds())
	}
	// At 10/s a single refusal is a large share of 20 s: docs/decisions.md, 12.
	line := 0.05
	if c.to < c.from && c.from >= 100 {
		line = 0.035
	}
	b.printTimed(reached > 0 && refused < line, c.from <= 10 || reached > 0 && refused < b.loose(0.1, 0.15),
		"quota %4g → %4g/s: %s, %.1f %% refused in 20 s", c.from, c.to, text, 100*refused)
	return nil
}
