package pipeline_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// Only an attempt that does not end is the pipeline's own fault.
func TestStuckWorkerIsNoticedAndAnOutageIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		p, stop, hardStop := startLogged(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{}}},
			fakeSink(func(r *pipeline.Request) pipeline.Answer {
				if string(r.Payload) == "x" {
					<-hold
					return accept()
				}
				time.Sleep(5 * time.Second)
				return answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0)
			}), slog.DiscardHandler)
		p.Route(0).Submit(pipeline.Message{Topic: "t", Payload: []byte("down"), Time: time.Now()})
		time.Sleep(10 * time.Minute)
		if why := p.Stuck(time.Now()); why != "" {
			t.Errorf("stuck in an outage: %s", why)
		}
		p.Route(0).Submit(message("t", nil))
		time.Sleep(70 * time.Second)
		if why := p.Stuck(time.Now()); why == "" {
			t.Error("not stuck with a worker that does not return")
		}
		close(hold)
		hardStop()
		stop()
	})
}

// Without NATS each takes its time to fail.
func TestDeadLettersThatCannotBeKeptAreNotStuckAndAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var safe atomic.Bool
		letters := keeperFunc(func() error {
			if safe.Load() {
				return nil
			}
			time.Sleep(5 * time.Second)
			return errors.New("no stream takes it")
		})
		p, stop := start(t, pipeline.Config{
			Workers: 1, InFlight: 16,
			Routes: []pipeline.RouteConfig{{DeadLetters: letters}},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			return accept()
		}))
		for i := range 30 {
			p.Route(0).Submit(pipeline.Message{Topic: "t", Payload: make([]byte, 5000), Time: time.Now(), Handle: i})
		}
		for range 20 * 60 {
			time.Sleep(time.Second)
			if why := p.Stuck(time.Now()); why != "" {
				t.Fatalf("stuck while dead letters cannot be kept: %s", why)
			}
		}
		if r := p.Stats().Routes[0]; r.Unkept < 10 || r.Unkept > 30 || r.UnkeptWhy != "no stream takes it" {
			t.Errorf("%d wait to be kept: %q", r.Unkept, r.UnkeptWhy)
		}
		safe.Store(true)
		stop()
		if r := p.Stats().Routes[0]; r.Unkept != 0 || r.Settled[pipeline.DeadLettered] != 30 {
			t.Errorf("%d wait to be kept, %d are kept", r.Unkept, r.Settled[pipeline.DeadLettered])
		}
	})
}

type keeperFunc func() error

func (f keeperFunc) Keep(*pipeline.Message, pipeline.Rejection) error { return f() }

// deafSink has connections whose interruptions are lost, until it hears.
type deafSink struct {
	mu    sync.Mutex
	hears bool
	all   []*deafConnection
}

type deafConnection struct {
	*fakeConnection
	s *deafSink
}

func (s *deafSink) Connection(depth int) pipeline.Connection {
	c := &deafConnection{newFakeConnection(depth,
		func(*pipeline.Request) pipeline.Answer { return accept() }).(*fakeConnection), s}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, c)
	return c
}

func (c *deafConnection) TrySend(*pipeline.Request) bool { return false }

func (c *deafConnection) Interrupt() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.hears {
		c.fakeConnection.Interrupt()
	}
}

// hear makes interruptions arrive from now on, and with them those that were lost.
func (s *deafSink) hear() {
	s.mu.Lock()
	s.hears = true
	s.mu.Unlock()
	for _, c := range s.all {
		c.Interrupt()
	}
}

func TestWaitingForQuotaIsNotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := pipeline.Limits{Region: pipeline.Rate{Ceiling: 1}}
		p, stop := start(t, pipeline.Config{Workers: 2, Limits: limits, Routes: []pipeline.RouteConfig{{}}},
			fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }))
		for i := range 20 {
			p.Route(0).Submit(message("t", i))
		}
		for range 5 * 10 {
			time.Sleep(100 * time.Millisecond)
			if why := p.Stuck(time.Now()); why != "" {
				t.Fatalf("stuck while it waits for quota: %s", why)
			}
		}
		stop()
	})
}

// What is lost here is an interruption, which stands for any wake-up that is.
func TestLostWakeUpIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &deafSink{}
		p, stop := start(t, pipeline.Config{Workers: 5, Routes: []pipeline.RouteConfig{{}}}, s)
		synctest.Wait() // All workers are idle.
		for i := range 2 {
			p.Route(0).Submit(message("t", i))
		}
		time.Sleep(time.Second)
		if why := p.Stuck(time.Now()); why != "" {
			t.Errorf("stuck after a second already: %s", why)
		}
		time.Sleep(9 * time.Second)
		if why := p.Stuck(time.Now()); !strings.Contains(why, "no worker takes them") {
			t.Errorf("a lost wake-up goes unnoticed: %q", why)
		}
		s.hear()
		stop()
		if n := p.Stats().Routes[0].Settled[pipeline.Published]; n != 2 {
			t.Errorf("%d are published in the end, want 2", n)
		}
	})
}
