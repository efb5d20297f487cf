package pipeline_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// A proxy that answers everything with 400 must not empty a stream.
func TestFewRejectionsInARowAreBelieved(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		for _, inFlight := range []int{1, 8} {
			t.Run(fmt.Sprintf("ordered %v, %d in flight", ordered, inFlight), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var well atomic.Bool
					settled := newEnds()
					cfg := pipeline.Config{
						Workers: 8, InFlight: inFlight,
						Routes: []pipeline.RouteConfig{{Ordered: ordered, Settler: settled}, {}},
					}
					p, stop := start(t, cfg, fakeSink(func(r *pipeline.Request) pipeline.Answer {
						time.Sleep(10 * time.Millisecond)
						if well.Load() || r.Cache == "another" {
							return accept()
						}
						a := answer(pipeline.Reject, pipeline.Result400, 400)
						a.Detail = "400 blocked"
						return a
					}))
					for i := range 500 {
						p.Route(0).Submit(message(fmt.Sprint("t", i%50), i))
					}
					time.Sleep(time.Hour)
					s := p.Stats().Routes[0]
					if s.Settled[pipeline.Rejected] != believed || s.Rejecting != "400 blocked" || s.RouteRefused {
						t.Errorf(
							"%d messages are lost, the route says %q, want %d lost", s.Settled[pipeline.Rejected],
							s.Rejecting, believed)
					}
					if probes := s.Attempts[pipeline.Result400]; probes > 500+64+100 { // Each is tried once.
						t.Errorf("%d attempts in an hour", probes)
					}
					well.Store(true)
					time.Sleep(time.Minute)
					s = p.Stats().Routes[0]
					if s.Settled[pipeline.Published] != 500-believed || s.Rejecting != "" {
						t.Errorf(
							"%d are published once the endpoint is well, want all others; the route says %q",
							s.Settled[pipeline.Published], s.Rejecting)
					}
					stop()
				})
			})
		}
	}
}

// Rejections between messages that are accepted are believed, however many.
func TestRejectionsAmongAcceptedMessagesAreBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Ordered: true}}},
			fakeSink(func(*pipeline.Request) pipeline.Answer {
				if n++; n%(believed+1) > 0 {
					return answer(pipeline.Reject, pipeline.Result400, 400)
				}
				return accept()
			}))
		for i := range 120 {
			p.Route(0).Submit(message("t", i))
		}
		synctest.Wait()
		if s := p.Stats().Routes[0]; s.Settled[pipeline.Rejected] != 100 || s.Settled[pipeline.Published] != 20 {
			t.Errorf(
				"%d are rejected and %d published at once, want 100 and 20", s.Settled[pipeline.Rejected],
				s.Settled[pipeline.Published])
		}
		stop()
	})
}

// What was under way when the endpoint became well is rejected after others are accepted, and is asked for again.
func TestRejectionsOfBeforeTheEndpointWasWellAreNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var well atomic.Bool
		var n atomic.Int64
		settled := newEnds()
		p, stop := start(t, pipeline.Config{
			Workers: 32, MaxMessages: 4096,
			Routes: []pipeline.RouteConfig{{Settler: settled}},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			well := well.Load()
			time.Sleep(time.Duration(10+n.Add(1)%40) * time.Millisecond)
			if well {
				return accept()
			}
			return answer(pipeline.Reject, pipeline.Result400, 400)
		}))
		for i := range 2000 {
			p.Route(0).Submit(message(fmt.Sprint("t", i), i))
		}
		time.Sleep(300 * time.Millisecond) // Messages that have not been tried are, one after the other.
		well.Store(true)
		time.Sleep(time.Minute)
		if s := p.Stats().Routes[0]; s.Settled[pipeline.Rejected] != believed ||
			s.Settled[pipeline.Published] != 2000-believed {
			t.Errorf("messages end as %v, want %d lost", s.Settled, believed)
		}
		stop()
	})
}

// What is no answer of Momento's would be everybody's, so that no other message is worth trying.
func TestEndpointThatIsNotMomentoIsProbedOnceASecond(t *testing.T) {
	for name, a := range map[string]pipeline.Answer{
		"a page": {
			Verdict: pipeline.Retry, Result: pipeline.ResultOther, Status: 200,
			Foreign: true,
		}, "a refused connection": answer(pipeline.Retry, pipeline.ResultNetwork, 0),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var well atomic.Bool
				p, stop := start(t, pipeline.Config{Workers: 16, Routes: []pipeline.RouteConfig{{Settler: newEnds()}}},
					fakeSink(func(*pipeline.Request) pipeline.Answer {
						if well.Load() {
							return accept()
						}
						return a
					}))
				for i := range 500 {
					p.Route(0).Submit(message(fmt.Sprint("t", i), i))
				}
				time.Sleep(time.Minute)
				if sent := p.Stats().Routes[0].Attempts[a.Result]; sent > downAfter+16+70 {
					t.Errorf("%d attempts in a minute", sent)
				}
				well.Store(true)
				stop()
			})
		})
	}
}
