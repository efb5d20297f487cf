package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

func addStream(ctx context.Context, js jetstream.JetStream, name, subject string) error {
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subject}}); err != nil {
		return fmt.Errorf("make the stream %s: %w", name, err)
	}
	return nil
}

// ledger is what was sent and what was accepted, by route.
type ledger struct {
	mu   sync.Mutex // Guards the following.
	sent map[string]int
	got  map[string][]accepted
}

// accepted is one message that the endpoint has accepted.
type accepted struct {
	number int
	at     time.Time
}

// span is a time.
type span struct{ from, to time.Time }

func newLedger() *ledger { return &ledger{sent: map[string]int{}, got: map[string][]accepted{}} }

// accepted takes note of a publish of one message, or of several in lines.
func (l *ledger) accepted(at time.Time, body []byte) (status, retryAfter int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		name, digits, _ := bytes.Cut(line, []byte(" "))
		if n, err := strconv.Atoi(string(digits)); err == nil {
			l.got[string(name)] = append(l.got[string(name)], accepted{n, at})
		}
	}
	return 0, 0
}

// await waits until as much was accepted as was sent.
func (l *ledger) await(ctx context.Context) error {
	return lab.Await(ctx, time.Minute, "everything is accepted", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for name, n := range l.sent {
			if len(l.got[name]) < n {
				return false
			}
		}
		return true
	})
}

// report prints what became of each route's messages. It reports whether any is missing, twice or out of order.
func (l *ledger) report(w io.Writer, reloaded, quiet []span) (failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(w, "%-16s %8s %6s %6s %9s  %s\n", "route", "sent", "lost", "twice", "disorder",
		"gaps, 99 % · 99.9 % · longest: with reloads | without")
	for _, r := range routes {
		got, seen := l.got[r.name], map[int]int{}
		disorder, highest := 0, 0
		for _, a := range got {
			seen[a.number]++
			if r.ordered && a.number < highest {
				disorder++
			}
			highest = max(highest, a.number)
		}
		lost, twice := l.sent[r.name]-len(seen), len(got)-len(seen)
		failed = failed || lost != 0 || twice != 0 || disorder != 0
		fmt.Fprintf(w, "%-16s %8d %6d %6d %9d  %s | %s\n", r.name, l.sent[r.name], lost, twice, disorder,
			gaps(got, reloaded), gaps(got, quiet))
	}
	return failed
}

// gaps says how long the times without a message are within spans.
func gaps(got []accepted, spans []span) string {
	var all []time.Duration
	for _, in := range spans {
		last := in.from
		for _, a := range got {
			if a.at.After(in.from) && a.at.Before(in.to) {
				all, last = append(all, a.at.Sub(last)), a.at
			}
		}
	}
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	at := func(share float64) time.Duration {
		return all[int(share*float64(len(all)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%v · %v · %v", at(0.99), at(0.999), at(1))
}

// feed publishes to all routes, numbered, at a steady rate.
type feed struct {
	conn   *nats.Conn
	ledger *ledger
	end    chan struct{}
	once   sync.Once
	done   sync.WaitGroup

	mu  sync.Mutex // Held for each message.
	off map[string]bool
}

func newFeed(conn *nats.Conn, l *ledger, every time.Duration) *feed {
	f := &feed{conn: conn, ledger: l, end: make(chan struct{}), off: map[string]bool{}}
	f.done.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-f.end:
				return
			case <-ticks.C:
				f.all()
			}
		}
	})
	return f
}

func (f *feed) all() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range routes {
		if f.off[r.name] {
			continue
		}
		f.ledger.mu.Lock()
		f.ledger.sent[r.name]++
		n := f.ledger.sent[r.name]
		f.ledger.mu.Unlock()
		if err := f.conn.Publish(r.name, fmt.Appendf(nil, "%s %d", r.name, n)); err != nil {
			return // It counts as lost.
		}
	}
}

// turn has nothing published to a route any more, or again. What was is with the server then.
func (f *feed) turn(name string, off bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off {
		f.off[name] = true
	} else {
		delete(f.off, name)
	}
	_ = f.conn.FlushTimeout(time.Minute) // What is not there then counts as lost.
}

func (f *feed) stop() {
	f.once.Do(func() { close(f.end) })
	f.done.Wait()
}
