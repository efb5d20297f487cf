package pipeline

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Only an attempt that does not end is the pipeline's own fault.
func TestStuckWorkerIsNoticedAndAnOutageIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		p, stop := start(t, Config{Workers: 1, Routes: []RouteConfig{{}}}, fakeSink(func(r *Request) Answer {
			if string(r.Payload) == "x" {
				<-hold
				return accept()
			}
			time.Sleep(5 * time.Second)
			return answer(Ambiguous, ResultTimeout, 0)
		}))
		p.Route(0).Submit(Message{Topic: "t", Payload: []byte("down"), Time: time.Now()})
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
		go p.stopNow()
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
		p, stop := start(t, Config{Workers: 1, InFlight: 16, Routes: []RouteConfig{{DeadLetters: letters}}}, fakeSink(func(*Request) Answer { return accept() }))
		for i := range 30 {
			p.Route(0).Submit(Message{Topic: "t", Payload: make([]byte, 5000), Time: time.Now(), Handle: i})
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
		if r := p.Stats().Routes[0]; r.Unkept != 0 || r.Settled[DeadLettered] != 30 {
			t.Errorf("%d wait to be kept, %d are kept", r.Unkept, r.Settled[DeadLettered])
		}
	})
}

type keeperFunc func() error

func (f keeperFunc) Keep(*Message, Rejection) error { return f() }

// What is lost here is the timer, which stands for any wake-up that is.
func TestLostWakeUpIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Region: Rate{Ceiling: 1}}
		p, stop := start(t, Config{Workers: 2, Limits: limits, Routes: []RouteConfig{{}}}, fakeSink(func(*Request) Answer { return accept() }))
		for i := range 20 {
			p.Route(0).Submit(message("t", i))
		}
		for range 5 * 10 {
			time.Sleep(100 * time.Millisecond)
			if why := p.Stuck(time.Now()); why != "" {
				t.Fatalf("stuck while it waits for quota: %s", why)
			}
		}
		p.timer.Stop()
		time.Sleep(10 * time.Second)
		if why := p.Stuck(time.Now()); !strings.Contains(why, "no worker takes them") {
			t.Errorf("a lost wake-up goes unnoticed: %q", why)
		}
		p.tick()
		stop()
	})
}
