package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/test/lab"
)

// figure is what one run came to.
type figure struct {
	cpu         float64 // µs of the program's own for each message,
	sinkCPU     float64 // nginx's,
	natsCPU     float64 // and nats-server's.
	rate        float64 // Messages per second.
	memory      int     // The peak, in bytes.
	connections int     // Opened.
	requests    int     // Answered.
	wrong       []string
}

func (f figure) String() string {
	return fmt.Sprintf(
		"%6.2f µs  %7.0f msg/s  nginx %5.2f  nats %5.2f  %4d MiB  %d connections", f.cpu, f.rate, f.sinkCPU, f.natsCPU,
		f.memory>>20, f.connections)
}

// sample is a moment of a run.
type sample struct {
	at              time.Time
	requests        int
	cpu, sink, nats time.Duration
}

const (
	stuckAfter  = 20 * time.Second
	sampleEvery = 20 * time.Millisecond
	lateTime    = time.Second // For whatever might come twice.
)

// measure has a subject carry a load.
func (b *bench) measure(ctx context.Context, name string, s subject, l load) (figure, error) {
	conn, err := nats.Connect(b.NATS.URL)
	if err != nil {
		return figure{}, fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	if l.js {
		if err := b.fill(ctx, conn, l); err != nil {
			return figure{}, err
		}
	}
	time.Sleep(quietTime)
	connections, requests, err := b.endpoint.Counters()
	if err != nil {
		return figure{}, err
	}
	p, err := s.start(ctx, b, l)
	if err != nil {
		return figure{}, err
	}
	defer p.Kill()
	if s.scraped {
		stop := scrape(ctx, p)
		defer stop()
	}
	if !l.js {
		if err := b.awaitSubscribed(ctx, l); err != nil {
			return figure{}, err
		}
	}
	if d, ok := p.(*lab.Daemon); ok && b.profiles != "" {
		defer b.profile(d, name+"-"+s.name)()
	}
	samples, err := b.follow(ctx, p, conn, l, s.batched, requests)
	if err != nil {
		return figure{}, err
	}
	f := summarize(samples, l.messages)
	time.Sleep(lateTime)
	f.memory = p.PeakMemory()
	connectionsAfter, requestsAfter, err := b.endpoint.Counters()
	if err != nil {
		return figure{}, err
	}
	f.connections, f.requests = connectionsAfter-connections, requestsAfter-requests
	return f, b.check(ctx, &f, p, conn, s, l)
}

// check notes what is wrong with a run.
func (b *bench) check(ctx context.Context, f *figure, p process, conn *nats.Conn, s subject, l load) error {
	if err := p.Stop(); err != nil {
		f.wrong = append(f.wrong, fmt.Sprintf("it ended with %v", err))
	}
	if f.requests != l.messages && !s.batched {
		f.wrong = append(f.wrong, fmt.Sprintf("%d requests for %d messages", f.requests, l.messages))
	}
	if !l.js || s.foreign {
		return nil
	}
	pending, unacknowledged, err := b.left(ctx, conn, l)
	if pending > 0 || unacknowledged > 0 {
		f.wrong = append(f.wrong, fmt.Sprintf("%d messages pending, %d unacknowledged", pending, unacknowledged))
	}
	return err
}

// follow takes samples until everything has been carried, and publishes what is to be published meanwhile.
func (b *bench) follow(ctx context.Context, p process, conn *nats.Conn, l load, batched bool,
	already int,
) ([]sample, error) {
	var samples []sample
	publish := newPublisher(conn, l)
	began, moved, last, tick := time.Now(), time.Now(), 0, 10*time.Millisecond
	if l.rate > 0 {
		tick = 2 * time.Millisecond
	}
	for {
		s, err := b.sample(ctx, conn, l, batched, already)
		if err != nil {
			return nil, err
		}
		if len(samples) == 0 || s.at.Sub(samples[len(samples)-1].at) >= sampleEvery || s.requests >= l.messages {
			if err := b.usage(p, &s); err != nil {
				return nil, err
			}
			samples = append(samples, s)
		}
		if s.requests >= l.messages {
			return samples, nil
		}
		if s.requests > last {
			last, moved = s.requests, s.at
		}
		if time.Since(moved) > stuckAfter || ctx.Err() != nil {
			return nil, fmt.Errorf("stuck at %d of %d after %v", s.requests, l.messages, time.Since(began))
		}
		if !l.js {
			if err := publish.more(s.requests); err != nil {
				return nil, err
			}
		}
		time.Sleep(tick)
	}
}

// sample says how far a run has come. How many messages went into batches only the consumer can tell.
func (b *bench) sample(ctx context.Context, conn *nats.Conn, l load, batched bool, already int) (sample, error) {
	if batched {
		pending, unacknowledged, err := b.left(ctx, conn, l)
		return sample{at: time.Now(), requests: l.messages - int(pending) - unacknowledged}, err
	}
	_, requests, err := b.endpoint.Counters()
	return sample{at: time.Now(), requests: requests - already}, err
}

// usage adds what the processes have used.
func (b *bench) usage(p process, s *sample) (err error) {
	if s.cpu, err = p.Usage(); err != nil {
		return fmt.Errorf("the program has ended early: %w", err)
	}
	for _, worker := range b.endpoint.Workers {
		used, err := lab.Usage(worker)
		if err != nil {
			return fmt.Errorf("nginx has ended: %w", err)
		}
		s.sink += used
	}
	s.nats, err = b.NATS.Usage()
	return err
}

// summarize leaves out the start: the first tenth of the messages.
func summarize(samples []sample, messages int) figure {
	a, z := 0, len(samples)-1
	for a < z-1 && samples[a].requests < messages/10 {
		a++
	}
	return difference(samples[a], samples[z])
}

// difference is what happened between two samples.
func difference(from, to sample) figure {
	n := float64(max(1, to.requests-from.requests))
	perMessage := func(d time.Duration) float64 { return float64(d.Microseconds()) / n }
	return figure{
		cpu:     perMessage(to.cpu - from.cpu),
		sinkCPU: perMessage(to.sink - from.sink),
		natsCPU: perMessage(to.nats - from.nats),
		rate:    n / to.at.Sub(from.at).Seconds(),
	}
}

// profile writes a profile of what the daemon does now. The function that it returns waits for that.
func (b *bench) profile(d *lab.Daemon, name string) (wait func()) {
	var writing sync.WaitGroup
	writing.Go(func() {
		_, profile := d.Get("/debug/pprof/profile?seconds=5")
		if err := os.WriteFile(filepath.Join(b.profiles, name+".pprof"), []byte(profile), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	return writing.Wait
}

// scrape reads the metrics each second, as Prometheus would, until stopped.
func scrape(ctx context.Context, p process) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticks := time.NewTicker(time.Second)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
			p.(*lab.Daemon).Metrics()
		}
	}()
	return func() { cancel(); <-done }
}
