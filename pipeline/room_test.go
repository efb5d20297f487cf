package pipeline_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// The source asks for a quarter of the limit at the least, so that requests to the server are worth their cost.
func TestReserveAsksForNoMoreThanThereIsRoomFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		p, stop := start(t, pipeline.Config{
			Workers: 1, MaxMessages: 8, MaxBytes: 1000,
			Routes: []pipeline.RouteConfig{{Returnable: true}},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			<-hold
			return accept()
		}))
		r := p.Route(0)
		if n, bytes := r.Reserve(); n != 8 || bytes != 500 {
			t.Errorf("Reserve = %d, %d of an empty route, want 8, 500", n, bytes)
		}
		if n, _ := r.Reserve(); n != 0 {
			t.Errorf("Reserve = %d with everything reserved, want 0", n)
		}
		for range 5 {
			r.Submit(message("t", nil))
		}
		r.Release(1)
		if n, _ := r.Reserve(); n != 0 {
			t.Errorf("Reserve = %d with one free of 8, want 0", n)
		}
		r.Release(2)
		<-r.Wake()
		if n, _ := r.Reserve(); n != 3 {
			t.Errorf("Reserve = %d, want the 3 that will not come", n)
		}
		close(hold)
		synctest.Wait()
		<-r.Wake()
		if n, _ := r.Reserve(); n != 5 {
			t.Errorf("Reserve = %d, want the 5 that are published", n)
		}
		stop()
		if n, _ := r.Reserve(); n != 0 {
			t.Errorf("Reserve = %d of a closed route, want 0", n)
		}
	})
}

func TestHaltedRouteAsksForNothingButAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			began: time.Now(),
			answers: map[string][]pipeline.Answer{"t": slices.Repeat(
				[]pipeline.Answer{answer(pipeline.HaltAll, pipeline.Result401, 401)}, 3)},
		}
		settled := newEnds()
		p, stop := start(t, pipeline.Config{
			Workers: 2, MaxMessages: 100,
			Routes: []pipeline.RouteConfig{{Returnable: true, Ordered: true, Settler: settled}},
		}, s)
		r := p.Route(0)
		r.Reserve()
		for i := range 4 {
			r.Submit(pipeline.Message{
				Topic: "t", Payload: strconv.AppendInt(nil, int64(i), 10),
				Time: time.Now(), Handle: i,
			})
		}
		r.Release(96)
		synctest.Wait()
		if n, _ := r.Reserve(); n != 0 || r.Halted().IsZero() {
			t.Errorf("Reserve = %d, halted since %v, want 0 and halted", n, r.Halted())
		}
		r.HandBack()
		for i := 1; i < 4; i++ {
			if o := settled.outcome(t, i); o != pipeline.Returned {
				t.Errorf("message %d is %v, want returned", i, o)
			}
		}
		if s := p.Stats().Routes[0]; s.Queued+s.InFlight != 1 {
			t.Errorf("%d are left, want one to probe with", s.Queued+s.InFlight)
		}
		time.Sleep(time.Minute) // Probed at 2, 6 and 14 s.
		if o := settled.outcome(t, 0); o != pipeline.Published || !r.Halted().IsZero() {
			t.Errorf("the probe is %v, halted since %v, want published and open", o, r.Halted())
		}
		if n, _ := r.Reserve(); n != 100 {
			t.Errorf("Reserve = %d after the halt, want 100", n)
		}
		stop()
	})
}

// With nothing to probe with, nobody would ever find out that the endpoint is back.
func TestHaltedRouteThatHoldsNothingAsksForOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Returnable: true, AtMostOnce: true}}},
			fakeSink(func(*pipeline.Request) pipeline.Answer {
				return answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0)
			}))
		for range downAfter {
			p.Route(0).Submit(message("t", nil))
			synctest.Wait()
		}
		if n, _ := p.Route(0).Reserve(); n != 1 || p.Route(0).Halted().IsZero() {
			t.Errorf("Reserve = %d, halted since %v, want 1 and halted", n, p.Route(0).Halted())
		}
		stop()
	})
}

// A long Retry-After halts as a closed gate does: what is held would be renewed for nothing.
func TestEndpointThatWishesToBeLeftAloneHaltsPublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := answer(pipeline.SlowDown, pipeline.Result429, 429)
		busy.RetryAfter = 10 * time.Minute
		s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"t": {busy}}}
		settled := newEnds()
		p, stop := start(t, pipeline.Config{
			Workers: 2, MaxMessages: 100,
			Routes: []pipeline.RouteConfig{{Returnable: true, Ordered: true, Settler: settled}},
		}, s)
		r := p.Route(0)
		for i := range 4 {
			r.Submit(pipeline.Message{
				Topic: "t", Payload: strconv.AppendInt(nil, int64(i), 10),
				Time: time.Now(), Handle: i,
			})
		}
		time.Sleep(time.Minute)
		if n, _ := r.Reserve(); n != 0 || time.Since(r.Halted()) != time.Minute {
			t.Errorf("Reserve = %d, halted for %v, want 0 and a minute", n, time.Since(r.Halted()))
		}
		r.HandBack()
		if n := p.Stats().Routes[0].Settled[pipeline.Returned]; n != 3 {
			t.Errorf("%d handed back, want all but one", n)
		}
		time.Sleep(10 * time.Minute)
		if n, _ := r.Reserve(); n != 100 || settled.outcome(t, 0) != pipeline.Published || !r.Halted().IsZero() {
			t.Errorf("Reserve = %d after the pause, halted since %v", n, r.Halted())
		}
		stop()
		if want := []string{"0 t/0", "600 t/0"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

func TestHandBackKeepsTheOldestMessageAndTheOrderOfEachTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []int
		settler := settlerFunc(func(handle any, o pipeline.Outcome) {
			if o == pipeline.Returned {
				order = append(order, handle.(int))
			}
		})
		p, stop := start(t,
			pipeline.Config{
				Workers: 1,
				Routes:  []pipeline.RouteConfig{{Returnable: true, Ordered: true, Settler: settler}},
			}, fakeSink(func(*pipeline.Request) pipeline.Answer {
				return answer(pipeline.HaltAll, pipeline.Result401, 401)
			}))
		for i := range 40 {
			p.Route(0).Submit(pipeline.Message{Topic: fmt.Sprint(i % 20), Payload: nil, Time: time.Now(), Handle: i})
		}
		synctest.Wait()
		p.Route(0).HandBack()
		last := map[int]int{}
		for _, n := range order {
			if n < last[n%20] {
				t.Errorf("%d was handed back after %d", n, last[n%20])
			}
			last[n%20] = n
		}
		kept := 0
		for slices.Contains(order, kept) {
			kept++
		}
		if len(order) != 39 || kept > 3 {
			t.Errorf("%d handed back, %d kept; want one of the oldest kept, which were in flight", len(order), kept)
		}
		stop()
	})
}

type settlerFunc func(handle any, o pipeline.Outcome)

func (f settlerFunc) Settle(handle any, o pipeline.Outcome) { f(handle, o) }
