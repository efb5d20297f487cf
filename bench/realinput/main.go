// Command realinput is the check on real input: a nats-server process, nginx answering 204, and the daemon as its own
// process carry core NATS and JetStream messages, and every message is accounted for on both sides.
//
//	go run ./bench/realinput                  # 200 000 messages of each kind; needs nginx on the PATH
//	go run ./bench/realinput -messages 20000
//
// Each check is a line "ok" or "FAIL"; the exit status is 1 if one failed. Rates and CPU are printed, never judged:
// they depend on the machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"momento-bridge/test/lab"
)

const payloadBytes = 256

func main() {
	messages := flag.Int("messages", 200_000, "messages of each kind")
	nginx := flag.String("nginx", "nginx", "the nginx program")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		return run(ctx, *messages, *nginx)
	})
}

// run builds the programs, starts the servers, and carries both kinds of messages.
func run(ctx context.Context, messages int, nginx string) (failed bool, err error) {
	s, err := startServers(ctx, nginx)
	if err != nil {
		return false, err
	}
	defer s.Stop()
	for _, kind := range []carrier{&core{}, &stream{}} {
		r := &result{messages: messages}
		if err := s.carry(ctx, kind, r); err != nil {
			return true, fmt.Errorf("%s: %w", kind.name(), err)
		}
		failed = r.report(kind.name()) || failed
	}
	return failed, nil
}

// result is what one kind of messages came to.
type result struct {
	messages              int
	requests, connections int // Seen by nginx.
	received, published   float64
	dropped               float64
	consumer              bool // It has one.
	pending, ackPending   uint64
	duration, cpu         time.Duration
	exit                  error
}

// maxConnections is the daemon's default: one for each worker. The run is shorter than the least connection age.
const maxConnections = 64

// report prints the checks and figures, and reports whether a check failed.
func (r *result) report(kind string) (failed bool) {
	check := func(ok bool, format string, args ...any) {
		word := "ok  "
		if !ok {
			word, failed = "FAIL", true
		}
		fmt.Printf("%s %s: %s\n", word, kind, fmt.Sprintf(format, args...))
	}
	check(r.requests == r.messages, "nginx answered %d requests for %d messages", r.requests, r.messages)
	check(r.connections <= maxConnections, "%d connections were opened, at most %d expected", r.connections,
		maxConnections)
	check(r.received == float64(r.messages) && r.published == r.received, "the daemon received %.0f and published %.0f",
		r.received, r.published)
	check(r.dropped == 0, "the NATS client dropped %.0f", r.dropped)
	if r.consumer {
		check(r.pending == 0 && r.ackPending == 0, "the consumer has %d pending and %d unacknowledged", r.pending,
			r.ackPending)
	}
	check(r.exit == nil, "the daemon's exit after SIGTERM: %v", r.exit)
	fmt.Printf("     %s: %.0f messages/s, %.1f µs of the daemon's CPU each\n", kind,
		float64(r.messages)/r.duration.Seconds(), float64(r.cpu.Microseconds())/float64(r.messages))
	return failed
}
