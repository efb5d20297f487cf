package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"momento-bridge/batch"
	"momento-bridge/bench/lab"
	"momento-bridge/sink/emulator"
)

// inbox is an endpoint that takes batches apart and remembers how old messages were when they came.
type inbox struct {
	*lab.Recorder
	format   batch.Format // Empty: each publish is a message.
	limiter  emulator.Limiter
	waits    []time.Duration
	publish  int
	refused  int
	broken   error
	done     chan struct{}
	stopping context.CancelFunc
}

// newInbox serves with a quota, 0 for none.
func newInbox(ctx context.Context, format batch.Format, quota float64) (*inbox, error) {
	recorder, err := lab.NewRecorder()
	if err != nil {
		return nil, err
	}
	in := &inbox{Recorder: recorder, format: format, done: make(chan struct{})}
	if in.limiter, err = emulator.NewLimiter(emulator.Settings{Rate: quota}, time.Now()); err != nil {
		return nil, err
	}
	in.Answer = in.take
	ctx, in.stopping = context.WithCancel(ctx)
	go func() { defer close(in.done); in.Serve(ctx) }()
	return in, nil
}

func (in *inbox) take(at time.Time, body []byte) (status, retryAfter int) {
	if !in.limiter.Take(at, 1, 0) {
		in.refused++
		return http.StatusTooManyRequests, 0
	}
	in.publish++
	messages := [][]byte{body}
	if in.format != "" {
		var err error
		if messages, err = batch.Split(in.format, body); err != nil {
			in.broken = err
		}
	}
	for _, m := range messages {
		in.waits = append(in.waits, at.Sub(stampOf(m)))
	}
	return 0, 0
}

// stop ends the endpoint, after which its counts can be read, and returns what was broken.
func (in *inbox) stop() error {
	in.stopping()
	<-in.done
	slices.Sort(in.waits)
	return in.broken
}

func (in *inbox) quantile(q float64) time.Duration {
	return in.waits[min(len(in.waits)-1, int(q*float64(len(in.waits))))]
}

// batches measures messages that come thirty times as fast as the quota lets publishes go.
func batches(ctx context.Context, b *bench) error {
	for _, format := range []batch.Format{batch.JSON, ""} {
		if err := measureBatches(ctx, b, format); err != nil {
			return err
		}
	}
	return nil
}

func measureBatches(ctx context.Context, b *bench, format batch.Format) error {
	const quota, arrivals = 10, 300
	in, err := newInbox(ctx, format, quota)
	if err != nil {
		return err
	}
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	options := "ordering: topic"
	if format != "" {
		options += ", batch: {format: " + string(format) + "}"
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: in.Address, limits: fmt.Sprintf("rate: %d", quota), route: options})
	if err != nil {
		return err
	}
	defer d.Kill()
	length := b.length(30*time.Second, 8*time.Second)
	feeding, stop := context.WithTimeout(ctx, length)
	defer stop()
	if err := r.feed(feeding, arrivals, stamped(100)); err != nil {
		return err
	}
	if format != "" {
		time.Sleep(3 * time.Second)
	}
	d.Kill()
	if err := in.stop(); err != nil {
		return err
	}
	if format == "" {
		perSecond := float64(in.publish) / length.Seconds()
		b.print(math.Abs(perSecond-quota) < 0.5, math.Abs(perSecond-quota) < 1, "no batches, quota %d/s, arrivals %d/s: %.1f messages/s", quota, arrivals, perSecond)
		return nil
	}
	want := int(arrivals * length.Seconds())
	all := len(in.waits) >= want-1
	p99 := in.quantile(0.99)
	b.print(all && in.refused == 0 && p99 < time.Second, all && p99 < 2*time.Second,
		"batch %s, quota %d/s, arrivals %d/s: %d of %d delivered in %d publishes, wait p50 %v p99 %v, %d refused",
		format, quota, arrivals, len(in.waits), want, in.publish, in.quantile(0.5).Round(time.Millisecond), p99.Round(time.Millisecond), in.refused)
	return nil
}

// latencies compares batches with none where the quota is ample: pairs, one straight after the other.
func latencies(ctx context.Context, b *bench) error {
	pairs := 5
	if b.short {
		pairs = 1
	}
	var none, joined []time.Duration
	for range pairs {
		for _, format := range []batch.Format{"", batch.JSON} {
			p50, err := measureLatency(ctx, b, format)
			if err != nil {
				return err
			}
			if format == "" {
				none = append(none, p50)
			} else {
				joined = append(joined, p50)
			}
		}
	}
	slices.Sort(none)
	slices.Sort(joined)
	added := joined[pairs/2] - none[pairs/2]
	b.print(added < 200*time.Microsecond, b.short || added < 400*time.Microsecond, "ample quota, 2000 messages/s: median %v without batches, %v with json: %+d µs (%d pairs)",
		none[pairs/2].Round(time.Microsecond), joined[pairs/2].Round(time.Microsecond), added.Microseconds(), pairs)
	return nil
}

func measureLatency(ctx context.Context, b *bench, format batch.Format) (time.Duration, error) {
	in, err := newInbox(ctx, format, 0)
	if err != nil {
		return 0, err
	}
	r, err := b.newRoute(ctx)
	if err != nil {
		return 0, err
	}
	defer r.close(ctx)
	options := "ordering: topic"
	if format != "" {
		options += ", batch: {format: " + string(format) + "}"
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: in.Address, limits: "rate: unlimited", route: options})
	if err != nil {
		return 0, err
	}
	defer d.Kill()
	feeding, stop := context.WithTimeout(ctx, 4*time.Second)
	defer stop()
	if err := r.feed(feeding, 2000, stamped(100)); err != nil {
		return 0, err
	}
	time.Sleep(200 * time.Millisecond)
	d.Kill()
	if err := in.stop(); err != nil {
		return 0, err
	}
	return in.quantile(0.5), nil
}
