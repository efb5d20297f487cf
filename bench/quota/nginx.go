package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// learnedFromNginx measures the same with nginx as the endpoint, by nginx's own log.
func learnedFromNginx(ctx context.Context, b *bench) error {
	return b.eachQuota("nginx", []float64{100, 1000}, func(quota float64) error {
		return learnFromNginx(ctx, b, quota)
	})
}

func learnFromNginx(ctx context.Context, b *bench, quota float64) error {
	address, log, err := b.StartLimitedNginx(ctx, b.nginx, int(quota))
	if err != nil {
		return err
	}
	first, then := b.length(learning, 18*time.Second), b.length(known, 12*time.Second)
	stop, err := b.carry(ctx, int(quota*1.3*(first+then).Seconds())+100,
		bridgeConfig{endpoint: address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer stop()
	time.Sleep(first)
	began := time.Now()
	time.Sleep(then)
	before, after, err := readAnswers(log, began, began.Add(then))
	if err != nil {
		return err
	}
	used := float64(after.accepted) / quota / then.Seconds()
	refused := share(after.refused, after.accepted)
	b.printTimed(used >= 0.95 && refused < 0.01, used >= b.loose(0.9, 0.8) && refused < b.loose(0.02, 0.05),
		"auto, nginx limit_req   %5g/s: %6.2f %% used, %.2f %% refused; %.2f %% refused while learning",
		quota, 100*used, 100*refused, 100*share(before.refused, before.accepted))
	return nil
}

// answers are what nginx has answered.
type answers struct{ accepted, refused int }

// readAnswers counts what nginx has logged before a time, and from then on to another time.
func readAnswers(log string, from, to time.Time) (before, after answers, err error) {
	file, err := os.Open(log)
	if err != nil {
		return before, after, fmt.Errorf("read nginx's log: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var at float64
		var status int
		if _, err := fmt.Sscan(lines.Text(), &at, &status); err != nil {
			continue // The last line, half written.
		}
		in := &before
		switch when := time.UnixMilli(int64(at * 1000)); {
		case !when.Before(to):
			continue
		case !when.Before(from):
			in = &after
		}
		switch status {
		case http.StatusNoContent:
			in.accepted++
		case http.StatusTooManyRequests:
			in.refused++
		default:
			return before, after, fmt.Errorf("nginx answered %d", status)
		}
	}
	return before, after, lines.Err()
}
