package demo

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/terminal"
)

const (
	generateEvery = 10 * time.Millisecond
	burstEvery    = 5 * time.Second // Then twice the rate comes for a second.
	burstLength   = time.Second
)

// readyWithin is how long the generator waits for the bridge to be ready.
const readyWithin = 30 * time.Second

// generate sends messages and shows what happens until the time is up or ctx is done.
func (d *demo) generate(ctx context.Context, o Options, w io.Writer) {
	for end := time.Now().Add(readyWithin); !d.bridge.Status().Ready && ctx.Err() == nil && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	began := time.Now()
	show := newDisplay(w, d)
	ticks := time.NewTicker(generateEvery)
	defer ticks.Stop()
	due, sent := 0.0, 0
	for last := began; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			rate := o.Rate
			if now.Sub(began)%burstEvery > burstEvery-burstLength {
				rate *= 2
			}
			due += rate * now.Sub(last).Seconds()
			last = now
			for ; sent < int(due); sent++ {
				d.send(sent)
			}
			show.update(now)
			if o.Duration > 0 && now.Sub(began) >= o.Duration {
				return
			}
		}
	}
}

// send publishes one message, two of three to the stream, the others to core NATS.
func (d *demo) send(n int) {
	payload := d.ledger.payload()
	var err error
	if onCore(n) {
		err = d.conn.Publish(fmt.Sprintf("ticks.t%d", n%5), payload)
	} else {
		_, err = d.js.PublishAsync(fmt.Sprintf("orders.%d", n%10), payload, jetstream.WithStallWait(10*time.Second))
	}
	if err != nil {
		d.ledger.unsent(payload)
	}
}

// display shows the state, more often on a terminal than elsewhere.
type display struct {
	w      io.Writer
	block  *terminal.Block
	demo   *demo
	next   time.Time
	before sums
	at     time.Time
}

func newDisplay(w io.Writer, d *demo) *display {
	return &display{w: w, block: terminal.NewBlock(w), demo: d, at: time.Now()}
}

// update shows the state when it is time to.
func (s *display) update(now time.Time) {
	if now.Before(s.next) {
		return
	}
	every := time.Second
	if s.block.Live() {
		every = 250 * time.Millisecond
	}
	s.next = now.Add(every)
	_ = s.block.Show(s.lines(now)...)
}

func (s *display) lines(now time.Time) []string {
	sum, status := s.demo.ledger.sum(), s.demo.bridge.Status()
	seconds := max(now.Sub(s.at).Seconds(), 1e-3)
	in := float64(sum.published-s.before.published) / seconds
	out := float64(sum.delivered-s.before.delivered) / seconds
	if now.Sub(s.at) > 900*time.Millisecond {
		s.before, s.at = sum, now
	}
	refused := uint64(0)
	for _, r := range status.Routes {
		refused += r.Attempts["429"]
	}
	rate := "none"
	if inForce := status.Quotas[0].Rate; inForce != nil {
		rate = fmt.Sprintf("%.0f/s", *inForce)
	}
	p50, p99 := s.demo.ledger.latency()
	return []string{
		fmt.Sprintf("in %4.0f/s  out %4.0f/s  rate in force %s  refused (429) %d", in, out, rate, refused),
		fmt.Sprintf("on their way %d (queued in the bridge %d, in flight %d)  end to end p50 %s p99 %s",
			sum.left(), status.Queue.Messages, status.Queue.InFlight, p50.Round(time.Millisecond),
			p99.Round(time.Millisecond)),
	}
}
