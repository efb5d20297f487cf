package pipeline_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// Of four places each route is sure of one, and two can be borrowed.
func TestSubmitBlocksWhileThereIsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: time.Second}
		p, stop := start(t, pipeline.Config{Workers: 1, MaxMessages: 4, Routes: []pipeline.RouteConfig{
			{Cache: "c1"},
			{Cache: "c2"},
		}}, s)
		var submitted atomic.Int64
		go func() {
			for range 5 {
				p.Route(0).Submit(message("a", nil))
				submitted.Add(1)
			}
		}()
		synctest.Wait()
		if n := submitted.Load(); n != 3 {
			t.Errorf("%d submitted at once, want what nobody else is sure of", n)
		}
		p.Route(1).Submit(message("b", nil)) // It is sure of one.
		time.Sleep(time.Minute)
		if n := submitted.Load(); n != 5 {
			t.Errorf("%d submitted, want all", n)
		}
		stop()
	})
}

func TestBytesBoundTheQueueToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := build(pipeline.Config{MaxBytes: 1000, Routes: []pipeline.RouteConfig{{}}}, &script{})
		var submitted atomic.Int64
		go func() {
			for range 3 {
				p.Route(0).Submit(pipeline.Message{Topic: "a", Payload: make([]byte, 600), Time: time.Now()})
				submitted.Add(1)
			}
		}()
		synctest.Wait()
		if n := submitted.Load(); n != 1 {
			t.Errorf("%d submitted, want 1", n)
		}
		go func() { time.Sleep(time.Minute); p.Route(0).Close() }()
		if left := p.Run(t.Context()); left != 0 || submitted.Load() != 3 {
			t.Errorf("Run left %d of %d submitted", left, submitted.Load())
		}
	})
}

func TestCloseReturnsWhatStreamsCanDeliverAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: time.Second}
		settled := newEnds()
		routes := []pipeline.RouteConfig{{Returnable: true, Settler: settled}, {Settler: settled}}
		p, stop := start(t, pipeline.Config{Workers: 2, Routes: routes}, s)
		for i := range routes {
			for n := range 3 {
				p.Route(i).Submit(message("a", fmt.Sprint(i, n)))
				synctest.Wait()
			}
		}
		p.Route(0).Close()
		if o := settled.outcome(t, "0 2"); o != pipeline.Returned {
			t.Errorf("the stream's queued message is %v at once, want returned", o)
		}
		p.Route(0).Submit(message("a", "late"))
		if o := settled.outcome(t, "late"); o != pipeline.Returned {
			t.Errorf("late message is %v, want returned", o)
		}
		stop()
		for _, handle := range []string{"0 0", "0 1", "1 0", "1 1", "1 2"} {
			if o := settled.outcome(t, handle); o != pipeline.Published {
				t.Errorf("message %s is %v, want published", handle, o)
			}
		}
	})
}

func TestHardStopEndsEverythingByItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(time.Until(r.Deadline)) // An endpoint that never answers.
			return answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0)
		})
		settled := newEnds()
		p := build(pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{
			{Settler: settled},
			{Settler: settled, Returnable: true},
		}}, s)
		hard, cancel := context.WithCancel(t.Context())
		began := time.Now()
		done := make(chan int)
		go func() { done <- p.Run(hard) }()
		for i := range 2 {
			p.Route(i).Submit(message("a", i))
			p.Route(i).Submit(message("a", i+10))
		}
		time.Sleep(time.Second)
		p.EndBy(time.Now().Add(20 * time.Second))
		time.AfterFunc(20*time.Second, cancel)
		p.Route(1).Close()
		p.Route(0).Close()
		left := <-done
		if took := time.Since(began); took != 21*time.Second {
			t.Errorf("stopped after %v, want 21s", took)
		}
		if left != 2 {
			t.Errorf("%d left, want the two of the core route", left)
		}
		for handle, want := range map[int]pipeline.Outcome{
			0: pipeline.Dropped, 10: pipeline.Dropped,
			1: pipeline.Returned, 11: pipeline.Returned,
		} {
			if o := settled.outcome(t, handle); o != want {
				t.Errorf("message %d is %v, want %v", handle, o, want)
			}
		}
		checkLedger(t, p)
	})
}

func TestTopicsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		p := build(pipeline.Config{
			Workers: 1, Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 1, Burst: 1}},
			Routes: []pipeline.RouteConfig{{}},
		}, s)
		for n := range 3 {
			p.Route(0).Submit(message("hot", n))
		}
		p.Route(0).Submit(message("quiet", 9))
		hard, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Minute); p.Route(0).Close() }()
		p.Run(hard)
		cancel()
		if fmt.Sprint(s.log) != "[0 hot/x 1 quiet/x 2 hot/x 3 hot/x]" {
			t.Errorf("published %q, want the quiet topic in turn", s.log)
		}
	})
}

func TestManyTopicsDoNotGrowMemoryForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Ordered: true}}},
			fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }))
		n := 0
		submit := func(topics int) (bytes uint64) {
			for range topics {
				n++
				p.Route(0).Submit(message(fmt.Sprint("topic-", n), nil))
			}
			synctest.Wait()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		few, many := submit(5_000), submit(50_000)
		if many > few+5<<20 { // The queue of a topic has more than 300 bytes.
			t.Errorf("50 000 topics that are no longer in use hold %d bytes", many-few)
		}
		stop()
	})
}

// Nobody is told of messages of core NATS, so that a crowd is forgotten at once: none of it is looked at.
func TestHardStopForgetsWhatNobodyIsToldOf(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := fakeSink(func(r *pipeline.Request) pipeline.Answer {
				time.Sleep(min(time.Second, time.Until(r.Deadline)))
				return answer(pipeline.Retry, pipeline.Result5xx, 500)
			})
			p := build(pipeline.Config{Workers: 3, Routes: []pipeline.RouteConfig{{Drops: true, Ordered: ordered}}}, s)
			hard, cancel := context.WithCancel(t.Context())
			done := make(chan int)
			go func() { done <- p.Run(hard) }()
			for i := range 2000 {
				p.Route(0).Offer(message(fmt.Sprint(i%300), nil))
			}
			time.Sleep(10 * time.Second)
			p.EndBy(time.Now().Add(time.Second))
			p.Route(0).Close()
			time.AfterFunc(time.Second, cancel)
			if left := <-done; left != 2000 {
				t.Errorf("%d are left of 2000", left)
			}
			checkLedger(t, p)
			stats := p.Stats()
			if r := stats.Routes[0]; r.Settled[pipeline.Dropped] != 2000 || stats.QueuedBytes != 0 || r.Troubled != 0 {
				t.Errorf("%+v, %d bytes are held", r, stats.QueuedBytes)
			}
		})
	}
}

// Whatever is begun before a drain ends too early is answered: it is neither cut off nor counted as lost.
func TestDrainThatEndsTooEarlyCutsNoPublishOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var accepted atomic.Int64
		s := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(min(70*time.Millisecond, time.Until(r.Deadline)))
			if !time.Now().Before(r.Deadline) {
				return answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0)
			}
			accepted.Add(1)
			return accept()
		})
		p := build(pipeline.Config{Workers: 3, Routes: []pipeline.RouteConfig{{Drops: true}}}, s)
		hard, cancel := context.WithCancel(t.Context())
		done := make(chan int)
		go func() { done <- p.Run(hard) }()
		for range 2000 {
			p.Route(0).Offer(message("t", nil))
		}
		time.Sleep(time.Second)
		p.EndBy(time.Now().Add(time.Second))
		p.Route(0).Close()
		time.AfterFunc(time.Second, cancel)
		left := <-done
		checkLedger(t, p)
		r, n := p.Stats().Routes[0], int(accepted.Load())
		if published := int(r.Settled[pipeline.Published]); r.Ambiguous != 0 || published != n || left != 2000-n {
			t.Errorf("%d accepted, %d published, %d unclear, %d left", n, published, r.Ambiguous, left)
		}
	})
}
