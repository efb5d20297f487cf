package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// subject is a program that carries messages from NATS to nginx.
type subject struct {
	name  string
	start func(ctx context.Context, b *bench, l load) (process, error)
	// Where its load differs from the case's:
	rate     float64
	messages int
	topics   int
	scraped  bool // Its metrics are read each second.
	batched  bool // Requests are fewer than messages.
	foreign  bool // It may have a consumer of its own.
}

// load is the case's load as the subject has it.
func (s *subject) load(l load, messages int) load {
	if l.messages == 0 {
		l.messages = messages
	}
	if s.messages > 0 {
		l.messages = s.messages
	}
	if s.topics > 0 {
		l.topics = s.topics
	}
	if s.rate > 0 {
		l.rate = s.rate
	}
	return l
}

// process is a running subject.
type process interface {
	Usage() (time.Duration, error) // CPU.
	PeakMemory() int               // In bytes.
	Stop() error                   // With SIGTERM. It may be called twice.
	Kill()
}

// daemon is the bridge with a configuration.
type daemon struct {
	connections int    // 0: 64.
	pipeline    int    // 0: 1; or auto.
	ordering    string // "": none.
	batch       string // "": none.
	queue       int    // 0: the default.
	log         string // "": info.
	traced      string // The share of messages that are traced; "": there are no traces.
}

func (d daemon) start(ctx context.Context, b *bench, l load) (process, error) {
	or := func(n, usual int) int {
		if n == 0 {
			return usual
		}
		return n
	}
	if d.ordering == "" {
		d.ordering = "none"
	}
	if d.batch == "" {
		d.batch = "none"
	}
	if d.log == "" {
		d.log = "info"
	}
	inFlight := strconv.Itoa(or(d.pipeline, 1))
	if d.pipeline == auto {
		inFlight = "auto"
	}
	source := fmt.Sprintf("subject: %q", l.filter())
	if l.js {
		source = fmt.Sprintf("stream: %s, consumer: %s", l.stream(), consumerName)
	}
	stopTraces, err := d.trace()
	if err != nil {
		return nil, err
	}
	defer stopTraces()
	return b.StartConfigured(ctx, fmt.Sprintf(`
momento: {endpoint: %q, connections: %d, in_flight: %s, tls: {ca_file: %q}}
limits: {rate: unlimited}
queue: {max_messages: %d}
log: {level: %s}
admin: {pprof: %t}
routes:
  - {name: bench, %s, cache: bench, ordering: %s, batch: {format: %s}, max_payload: %d}
`, l.endpoint(b.endpoint), or(d.connections, 64), inFlight, caFile(b, l),
		or(d.queue, 16384), d.log, b.profiles != "", source, d.ordering,
		d.batch, max(4096, l.size)))
}

func caFile(b *bench, l load) string {
	if !l.tls {
		return ""
	}
	return b.endpoint.CAFile
}

// auto is daemon.pipeline as the load needs it.
const auto = -1

// startFloor starts the bare loop.
func startFloor(_ context.Context, b *bench, l load) (process, error) {
	args := []string{"-nats", b.NATS.URL, "-url", l.endpoint(b.endpoint) + "/topics/bench/bench.topic"}
	if l.tls {
		args = append(args, "-ca", b.endpoint.CAFile)
	}
	if l.js {
		args = append(args, "-stream", l.stream(), "-consumer", consumerName)
		if l.size >= large {
			args = append(args, "-pull-bytes", strconv.Itoa(mostPending))
		}
	} else {
		args = append(args, "-subject", l.filter())
	}
	return startCommand(b, exec.Command(b.floor, args...))
}

// startOther starts a program that takes its orders from the environment.
func startOther(words []string) func(context.Context, *bench, load) (process, error) {
	return func(_ context.Context, b *bench, l load) (process, error) {
		cmd := exec.Command(words[0], words[1:]...)
		mode := "core"
		if l.js {
			mode = "js"
		}
		address := strings.TrimPrefix(l.endpoint(b.endpoint), "http://")
		cmd.Env = append(os.Environ(), "PB_MODE="+mode, "PB_NATS_URL="+b.NATS.URL, "PB_SUBJECT="+l.filter(),
			"PB_STREAM="+l.stream(), "PB_CONSUMER="+consumerName,
			"PB_SINK_URL="+l.endpoint(b.endpoint)+"/topics/bench/topic", "PB_SINK_ADDR="+address,
			fmt.Sprintf("PB_SIZE=%d", l.size), "PB_DIR="+b.Dir)
		return startCommand(b, cmd)
	}
}

// command is another program. How it ends is its own affair.
type command struct{ *lab.Process }

func startCommand(b *bench, cmd *exec.Cmd) (process, error) {
	p, err := b.StartCommand(cmd)
	return command{p}, err
}

// Stop implements process.
func (c command) Stop() error {
	_ = c.Process.Stop()
	return nil
}

var _, _ process = (*lab.Daemon)(nil), command{}
