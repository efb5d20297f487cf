package pipeline_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
)

// What the pipeline promises in figures.
const (
	// believed is how many rejections of a route in a row are believed.
	believed = 5
	// downAfter is how many failures in a row mean that the endpoint is down.
	downAfter = 10
	// keepers is how many dead letters are stored at a time.
	keepers = 16
	// longestLetterWait is the longest time between two attempts to store a dead letter of a route.
	longestLetterWait = 10 * time.Second
	// letterPatience is how long more messages may wait to be stored than have room.
	letterPatience = 30 * time.Second
)

// fakeSink answers from a function; every connection shares it.
type fakeSink func(r *pipeline.Request) pipeline.Answer

func (f fakeSink) Connection(depth int) pipeline.Connection { return newFakeConnection(depth, f) }

// newFakeConnection answers one request after the other, as an endpoint does.
func newFakeConnection(depth int, answer func(*pipeline.Request) pipeline.Answer) pipeline.Connection {
	c := &fakeConnection{
		depth: depth, requests: make(chan *pipeline.Request, depth), answers: make(chan pipeline.Answered, depth),
		interrupted: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go func() {
		defer close(c.done)
		for r := range c.requests {
			c.answers <- pipeline.Answered{Request: r, Answer: answer(r)}
		}
	}()
	return c
}

type fakeConnection struct {
	depth       int
	requests    chan *pipeline.Request
	answers     chan pipeline.Answered
	interrupted chan struct{}
	done        chan struct{}
}

func (c *fakeConnection) Depth() int { return c.depth }

func (c *fakeConnection) Send(rs []*pipeline.Request, _ bool) {
	for _, r := range rs {
		c.requests <- r
	}
}

// TrySend sends about half of what it is given.
func (c *fakeConnection) TrySend(r *pipeline.Request) bool {
	if len(r.Topic)%2 == 0 {
		return false
	}
	c.requests <- r
	return true
}

func (c *fakeConnection) Receive(dst []pipeline.Answered) []pipeline.Answered {
	select {
	case a := <-c.answers:
		dst = append(dst, a)
	case <-c.interrupted:
	}
	return dst
}

func (c *fakeConnection) Interrupt() {
	select {
	case c.interrupted <- struct{}{}:
	default:
	}
}

func (c *fakeConnection) Close() {
	close(c.requests)
	<-c.done
}

func accept() pipeline.Answer {
	return pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204, Status: 204}
}

func answer(v pipeline.Verdict, res pipeline.Result, s int) pipeline.Answer {
	return pipeline.Answer{Verdict: v, Result: res, Status: s}
}

// ends is a Settler that remembers how each message ended.
type ends struct {
	mu  sync.Mutex
	got map[any][]pipeline.Outcome
	at  map[any]time.Time
}

func newEnds() *ends { return &ends{got: map[any][]pipeline.Outcome{}, at: map[any]time.Time{}} }

func (e *ends) Settle(handle any, o pipeline.Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got[handle] = append(e.got[handle], o)
	e.at[handle] = time.Now()
}

func (e *ends) outcome(t *testing.T, handle any) pipeline.Outcome {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.got[handle]) != 1 {
		t.Fatalf("message %v ended %d times: %v", handle, len(e.got[handle]), e.got[handle])
	}
	return e.got[handle][0]
}

// exact are delays without jitter, so that a fake clock gives exact times.
func exact() pipeline.Delays {
	doubling := func(first, most time.Duration) func() backoff.BackOff {
		return func() backoff.BackOff {
			return backoff.NewExponentialBackOff(backoff.WithInitialInterval(first), backoff.WithMultiplier(2),
				backoff.WithRandomizationFactor(0), backoff.WithMaxInterval(most), backoff.WithMaxElapsedTime(0))
		}
	}
	return pipeline.Delays{
		Message: doubling(time.Second, 8*time.Second),
		Quota:   doubling(time.Second, 8*time.Second),
		Key:     doubling(2*time.Second, 16*time.Second),
		Parked:  doubling(10*time.Second, 40*time.Second),
		Down:    doubling(time.Second, time.Second),
	}
}

// start builds and runs a pipeline in the test's bubble. stop closes its routes and waits for Run to return.
func start(t *testing.T, cfg pipeline.Config, sink pipeline.Sink) (p *pipeline.Pipeline, stop func()) {
	t.Helper()
	p, stop, _ = startLogged(t, cfg, sink, slog.DiscardHandler)
	return p, stop
}

// startLogged is start with a log. hardStop lets Run end whatever the endpoint does; stop waits for that.
func startLogged(t *testing.T, cfg pipeline.Config, sink pipeline.Sink,
	log slog.Handler,
) (p *pipeline.Pipeline, stop, hardStop func()) {
	t.Helper()
	hard, cancel := context.WithCancel(t.Context())
	p = buildWith(cfg, sink, log, prometheus.NewRegistry())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(hard)
	}()
	return p, func() {
		t.Helper()
		closeAll(p)
		<-done
		cancel()
		checkLedger(t, p)
	}, cancel
}

// closeAll closes all routes.
func closeAll(p *pipeline.Pipeline) {
	for i := range p.Stats().Routes {
		p.Route(i).Close()
	}
}

// build builds a pipeline, which is not running, from what a test says and defaults for the rest.
func build(cfg pipeline.Config, sink pipeline.Sink) *pipeline.Pipeline {
	return buildWith(cfg, sink, slog.DiscardHandler, prometheus.NewRegistry())
}

func buildWith(cfg pipeline.Config, sink pipeline.Sink, log slog.Handler,
	metrics prometheus.Registerer,
) *pipeline.Pipeline {
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	if cfg.MaxMessages == 0 {
		cfg.MaxMessages = 1000
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 1 << 20
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.Limits.Region.Ceiling == 0 {
		cfg.Limits.Region = unlimited
	}
	if cfg.Delays.Message == nil {
		cfg.Delays = exact()
	}
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		if r.Name == "" {
			r.Name = "r" + strconv.Itoa(i)
		}
		if r.Cache == "" {
			r.Cache = "cache"
		}
		if r.MaxPayload == 0 {
			r.MaxPayload = 4096
		}
	}
	return pipeline.New(cfg, sink, slog.New(log), pipeline.NewMetrics(metrics))
}

func checkLedger(t *testing.T, p *pipeline.Pipeline) {
	t.Helper()
	for _, r := range p.Stats().Routes {
		var settled uint64
		for _, n := range r.Settled {
			settled += n
		}
		if held := uint64(r.Queued) + uint64(r.InFlight); r.Received != settled+held {
			t.Errorf("route %s: received %d, settled %d, held %d", r.Name, r.Received, settled, held)
		}
	}
}

func message(topic string, handle any) pipeline.Message {
	return pipeline.Message{Topic: topic, Payload: []byte("x"), Time: time.Now(), Handle: handle}
}
