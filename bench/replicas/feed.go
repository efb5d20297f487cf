package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const topics = 40

// message is number n: its number and topic, and bytes up to a hundred.
func message(n int) []byte {
	text := make([]byte, 0, 100)
	text = fmt.Appendf(text, "%d %d ", n, n%topics)
	for len(text) < 100 {
		text = append(text, '.')
	}
	return text
}

// feeding stores messages of a stream at a rate, each topic's in order.
type feeding struct {
	w      *world
	prefix string
	rate   float64
	// careful feeding stores each before the next one, however long the servers are without a leader.
	careful bool

	stop    chan struct{}
	done    sync.WaitGroup
	mu      sync.Mutex // Guards the following.
	sent    int
	err     error
	stopped bool
}

// feed begins to store messages under a prefix.
func (w *world) feed(ctx context.Context, prefix string, rate int, careful bool) *feeding {
	f := &feeding{w: w, prefix: prefix, rate: float64(rate), careful: careful, stop: make(chan struct{})}
	f.done.Go(func() { f.run(ctx) })
	return f
}

func (f *feeding) run(ctx context.Context) {
	ticks := time.NewTicker(2 * time.Millisecond)
	defer ticks.Stop()
	due, last := 0.0, time.Now()
	for n := 0; ; {
		select {
		case <-f.stop:
			return
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := time.Now()
		due += now.Sub(last).Seconds() * f.rate
		last = now
		due = min(due, float64(n)+f.rate/4) // What could not be stored in time is not made up for.
		for ; float64(n) < due; n++ {
			err := f.store(ctx, n)
			f.mu.Lock()
			f.sent, f.err = n+1, err
			f.mu.Unlock()
			if err != nil {
				return
			}
		}
	}
}

func (f *feeding) store(ctx context.Context, n int) error {
	subject := fmt.Sprint(f.prefix, ".", n%topics)
	if !f.careful {
		_, err := f.w.js.PublishAsync(subject, message(n), jetstream.WithStallWait(time.Minute))
		return err
	}
	for end := time.Now().Add(time.Minute); ; {
		within, cancel := context.WithTimeout(ctx, time.Second)
		_, err := f.w.js.Publish(within, subject, message(n), jetstream.WithMsgID(f.prefix+strconv.Itoa(n)))
		cancel()
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
	}
}

// count is how many were stored so far.
func (f *feeding) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

// end stops feeding, and returns how many messages the stream has got. It is an error if it has not got all.
func (f *feeding) end(ctx context.Context, stream string) (sent int, err error) {
	close(f.stop)
	f.done.Wait()
	<-f.w.js.PublishAsyncComplete()
	if f.err != nil {
		return 0, fmt.Errorf("store messages: %w", f.err)
	}
	return f.sent, f.w.awaitStored(ctx, stream, f.sent)
}

// fill stores n messages under a prefix at once.
func (w *world) fill(prefix string, n int) error {
	for i := range n {
		if _, err := w.js.PublishAsync(fmt.Sprint(prefix, ".", i%topics), message(i),
			jetstream.WithStallWait(time.Minute)); err != nil {
			return fmt.Errorf("fill the stream: %w", err)
		}
	}
	<-w.js.PublishAsyncComplete()
	return nil
}

// awaitStored waits until a stream has so many messages. What is consumed from a work queue is counted, too.
func (w *world) awaitStored(ctx context.Context, stream string, n int) error {
	var last uint64
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		within, cancel := context.WithTimeout(ctx, 2*time.Second)
		s, err := w.js.Stream(within, stream)
		cancel()
		if err != nil {
			continue
		}
		if last = s.CachedInfo().State.LastSeq; last == uint64(n) {
			return nil
		}
	}
	return fmt.Errorf("stream %s has %d messages of %d", stream, last, n)
}

// stream makes a stream of the subjects prefix.>, on all servers.
func (w *world) stream(ctx context.Context, name, prefix string) error {
	err := nats.ErrTimeout
	for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); {
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err = w.js.CreateOrUpdateStream(within, jetstream.StreamConfig{
			Name: name, Subjects: []string{prefix + ".>"}, Replicas: len(w.servers), Duplicates: time.Minute,
		})
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			time.Sleep(200 * time.Millisecond)
		}
	}
	return err
}
