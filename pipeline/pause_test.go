package pipeline_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

func TestPausedRoutePublishesNothingAndItsSourceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Returnable: true}, {}}}, s)
		r := p.Route(0)
		r.Pause()
		r.Submit(bytesOf("a", "1", 1))
		p.Route(1).Submit(bytesOf("b", "2", 2))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(s.log) != 1 || s.log[0] != "0 b/2" {
			t.Errorf("published %q, want only the other route's", s.log)
		}
		if since := r.Halted(); since.IsZero() {
			t.Error("the source is not told")
		}
		if got := p.Stats().Routes[0].State; got != pipeline.Paused {
			t.Errorf("state %q, want paused", got)
		}
		r.Resume()
		synctest.Wait()
		if len(s.log) != 2 || s.log[1] != "60 a/1" {
			t.Errorf("published %q, want the message at once", s.log)
		}
		stop()
	})
}

func TestStopPublishesWhatAPausedRouteHasFromCoreNATS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, settled := &script{began: time.Now()}, newEnds()
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Settler: settled}}}, s)
		p.Route(0).Pause()
		p.Route(0).Submit(bytesOf("a", "x", 1))
		time.Sleep(time.Minute)
		stop()
		if got := settled.outcome(t, 1); got != pipeline.Published {
			t.Errorf("the message is %v, want published", got)
		}
	})
}

// TestPausesAndReloadsStrandNothing changes a route's state or the limits many times at random. Each change is in force
// within 100 ms, and every message ends.
func TestPausesAndReloadsStrandNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		var mu sync.Mutex
		published := 0
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return published
		}
		settled := newEnds()
		p, stop := start(t, pipeline.Config{
			Workers: 4, MaxMessages: 50,
			Routes: []pipeline.RouteConfig{{Ordered: true, Settler: settled}},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			published++
			return accept()
		}))
		done := make(chan int)
		ending, end := context.WithCancel(t.Context())
		go func() {
			n := 0
			for ; ending.Err() == nil; n++ {
				p.Route(0).Submit(bytesOf([]string{"a", "b", "c"}[n%3], "x", n))
			}
			done <- n
		}()
		paused, perSecond := false, 1e9
		for i := range long.Or(200, 1000) {
			switch rng.IntN(4) {
			case 0:
				p.Route(0).Pause()
				paused = true
			case 1:
				p.Route(0).Resume()
				paused = false
			default:
				perSecond = []float64{0.5, 20, 100, 1000}[rng.IntN(4)]
				p.SetLimits(pipeline.Limits{Region: pipeline.Rate{Ceiling: perSecond}})
			}
			time.Sleep(100 * time.Millisecond) // From here on it is in force.
			before := count()
			time.Sleep(time.Second)
			got := float64(count() - before)
			switch {
			case paused && got > 0:
				t.Fatalf("change %d: %g published while paused", i, got)
			case !paused && perSecond > 1 && got < 0.9*min(perSecond, 500)-1:
				t.Fatalf("change %d: %g published in a second at a rate of %g", i, got, perSecond)
			case got > perSecond+derivedBurst(perSecond)+1:
				t.Fatalf("change %d: %g published in a second at a rate of %g", i, got, perSecond)
			}
		}
		p.Route(0).Resume()
		p.SetLimits(pipeline.Limits{Region: unlimited})
		end()
		n := <-done
		stop()
		for handle := range n {
			if got := settled.outcome(t, handle); got != pipeline.Published {
				t.Fatalf("message %d is %v, want published", handle, got)
			}
		}
	})
}

// derivedBurst is the burst where none is set: a token, and what comes in 20 ms.
func derivedBurst(perSecond float64) float64 { return 1 + perSecond/50 }
