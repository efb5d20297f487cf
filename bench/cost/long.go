package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// windows of a long load, in which its cost is looked at.
var windows = []struct {
	name     string
	from, to time.Duration
}{
	{"10 s", 2 * time.Second, 10 * time.Second},
	{"60 s", 50 * time.Second, 60 * time.Second},
	{"10 min", 590 * time.Second, 600 * time.Second},
}

// runLong has the daemon carry core NATS for as long as the windows say, and prints what a message costs in each. It
// returns false if messages are missing.
func (b *bench) runLong(ctx context.Context, c benchCase) (bool, error) {
	fmt.Printf("\n%s: %s\n", c.name, c.title)
	conn, err := nats.Connect(b.NATS.URL)
	if err != nil {
		return false, fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	_, already, err := b.endpoint.Counters()
	if err != nil {
		return false, err
	}
	l := c.load
	l.messages = 1 << 40
	p, err := usual.start(ctx, b, l)
	if err != nil {
		return false, err
	}
	defer p.Kill()
	publish := newPublisher(conn, l)
	var samples []sample
	for len(samples) == 0 || time.Since(publish.began) < windows[len(windows)-1].to {
		s, err := b.sample(ctx, conn, l, false, already)
		if err == nil && (len(samples) == 0 || s.at.Sub(samples[len(samples)-1].at) >= time.Second/2) {
			if err = b.usage(p, &s); err == nil {
				samples = append(samples, s)
			}
		}
		if err == nil {
			err = publish.more(s.requests)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false, err
		}
		time.Sleep(10 * time.Millisecond)
	}
	first := 0.0
	for _, w := range windows {
		f := between(samples, publish.began.Add(w.from), publish.began.Add(w.to))
		if first == 0 {
			first = f.cpu
		}
		fmt.Printf(
			"  after %-6s %6.2f µs a message, %.3f of the first; %7.0f msg/s, nginx %.2f µs\n", w.name, f.cpu,
			f.cpu/first, f.rate, f.sinkCPU)
	}
	if err := p.Stop(); err != nil {
		return false, err
	}
	_, requests, err := b.endpoint.Counters()
	ok := requests-already == publish.published
	fmt.Printf("  %d messages, %d requests\n", publish.published, requests-already)
	return ok, err
}

// between is what a part of a run came to.
func between(samples []sample, from, to time.Time) figure {
	a, z := 0, 0
	for i, s := range samples {
		if s.at.Before(from) {
			a = i
		}
		if !s.at.After(to) {
			z = i
		}
	}
	return difference(samples[a], samples[z])
}
