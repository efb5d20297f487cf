package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

const (
	largeRoutes   = 8
	largeMessages = 200
	largeBytes    = 1_000_000
)

// large has routes carry payloads of a megabyte over a slow way, with a queue that is larger than what nats-server may
// have pending for a client. It prints how often the connection was lost, and the longest time without progress.
func (b *bench) large(ctx context.Context) error {
	conn, js, err := lab.Connect(b.NATS)
	if err != nil {
		return err
	}
	defer conn.Close()
	const name = "large"
	if err := lab.Fill(ctx, conn, name, name+".>", lab.Subjects(name, largeRoutes), largeBytes,
		largeMessages); err != nil {
		return err
	}
	direct := b.NATS.URL
	slow, stop, err := startSlow(direct)
	if err != nil {
		return err
	}
	defer stop()
	b.NATS.URL = slow // Where daemons are told to connect to.
	defer func() { b.NATS.URL = direct }()
	for _, routes := range [...]int{1, largeRoutes} {
		s := subject{stream: name, routes: routes}
		if err := s.consumers(ctx, js); err != nil {
			return err
		}
		if err := b.carryLarge(ctx, s); err != nil {
			return fmt.Errorf("%d routes: %w", routes, err)
		}
	}
	return js.DeleteStream(ctx, name)
}

func (b *bench) carryLarge(ctx context.Context, s subject) error {
	_, before, err := b.endpoint.Counters()
	if err != nil {
		return err
	}
	queue := b.queue
	b.queue = "max_bytes: 256MiB"
	config := strings.ReplaceAll(b.config(s.stream, s.routes, s.filter), "cache: bench",
		"cache: bench, max_payload: 1048576")
	d, err := b.StartConfigured(ctx, config)
	b.queue = queue
	if err != nil {
		return err
	}
	defer d.Kill()
	began := time.Now()
	moved, last, longest := began, 0, time.Duration(0)
	for last < largeMessages {
		_, requests, err := b.endpoint.Counters()
		if err != nil {
			return err
		}
		now := time.Now()
		longest = max(longest, now.Sub(moved))
		if requests-before > last {
			last, moved = requests-before, now
		}
		if now.Sub(began) > 3*time.Minute || ctx.Err() != nil {
			return fmt.Errorf("stuck at %d of %d\n%s", last, largeMessages, lab.Brief(d.Output()))
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Printf(
		"  %d routes, %d messages of %d bytes, queue of 256 MiB: %v, connection lost %d times, longest pause %v\n",
		s.routes, largeMessages, largeBytes, moved.Sub(began).Round(time.Millisecond),
		strings.Count(d.Output(), "disconnected from NATS"), longest.Round(10*time.Millisecond))
	return d.Stop()
}
