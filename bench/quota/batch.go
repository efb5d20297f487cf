package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"momento-bridge/batch"
	"momento-bridge/test/lab"
)

// inbox is an endpoint that keeps publishes until it stops, and then takes them apart. It shares no code with what
// encodes batches of JSON.
type inbox struct {
	*lab.Recorder
	batched bool // Each publish is a JSON array of messages, also where it holds one,
	packed  bool // or a packed batch.
	quota   *bucket
	kept    []publish
	refused int
	end     func() // Of the recorder.
}

// publish is one that was accepted.
type publish struct {
	at   time.Time
	body []byte
}

// bucket is a token bucket that holds what a second brings, as the emulator's does by default.
type bucket struct {
	rate, tokens float64
	at           time.Time
}

func (q *bucket) take(now time.Time) bool {
	q.tokens = min(q.rate, q.tokens+now.Sub(q.at).Seconds()*q.rate)
	q.at = now
	if q.tokens < 1 {
		return false
	}
	q.tokens--
	return true
}

// newInbox serves with a quota, 0 for none.
func newInbox(ctx context.Context, batched bool, quota float64) (*inbox, error) {
	recorder, err := lab.NewRecorder()
	if err != nil {
		return nil, err
	}
	in := &inbox{Recorder: recorder, batched: batched}
	if quota > 0 {
		in.quota = &bucket{rate: quota, tokens: quota, at: time.Now()}
	}
	in.Answer = in.take
	in.end = in.Start(ctx)
	return in, nil
}

func (in *inbox) take(at time.Time, body []byte) (status, retryAfter int) {
	if in.quota != nil && !in.quota.take(at) {
		in.refused++
		return http.StatusTooManyRequests, 0
	}
	in.kept = append(in.kept, publish{at, bytes.Clone(body)})
	return 0, 0
}

// inboxResult is what came of the messages fed.
type inboxResult struct {
	waits            []time.Duration // Sorted, from the stamp of each message to its publish.
	missing, doubled int
}

// stop ends the endpoint, after which its counts can be read, and accounts for the messages numbered from 0 to fed-1.
func (in *inbox) stop(fed int) (*inboxResult, error) {
	in.end()
	result, seen := &inboxResult{}, make([]int, fed)
	for _, p := range in.kept {
		messages, err := in.messages(p.body)
		if err != nil {
			return nil, fmt.Errorf("take a batch apart: %w", err)
		}
		for _, text := range messages {
			var m stamp
			if err := json.Unmarshal(text, &m); err != nil {
				return nil, fmt.Errorf("read a message: %w", err)
			}
			if m.N < 0 || m.N >= fed {
				return nil, fmt.Errorf("message %d was never sent", m.N)
			}
			seen[m.N]++
			result.waits = append(result.waits, p.at.Sub(epoch.Add(m.At)))
		}
	}
	if len(result.waits) == 0 {
		return nil, errors.New("no message came")
	}
	for _, times := range seen {
		result.missing += max(0, 1-times)
		result.doubled += max(0, times-1)
	}
	slices.Sort(result.waits)
	return result, nil
}

// messages takes a publish apart.
func (in *inbox) messages(body []byte) (messages []json.RawMessage, err error) {
	switch {
	case in.packed:
		packed, err := batch.Unpack(body, 0)
		for _, m := range packed.Messages {
			messages = append(messages, m.Payload)
		}
		return messages, err
	case in.batched:
		err = json.Unmarshal(body, &messages)
		return messages, err
	}
	return []json.RawMessage{body}, nil
}

func (r *inboxResult) quantile(q float64) time.Duration {
	return r.waits[min(len(r.waits)-1, int(q*float64(len(r.waits))))]
}

// routeOptions are those of a route with or without batches.
func routeOptions(batched bool) string {
	if batched {
		return "ordering: topic, batch: {format: json}"
	}
	return "ordering: topic, batch: {format: none}"
}

// batches measures messages that come thirty times as fast as the quota lets publishes go.
func batches(ctx context.Context, b *bench) error {
	for _, batched := range []bool{true, false} {
		if err := measureBatches(ctx, b, batched); err != nil {
			return err
		}
	}
	return nil
}

