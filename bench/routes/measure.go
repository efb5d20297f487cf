package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

const (
	payloadBytes = 256
	consumer     = "bench"
)

// fill makes the streams.
func (b *bench) fill(ctx context.Context) error {
	conn, err := nats.Connect(b.NATS.URL)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	for name, n := range map[string]int{even: b.routes, hot: 1} {
		if err := lab.Fill(ctx, conn, name, name+".>", lab.Subjects(name, n), payloadBytes, b.messages); err != nil {
			return err
		}
	}
	return nil
}

// filter is that of a route.
func (s subject) filter(route int) string {
	if s.routes == 1 {
		return s.stream + ".>"
	}
	return s.stream + "." + strconv.Itoa(route)
}

// figure is what one run came to.
type figure struct {
	rate    float64 // Messages per second.
	cpu     float64 // µs of the program's own for each message,
	natsCPU float64 // and nats-server's.
}

func (f figure) String() string {
	return fmt.Sprintf("%7.0f msg/s  own %6.2f µs  nats-server %6.2f µs", f.rate, f.cpu, f.natsCPU)
}

// sample is a moment of a run.
type sample struct {
	at        time.Time
	done      int
	cpu, nats time.Duration
}

// measure has a subject carry everything that its stream has.
func (b *bench) measure(ctx context.Context, s subject) (figure, error) {
	conn, js, err := lab.Connect(b.NATS)
	if err != nil {
		return figure{}, err
	}
	defer conn.Close()
	if err := s.consumers(ctx, js); err != nil {
		return figure{}, err
	}
	time.Sleep(300 * time.Millisecond)
	p, done, err := b.start(ctx, s)
	if err != nil {
		return figure{}, err
	}
	defer p.Kill()
	var samples []sample
	for began := time.Now(); ; {
		one := sample{at: time.Now()}
		if one.done, err = done(); err != nil {
			return figure{}, err
		}
		if one.cpu, err = p.Usage(); err != nil {
			return figure{}, fmt.Errorf("it has ended early: %w\n%s", err, lab.Brief(p.Output()))
		}
		if one.nats, err = b.NATS.Usage(); err != nil {
			return figure{}, err
		}
		samples = append(samples, one)
		if one.done >= b.messages {
			return summarize(samples, b.messages), p.Stop()
		}
		if time.Since(began) > 2*time.Minute || ctx.Err() != nil {
			return figure{}, fmt.Errorf("stuck at %d of %d\n%s", one.done, b.messages, lab.Brief(p.Output()))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// summarize leaves out the start and the end: the first and the last tenth.
func summarize(samples []sample, messages int) figure {
	from := slices.IndexFunc(samples, func(s sample) bool { return s.done >= messages/10 })
	to := slices.IndexFunc(samples, func(s sample) bool { return s.done >= messages*9/10 })
	if from == to {
		from = max(0, from-1)
	}
	a, z := samples[from], samples[to]
	n := float64(z.done - a.done)
	return figure{
		rate:    n / z.at.Sub(a.at).Seconds(),
		cpu:     float64((z.cpu - a.cpu).Microseconds()) / n,
		natsCPU: float64((z.nats - a.nats).Microseconds()) / n,
	}
}

// consumers makes the subject's consumers anew, and removes all others.
func (s subject) consumers(ctx context.Context, js jetstream.JetStream) error {
	stream, err := js.Stream(ctx, s.stream)
	if err != nil {
		return fmt.Errorf("look at the stream: %w", err)
	}
	for names := stream.ConsumerNames(ctx); ; names = stream.ConsumerNames(ctx) {
		n := 0
		for name := range names.Name() {
			n++
			if err := stream.DeleteConsumer(ctx, name); err != nil {
				return fmt.Errorf("delete a consumer: %w", err)
			}
		}
		if n == 0 {
			break
		}
	}
	for i := range s.routes {
		cfg := jetstream.ConsumerConfig{
			Durable: consumer + strconv.Itoa(i), AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute,
			MaxAckPending: 20_000, MaxDeliver: -1,
		}
		if s.subjects > 0 {
			cfg.FilterSubjects = lab.Subjects(s.stream, s.subjects)
		} else {
			cfg.FilterSubject = s.filter(i)
		}
		if _, err := stream.CreateConsumer(ctx, cfg); err != nil {
			return fmt.Errorf("create a consumer: %w", err)
		}
	}
	return nil
}

// start starts the daemon or the loop. It returns what tells how many messages are done.
func (b *bench) start(ctx context.Context, s subject) (*lab.Process, func() (int, error), error) {
	if s.loop {
		p, err := b.StartCommand(exec.Command(b.self, "-loop-nats", b.NATS.URL, "-loop-stream", s.stream,
			"-loop-consumers", strconv.Itoa(s.routes)))
		return p, func() (int, error) { return done(p), nil }, err
	}
	_, before, err := b.endpoint.Counters()
	if err != nil {
		return nil, nil, err
	}
	config := b.config(s.stream, s.routes, s.filter)
	if s.subjects > 0 {
		config = b.oneRoute(s.stream, lab.Subjects(s.stream, s.subjects))
	}
	d, err := b.StartConfigured(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	return d.Process, func() (int, error) {
		_, requests, err := b.endpoint.Counters()
		return requests - before, err
	}, nil
}

// config is the daemon's.
func (b *bench) config(stream string, routes int, filter func(int) string) string {
	var text strings.Builder
	b.begin(&text)
	for i := range routes {
		fmt.Fprintf(&text, "  - {name: r%d, stream: %s, consumer: %s%d, subject: %q, cache: bench, ordering: %s}\n", i,
			stream, consumer, i, filter(i), b.ordering)
	}
	return text.String()
}

// oneRoute is the daemon's configuration with one route for many subjects.
func (b *bench) oneRoute(stream string, subjects []string) string {
	var text strings.Builder
	b.begin(&text)
	fmt.Fprintf(&text, "  - {name: all, stream: %s, consumer: %s0, subjects: [%s], cache: bench, ordering: %s}\n",
		stream, consumer, strings.Join(subjects, ", "), b.ordering)
	return text.String()
}

// begin writes a configuration but for its routes.
func (b *bench) begin(text *strings.Builder) {
	fmt.Fprintf(text, "momento: {endpoint: %q}\nlimits: {rate: unlimited}\nqueue: {%s}\nroutes:\n",
		"http://"+b.endpoint.Address, b.queue)
}
