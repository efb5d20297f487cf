package pipeline_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// tenure says whether a route is held.
type tenure struct{ over atomic.Bool }

func (h *tenure) held(time.Time) bool { return !h.over.Load() }

// wait lets time pass, and all that it brings about happen.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// leased starts one ordered route that publishes only while it is held.
func leased(t *testing.T, sink pipeline.Sink, letters pipeline.DeadLetters) (h *tenure, p *pipeline.Pipeline,
	settled *ends, stop func(),
) {
	t.Helper()
	h, settled = &tenure{}, newEnds()
	p, stop = start(t, pipeline.Config{Workers: 2, Routes: []pipeline.RouteConfig{{
		Ordered: true, Returnable: true, Held: h.held, Settler: settled, DeadLetters: letters,
	}}}, sink)
	return h, p, settled, stop
}

func TestRouteThatIsNotHeldPublishesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := answer(pipeline.SlowDown, pipeline.Result429, 429)
		s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"again": {busy}}, latency: time.Second}
		kept := &letters{}
		h, p, settled, stop := leased(t, s, kept)
		r := p.Route(0)
		r.Submit(bytesOf("again", "first", 1)) // It is refused after the end of the tenure.
		r.Submit(bytesOf("again", "second", 2))
		synctest.Wait()
		h.over.Store(true)
		r.Submit(bytesOf("new", "x", 3))
		r.Submit(bad("large"))
		wait(time.Minute)
		if len(s.log) != 1 || len(kept.kept) != 0 {
			t.Errorf("published %q and kept %v, want only what was in flight", s.log, kept.kept)
		}
		if why := p.Stuck(time.Now()); why != "" {
			t.Errorf("stuck: %s", why)
		}
		h.over.Store(false)
		wait(10 * time.Second)
		if len(s.log) != 4 || len(kept.kept) != 1 {
			t.Errorf("published %q and kept %v, want all", s.log, kept.kept)
		}
		again := slices.DeleteFunc(slices.Clone(s.log), func(line string) bool { return line[len(line)-1] == 'x' })
		if len(again) != 3 || again[2][len(again[2])-len("again/second"):] != "again/second" {
			t.Errorf("published %q, want the order of the topic", again)
		}
		for _, n := range []int{1, 2, 3} {
			if o := settled.outcome(t, n); o != pipeline.Published {
				t.Errorf("message %d is %v, want published", n, o)
			}
		}
		stop()
	})
}

// slowKeeper keeps dead letters after a second, or fails to.
type slowKeeper struct {
	err  error
	kept int
}

func (k *slowKeeper) Keep(*pipeline.Message, pipeline.Rejection) error {
	time.Sleep(time.Second)
	if k.err == nil {
		k.kept++
	}
	return k.err
}

// What happens to messages whose lease is lost, by where they are.
func TestForgottenMessagesEndWithoutAWord(t *testing.T) {
	rejected := answer(pipeline.Reject, pipeline.Result400, 400)
	failed := answer(pipeline.Retry, pipeline.Result5xx, 503)
	full := errors.New("no stream takes it")
	for name, tt := range map[string]struct {
		answer   pipeline.Answer
		forget   time.Duration // After the message was submitted; it is answered after a second.
		want     pipeline.Outcome
		keptFail error
		kept     int
	}{
		"in flight and accepted": {accept(), 500 * time.Millisecond, pipeline.Published, nil, 0},
		"in flight and failed":   {failed, 500 * time.Millisecond, pipeline.Forgotten, nil, 0},
		"in flight and rejected": {rejected, 500 * time.Millisecond, pipeline.Forgotten, nil, 0},
		"waiting to be retried":  {failed, 1500 * time.Millisecond, pipeline.Forgotten, nil, 0},
		"being kept":             {rejected, 1500 * time.Millisecond, pipeline.DeadLettered, nil, 1},
		"being kept in vain":     {rejected, 1500 * time.Millisecond, pipeline.Forgotten, full, 0},
		"waiting to be kept":     {rejected, 2010 * time.Millisecond, pipeline.Forgotten, full, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{
					began: time.Now(), latency: time.Second,
					answers: map[string][]pipeline.Answer{"t": slices.Repeat([]pipeline.Answer{tt.answer}, 9)},
				}
				letters := &slowKeeper{err: tt.keptFail}
				h, p, settled, stop := leased(t, s, letters)
				r := p.Route(0)
				r.Submit(bytesOf("t", "first", 1))
				r.Submit(bytesOf("t", "second", 2))
				wait(tt.forget)
				h.over.Store(true)
				r.Forget()
				synctest.Wait()
				if o := settled.outcome(t, 2); o != pipeline.Forgotten {
					t.Errorf("what is queued is %v, want forgotten at once", o)
				}
				r.Submit(bytesOf("u", "late", 3))
				wait(time.Minute)
				if o := settled.outcome(t, 1); o != tt.want || letters.kept != tt.kept {
					t.Errorf("the first is %v with %d dead letters kept, want %v and %d", o, letters.kept, tt.want,
						tt.kept)
				}
				if o := settled.outcome(t, 3); o != pipeline.Forgotten {
					t.Errorf("what comes later is %v, want forgotten", o)
				}
				if len(s.log) != 1 {
					t.Errorf("published %q, want only the first", s.log)
				}
				if n, _ := r.Reserve(); n != 0 {
					t.Errorf("Reserve = %d of a route that is away, want 0", n)
				}
				checkLedger(t, p)
				letters.err, s.answers = nil, nil
				h.over.Store(false)
				r.Begin()
				if n, _ := r.Reserve(); n == 0 {
					t.Error("Reserve = 0 after Begin")
				}
				r.Submit(bytesOf("t", "new", 4))
				r.Submit(bad("t"))
				wait(time.Minute)
				if o := settled.outcome(t, 4); o != pipeline.Published {
					t.Errorf("what comes after Begin is %v, want published", o)
				}
				if o := settled.outcome(t, "bad t"); o != pipeline.DeadLettered {
					t.Errorf("a rejected one after Begin is %v, want kept", o)
				}
				stop()
			})
		})
	}
}

func TestYieldedMessagesAreReturnedInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			began: time.Now(), latency: time.Second,
			answers: map[string][]pipeline.Answer{"fails": {answer(pipeline.Retry, pipeline.Result5xx, 503)}},
		}
		_, p, settled, stop := leased(t, s, nil)
		r := p.Route(0)
		for i := range 4 {
			r.Submit(bytesOf("fails", fmt.Sprint(i), i))
			r.Submit(bytesOf("works", fmt.Sprint(i), 10+i))
			r.Submit(bytesOf("waits", fmt.Sprint(i), 20+i))
		}
		wait(500 * time.Millisecond)
		r.Yield()
		synctest.Wait()
		if o := settled.outcome(t, 20); o != pipeline.Returned {
			t.Errorf("what is queued and not behind one in flight is %v, want returned at once", o)
		}
		checkLedger(t, p)
		if n := p.Stats().Routes[0].Settled[pipeline.Returned]; n != 4 {
			t.Errorf("%d are returned, want those that nothing in flight is before", n)
		}
		wait(time.Minute)
		if o := settled.outcome(t, 10); o != pipeline.Published {
			t.Errorf("what was in flight and is accepted is %v, want published", o)
		}
		for _, n := range []int{0, 1, 2, 3, 11, 12, 13, 21, 22, 23} {
			if o := settled.outcome(t, n); o != pipeline.Returned {
				t.Errorf("message %d is %v, want returned", n, o)
			}
		}
		if len(s.log) != 2 {
			t.Errorf("published %q, want the two that were in flight", s.log)
		}
		checkLedger(t, p)
		r.Begin()
		r.Submit(bytesOf("fails", "0", 30))
		wait(time.Minute)
		if o := settled.outcome(t, 30); o != pipeline.Published {
			t.Errorf("what comes after Begin is %v, want published", o)
		}
		stop()
	})
}

// A lease may be lost while what is held is being handed back.
func TestWhatIsLostWhileItYieldsIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			began: time.Now(), latency: time.Second,
			answers: map[string][]pipeline.Answer{"t": {answer(pipeline.Retry, pipeline.Result5xx, 503)}},
		}
		_, p, settled, stop := leased(t, s, nil)
		r := p.Route(0)
		r.Submit(bytesOf("t", "1", 1))
		r.Submit(bytesOf("t", "2", 2))
		wait(100 * time.Millisecond)
		r.Yield()
		wait(100 * time.Millisecond)
		r.Forget()
		r.Yield() // As when the daemon stops.
		wait(time.Minute)
		for _, n := range []int{1, 2} {
			if o := settled.outcome(t, n); o != pipeline.Forgotten {
				t.Errorf("message %d is %v, want forgotten", n, o)
			}
		}
		stop()
	})
}

// late is a framing that takes so long that the lease is over.
type late struct {
	lines
	h *tenure
}

func (l late) Append(dst, payload []byte, size int) []byte {
	l.h.over.Store(true)
	return l.lines.Append(dst, payload, size)
}

// A process may be stopped between the decision to publish and the publish.
func TestWhatIsHandedOverAndNotHeldAnyMoreIsNotSent(t *testing.T) {
	for _, topic := range []string{"even", "odd"} { // Half of it is sent by whoever submits.
		t.Run(topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, s, settled := &tenure{}, &script{began: time.Now()}, newEnds()
				batches := pipeline.BatchConfig{Framing: late{h: h}, MaxBytes: 100}
				p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{
					Ordered: true, Returnable: true, Held: h.held, Settler: settled, Batch: batches,
				}}}, s)
				for i := range 3 {
					p.Route(0).Submit(bytesOf(topic, fmt.Sprint(i), i))
				}
				wait(time.Minute)
				if n := p.Stats().Routes[0].Queued; len(s.log) != 0 || n != 3 {
					t.Errorf("published %q with %d left, want nothing published", s.log, n)
				}
				p.Route(0).Forget()
				synctest.Wait()
				for i := range 3 {
					if o := settled.outcome(t, i); o != pipeline.Forgotten {
						t.Errorf("message %d is %v, want forgotten", i, o)
					}
				}
				stop()
			})
		})
	}
}
