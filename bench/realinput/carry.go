package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// carrier is one kind of messages.
type carrier interface {
	name() string
	args() []string                                                                 // The daemon's flags.
	prepare(ctx context.Context, s *servers, conn *nats.Conn, n int) error          // Before the daemon starts.
	publish(ctx context.Context, s *servers, conn *nats.Conn, n, already int) error // While it runs.
	inspect(ctx context.Context, conn *nats.Conn, r *result) error                  // After it has ended.
}

// carry has the daemon carry one kind of messages and fills in the result.
func (s *servers) carry(ctx context.Context, kind carrier, r *result) error {
	conn, err := nats.Connect(s.NATS.URL)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	if err := kind.prepare(ctx, s, conn, r.messages); err != nil {
		return err
	}
	connections, requests, err := s.endpoint.Counters()
	if err != nil {
		return err
	}
	began := time.Now()
	d, err := s.startDaemon(ctx, kind.args()...)
	if err != nil {
		return err
	}
	defer d.Kill()
	if err := kind.publish(ctx, s, conn, r.messages, requests); err != nil {
		return err
	}
	if err := s.await(ctx, requests+r.messages); err != nil {
		return err
	}
	r.duration = time.Since(began)
	time.Sleep(time.Second) // Whatever might come twice has time to.
	metrics := d.Metrics()
	r.received = metrics.Sum("momento_bridge_messages_received_total", "")
	r.published = metrics.Sum("momento_bridge_messages_settled_total", `outcome="published"`)
	r.dropped = max(0, metrics.Sum("momento_bridge_source_dropped_total", "")) // Streams have none.
	r.exit = d.Stop()
	r.cpu = d.CPU()
	connectionsAfter, requestsAfter, err := s.endpoint.Counters()
	if err != nil {
		return err
	}
	r.requests, r.connections = requestsAfter-requests, connectionsAfter-connections
	return kind.inspect(ctx, conn, r)
}

// await waits until nginx has answered so many requests.
func (s *servers) await(ctx context.Context, want int) error {
	last, since := 0, time.Now()
	for {
		_, requests, err := s.endpoint.Counters()
		if err != nil || requests >= want {
			return err
		}
		if requests > last {
			last, since = requests, time.Now()
		}
		if time.Since(since) > 20*time.Second || ctx.Err() != nil {
			return fmt.Errorf("stuck at %d of %d requests", requests, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// core is core NATS. Its publisher keeps a window between what is published and what nginx has answered, so that the
// client of the daemon, which cannot slow it down, has room for everything.
type core struct{}

const window = 8192

func (*core) name() string                                             { return "core NATS" }
func (*core) args() []string                                           { return []string{"--subject", "bench.core.>"} }
func (*core) prepare(context.Context, *servers, *nats.Conn, int) error { return nil }
func (*core) inspect(context.Context, *nats.Conn, *result) error       { return nil }

func (*core) publish(ctx context.Context, s *servers, conn *nats.Conn, n, already int) error {
	payload := make([]byte, payloadBytes)
	for sent := range n {
		for sent%1024 == 0 {
			if err := conn.Flush(); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
			_, requests, err := s.endpoint.Counters()
			if err != nil {
				return err
			}
			if sent-(requests-already) <= window-1024 {
				break
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			time.Sleep(time.Millisecond)
		}
		if err := conn.Publish(fmt.Sprintf("bench.core.%d", sent%16), payload); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return conn.Flush()
}

// stream is a JetStream stream in a file, filled before the daemon starts.
type stream struct{}

const streamName = "BENCH"

func (*stream) name() string { return "JetStream" }
func (*stream) args() []string {
	return []string{
		"--stream", streamName,
		"--subject", "bench.js.>",
	}
}
func (*stream) publish(context.Context, *servers, *nats.Conn, int, int) error { return nil }

func (*stream) prepare(ctx context.Context, _ *servers, conn *nats.Conn, n int) error {
	return lab.Fill(ctx, conn, streamName, "bench.js.>", lab.Subjects("bench.js", 16), payloadBytes, n)
}

func (*stream) inspect(ctx context.Context, conn *nats.Conn, r *result) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	consumer, err := js.Consumer(ctx, streamName, "momento-bridge-default")
	if err != nil {
		return fmt.Errorf("look at the consumer: %w", err)
	}
	info := consumer.CachedInfo()
	r.consumer = true
	r.pending, r.ackPending = info.NumPending, uint64(info.NumAckPending)
	return nil
}