func measureBatches(ctx context.Context, b *bench, batched bool) error {
	const quota, arrivals = 10, 300
	in, err := newInbox(ctx, batched, quota)
	if err != nil {
		return err
	}
	defer in.end()
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	d, err := b.bridge(ctx, r, bridgeConfig{
		endpoint: in.Address, limits: fmt.Sprintf("rate: %d", quota),
		route: routeOptions(batched),
	})
	if err != nil {
		return err
	}
	defer d.Kill()
	length, began := b.length(30*time.Second, 8*time.Second), time.Now()
	feeding, stop := context.WithTimeout(ctx, length)
	defer stop()
	fed, err := r.feed(feeding, arrivals, stamped(100))
	if err != nil {
		return err
	}
	if batched {
		time.Sleep(3 * time.Second) // More than what is left may wait.
	}
	d.Kill()
	result, err := in.stop(fed)
	if err != nil {
		return err
	}
	if !batched {
		perSecond := float64(len(in.kept)) / length.Seconds()
		longest := time.Duration(0)
		for i := 1; i < len(in.kept); i++ {
			longest = max(longest, in.kept[i].at.Sub(in.kept[i-1].at))
		}
		b.print(math.Abs(perSecond-quota) < 0.5, math.Abs(perSecond-quota) < 1,
			"no batches, quota %d/s, arrivals %d/s: %.1f messages/s, %d refused; the first after %v, longest gap %v",
			quota, arrivals, perSecond, in.refused, in.kept[0].at.Sub(began).Round(time.Millisecond),
			longest.Round(time.Millisecond))
		return nil
	}
	b.printBatches("json", fed, arrivals, in, result)
	return nil
}

// printBatches says what became of messages in batches at the quota.
func (b *bench) printBatches(format string, fed, arrivals int, in *inbox, r *inboxResult) {
	all, p99 := r.missing == 0, r.quantile(0.99)
	b.print(all && r.doubled == 0 && in.refused == 0 && p99 < time.Second, all && p99 < 2*time.Second,
		"batch %s, quota %.0f/s, arrivals %d/s: of %d messages %d missing, %d doubled, in %d publishes; wait p50 %v "+
			"p99 %v, %d refused", format, in.quota.rate, arrivals, fed, r.missing, r.doubled, len(in.kept),
		r.quantile(0.5).Round(time.Millisecond), p99.Round(time.Millisecond), in.refused)
}

// latencies compares batches with none where the quota is ample, in pairs that take turns who is first.
func latencies(ctx context.Context, b *bench) error {
	pairs := 5
	if b.short {
		pairs = 1
	}
	medians := map[bool][]time.Duration{}
	for i := range 2 * pairs {
		batched := i%4 == 1 || i%4 == 2
		b.progress("latency: run %d of %d", i+1, 2*pairs)
		p50, err := measureLatency(ctx, b, batched)
		if err != nil {
			return err
		}
		medians[batched] = append(medians[batched], p50)
	}
	slices.Sort(medians[false])
	slices.Sort(medians[true])
	none, joined := medians[false][pairs/2], medians[true][pairs/2]
	added := joined - none
	b.print(added < 200*time.Microsecond, added < b.length(400*time.Microsecond, time.Millisecond),
		"ample quota, 2000 messages/s: median %v without batches, %v with json: %+d µs (%d pairs)",
		none.Round(time.Microsecond), joined.Round(time.Microsecond), added.Microseconds(), pairs)
	return nil
}

func measureLatency(ctx context.Context, b *bench, batched bool) (time.Duration, error) {
	in, err := newInbox(ctx, batched, 0)
	if err != nil {
		return 0, err
	}
	defer in.end()
	r, err := b.newRoute(ctx)
	if err != nil {
		return 0, err
	}
	defer r.close(ctx)
	d, err := b.bridge(ctx, r, bridgeConfig{
		endpoint: in.Address, limits: "rate: unlimited",
		route: routeOptions(batched),
	})
	if err != nil {
		return 0, err
	}
	defer d.Kill()
	feeding, stop := context.WithTimeout(ctx, 4*time.Second)
	defer stop()
	fed, err := r.feed(feeding, 2000, stamped(100))
	if err != nil {
		return 0, err
	}
	time.Sleep(200 * time.Millisecond)
	d.Kill()
	result, err := in.stop(fed)
	if err != nil {
		return 0, err
	}
	if result.missing > 0 {
		return 0, fmt.Errorf("%d of %d messages did not come", result.missing, fed)
	}
	return result.quantile(0.5), nil
}
