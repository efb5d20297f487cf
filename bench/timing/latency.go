package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/test/lab"
)

const (
	latencyTime = 5 * time.Second
	publishTick = 100 * time.Microsecond
)

// topics are the subjects.
var topics = lab.Subjects("latency", 16)

// latency measures the time that the daemon adds to a message of core NATS: from the moment that a bare subscriber
// beside it has the message to the moment that the endpoint has read the request. Both are in this process, so both
// have been woken for it and have read a socket. Messages are published evenly, some each 100 µs or so.
func (b *bench) latency(ctx context.Context) error {
	fmt.Println("\nlatency, core NATS, 256 B, 64 connections: from a bare subscriber's to the endpoint's")
	most, err := b.most(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("  as fast as it goes here: %.0f/s\n", most)
	for _, share := range []float64{0.1, 0.25, 0.5} {
		for _, carrier := range []carrier{
			{"floor", b.startFloor},
			{"daemon", b.startDaemon},
			{"floor", b.startFloor},
			{"daemon", b.startDaemon},
		} {
			if err := b.at(ctx, carrier, most*share, fmt.Sprintf("%.0f %%", share*100)); err != nil {
				return err
			}
		}
	}
	return nil
}

// carrier is a program that carries messages: the daemon, or a bare loop (bench/floor) to compare it with.
type carrier struct {
	name  string
	start func(ctx context.Context, endpoint string) (stop func(), err error)
}

func (b *bench) startDaemon(ctx context.Context, endpoint string) (func(), error) {
	d, err := b.StartConfigured(ctx, configuration(endpoint, 64, `subject: "latency.>"`))
	if err != nil {
		return nil, err
	}
	return func() { _ = d.Stop() }, nil
}

func (b *bench) startFloor(ctx context.Context, endpoint string) (func(), error) {
	program, err := b.Build(ctx, "momento-bridge/bench/floor")
	if err != nil {
		return nil, err
	}
	floor, err := b.Start(program, "-nats", b.NATS.URL, "-subject", "latency.>", "-url",
		"http://"+endpoint+"/topics/bench/latency")
	if err != nil {
		return nil, err
	}
	time.Sleep(200 * time.Millisecond) // It says nothing when it has subscribed.
	return floor.Kill, nil
}

// flightTimes is when each message was seen: by the subscriber and at the endpoint, in nanoseconds since the start; 0:
// not.
type flightTimes struct {
	began                time.Time
	published            []atomic.Int64
	subscriber, endpoint []atomic.Int64
	arrived              atomic.Int64
}

func newFlightTimes(n int) *flightTimes {
	return &flightTimes{
		began: time.Now(), published: make([]atomic.Int64, n), subscriber: make([]atomic.Int64, n),
		endpoint: make([]atomic.Int64, n),
	}
}

func (f *flightTimes) note(seen []atomic.Int64, payload []byte, at time.Time) {
	if i := binary.BigEndian.Uint64(payload); i < uint64(len(seen)) {
		seen[i].Store(int64(at.Sub(f.began)))
	}
}

// most is how many messages per second the daemon carries when there are always some.
func (b *bench) most(ctx context.Context) (float64, error) {
	f := newFlightTimes(0)
	d, stop, err := b.receive(ctx, f, carrier{"daemon", b.startDaemon})
	if err != nil {
		return 0, err
	}
	defer stop()
	defer d()
	payload := make([]byte, payloadBytes)
	published, began := int64(0), time.Now()
	for time.Since(began) < 4*time.Second && ctx.Err() == nil {
		for ; published < f.arrived.Load()+4096; published++ {
			if err := b.conn.Publish(topics[published%16], payload); err != nil {
				return 0, fmt.Errorf("publish: %w", err)
			}
		}
		if err := b.conn.Flush(); err != nil {
			return 0, fmt.Errorf("publish: %w", err)
		}
		time.Sleep(time.Millisecond)
	}
	return float64(f.arrived.Load()) / time.Since(began).Seconds(), nil
}

// receive starts the endpoint and what carries messages there. It returns what ends them.
func (b *bench) receive(ctx context.Context, f *flightTimes, c carrier) (endCarrier, endEndpoint func(), err error) {
	recorder, stop, err := serve(ctx, 0, func(at time.Time, body []byte) (int, int) {
		f.note(f.endpoint, body, at)
		f.arrived.Add(1)
		return 0, 0
	})
	if err != nil {
		return nil, nil, err
	}
	end, err := c.start(ctx, recorder.Address)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return end, stop, nil
}

// at measures at a rate.
func (b *bench) at(ctx context.Context, c carrier, perSecond float64, name string) error {
	n := int(perSecond * latencyTime.Seconds())
	f := newFlightTimes(n)
	d, stop, err := b.receive(ctx, f, c)
	if err != nil {
		return err
	}
	defer stop()
	defer d()
	bare, err := nats.Connect(b.NATS.URL)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer bare.Close()
	if _, err := bare.Subscribe("latency.>",
		func(m *nats.Msg) { f.note(f.subscriber, m.Data, time.Now()) }); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := bare.Flush(); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	busy := lab.ReadMachine()
	if err := b.publishEvenly(ctx, f, perSecond); err != nil {
		return err
	}
	share := lab.ReadMachine().Since(busy)
	for end := time.Now().Add(5 * time.Second); f.arrived.Load() < int64(n) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	return f.report(c.name, name, perSecond, share)
}

// publishEvenly wakes up by a system call, as Go's timers keep to whole milliseconds when nothing else happens.
func (b *bench) publishEvenly(ctx context.Context, f *flightTimes, perSecond float64) error {
	payload := make([]byte, payloadBytes)
	tick := syscall.NsecToTimespec(int64(publishTick))
	began := time.Now()
	for i := 0; i < len(f.published) && ctx.Err() == nil; {
		for due := int(time.Since(began).Seconds() * perSecond); i < min(due, len(f.published)); i++ {
			binary.BigEndian.PutUint64(payload, uint64(i))
			f.published[i].Store(int64(time.Since(f.began)))
			if err := b.conn.Publish(topics[i%len(topics)], payload); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
		if err := syscall.Nanosleep(&tick, nil); err != nil && err != syscall.EINTR {
			return fmt.Errorf("sleep: %w", err)
		}
	}
	return ctx.Err()
}

func (f *flightTimes) report(carrier, name string, perSecond, busy float64) error {
	var added, whole, missing []float64
	for i := range f.published {
		subscriber, endpoint := f.subscriber[i].Load(), f.endpoint[i].Load()
		if subscriber == 0 || endpoint == 0 {
			missing = append(missing, 1)
			continue
		}
		added = append(added, float64(endpoint-subscriber)/1e3)
		whole = append(whole, float64(endpoint-f.published[i].Load())/1e3)
	}
	if len(added) == 0 {
		return errors.New("no message arrived")
	}
	slices.Sort(added)
	slices.Sort(whole)
	quantile := func(v []float64, q float64) float64 { return v[int(q*float64(len(v)-1))] }
	fmt.Printf("  %-6s at %4s, %5.0f/s, machine %3.0f%% busy: added p50 %4.0f µs, p99 %5.0f µs; from publishing p50 "+
		"%4.0f µs, p99 %5.0f µs; %d of %d missing\n",
		carrier, name, perSecond, 100*busy,
		quantile(added, .5), quantile(added, .99), quantile(whole, .5), quantile(whole, .99), len(missing),
		len(f.published))
	return nil
}
