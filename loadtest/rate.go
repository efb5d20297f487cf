package loadtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

// RateConfig is a test at a fixed rate.
type RateConfig struct {
	Target      Target
	Rate        float64 // Publishes per second.
	Duration    time.Duration
	Arrivals    string // As drive.ParseArrivals reads it.
	MaxRequests int    // More are not sent.
	Labels      map[string]string
	Via         *Via // Through the bridge; nil: straight to the endpoint.
	// Progress is called once a second, and once at the end, by one goroutine; nil: never.
	Progress func(Progress)
}

// Progress is how far a rate test is. Numbers are totals.
type Progress struct {
	Elapsed  time.Duration
	Counts   drive.Second
	Delivery *report.Delivery // Of a test through the bridge, without its latencies; Lost counts what is on its way.
}

const (
	progressEvery = time.Second
	// mostWaiting bounds the publishes that wait for a connection.
	mostWaiting = 1 << 16
)

// Rate sends publishes at the configured rate, whatever becomes of them, and returns the report. It does so also when
// ctx ended the test early, which is no error, and beside the error when the endpoint ended it. Without a report the
// error says why the test did not begin.
func Rate(ctx context.Context, c RateConfig) (*report.Report, error) {
	arrivals, err := drive.ParseArrivals(c.Arrivals, c.Target.Seed)
	if err != nil {
		return nil, err
	}
	cfg := c.Target.engine()
	cfg.Arrivals, cfg.AtOnce, cfg.Patience = arrivals, c.AtOnce(), c.Target.Timeout
	cfg.Waiting = int(min(mostWaiting, c.Rate*c.Target.Timeout.Seconds()+float64(cfg.AtOnce)))
	r := &rating{cfg: c}
	running, abort := context.WithCancel(ctx)
	defer abort()
	if c.Via != nil {
		if r.following, err = follow(running, abort, &c); err != nil {
			return nil, err
		}
		defer r.following.close()
		cfg.Publisher, cfg.Opened, cfg.Topic = r.following.publisher, nil, r.following.subject
	}
	r.engine = drive.New(running, cfg)
	defer r.engine.Close()
	r.started = time.Now()
	stop := r.show()
	r.trial = r.engine.Run(search.Cap{Requests: c.MaxRequests, Seconds: anyTime},
		search.Phase{Rate: c.Rate, Seconds: c.Duration.Seconds()})
	r.interrupted = errors.Is(r.trial.Fatal, drive.ErrInterrupted) && ctx.Err() != nil
	if r.following != nil && r.following.settle(ctx) {
		r.interrupted = true
	}
	stop()
	if r.following != nil {
		r.following.close()
	}
	return r.describe(), r.failure()
}

// anyTime caps no trial: a phase ends by itself, and begins once there are connections, which may take its time.
const anyTime = 1e9

// AtOnce is how many publishes are planned for one moment.
func (c *RateConfig) AtOnce() int {
	_, size, _ := strings.Cut(c.Arrivals, ":")
	n, err := strconv.Atoi(size)
	if err != nil {
		return 1
	}
	return n
}

// rating is a rate test under way.
type rating struct {
	cfg         RateConfig
	engine      *drive.Engine
	following   *following // Of a test through the bridge.
	started     time.Time
	trial       search.Trial
	interrupted bool // By the context.
}

// show reports the progress until the function that it returns is called.
func (r *rating) show() (stop func()) {
	if r.cfg.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var showing sync.WaitGroup
	showing.Go(func() {
		ticks := time.NewTicker(progressEvery)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				r.cfg.Progress(r.progress())
				return
			case <-ticks.C:
				r.cfg.Progress(r.progress())
			}
		}
	})
	return func() { close(done); showing.Wait() }
}

func (r *rating) progress() Progress {
	p := Progress{Elapsed: time.Since(r.started), Counts: r.engine.Counts()}
	if r.following != nil {
		p.Delivery = r.following.counts()
	}
	return p
}

// failure is what ended the test, unless it is its own end or the context's.
func (r *rating) failure() error {
	err := r.trial.Fatal
	if r.following != nil {
		if trouble := r.following.failure(); trouble != nil {
			return trouble
		}
	}
	refused, ok := errors.AsType[*drive.RefusedError](err)
	switch {
	case errors.Is(err, drive.ErrInterrupted):
		return nil
	case ok && r.following != nil:
		return fmt.Errorf(
			"NATS takes the messages no more: check --nats-url, --stream and the server (%s)", refused.Answer.Detail)
	}
	return err
}
