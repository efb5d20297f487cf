package pipeline_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// aclSink refuses to publish to topics that are not allowed.
type aclSink struct {
	mu     sync.Mutex
	denied map[string]bool
}

func (s *aclSink) set(denied ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = map[string]bool{}
	for _, topic := range denied {
		s.denied[topic] = true
	}
}

func (s *aclSink) Connection(depth int) pipeline.Connection {
	return newFakeConnection(depth, func(r *pipeline.Request) pipeline.Answer {
		time.Sleep(5 * time.Millisecond)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.denied[r.Topic] {
			return answer(pipeline.HaltTopic, pipeline.Result403, 403)
		}
		return accept()
	})
}

// A route whose topics are forbidden in part runs: it names them, and counts exactly what waits for them. It stands
// still once all are.
func TestRouteIsParkedOnlyWhenAllItsTopicsAreForbidden(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		t.Run(fmt.Sprintf("ordered %t", ordered), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &aclSink{}
				s.set("t0", "t1")
				p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Ordered: ordered}}}, s)
				n := 0
				submit := func(from, many int) {
					for i := range many {
						p.Route(0).Submit(message(fmt.Sprint("t", (from+i)%8), n))
						n++
						time.Sleep(70 * time.Millisecond)
					}
					time.Sleep(20 * time.Millisecond)
				}
				submit(2, 6) // Others go first, so that something is known to flow.
				submit(0, 80)
				for i := range 100 {
					submit(0, 1+i%8)
					if s := p.Stats().Routes[0]; s.State != pipeline.Running {
						t.Fatalf("%v while six of eight topics flow: %+v", s.State, s)
					}
				}
				r := p.Stats().Routes[0]
				slices.Sort(r.ForbiddenTopics)
				if waiting := n - int(r.Settled[pipeline.Published]); r.Forbidden != 2 || r.ForbiddenHeld != waiting ||
					!slices.Equal(r.ForbiddenTopics, []string{"t0", "t1"}) {
					t.Errorf("%d forbidden, %v, hold %d, want 2 and %d", r.Forbidden, r.ForbiddenTopics,
						r.ForbiddenHeld,
						waiting)
				}
				s.set("t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7")
				submit(0, 16)
				time.Sleep(standsAfter)
				if r := p.Stats().Routes[0]; r.State != pipeline.Parked || len(r.ForbiddenTopics) > 5 {
					t.Errorf("%v, %v named, while every topic is forbidden", r.State, r.ForbiddenTopics)
				}
				s.set()
				time.Sleep(10 * time.Minute)
				if r := p.Stats().Routes[0]; r.Forbidden != 0 || r.ForbiddenHeld != 0 || len(r.ForbiddenTopics) != 0 ||
					r.State != pipeline.Running || int(r.Settled[pipeline.Published]) != n {
					t.Errorf("%+v after all is allowed again", r)
				}
				stop()
			})
		})
	}
}

// standsAfter is how long nothing must have been accepted for a route to be taken to stand still.
const standsAfter = 10 * time.Second

// A partition that stands still is told of while the others of its route go on.
func TestPartitionThatStandsStillIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &aclSink{}
		var denied []string
		for i := range 8 {
			denied = append(denied, fmt.Sprint("t", i))
		}
		s.set(denied...)
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{
			{Name: "r", Ordered: true, Partition: 1}, {Name: "r", Ordered: true, Partition: 2},
		}}, s)
		for i := range 8 {
			p.Route(0).Submit(message(denied[i], i))
		}
		time.Sleep(time.Second)
		for i := range 20 {
			p.Route(1).Submit(message("u", 100+i))
		}
		synctest.Wait()
		if r := p.Stats().Routes[0]; r.State != pipeline.Running || r.Parts != 2 || r.HaltedParts != 1 {
			t.Errorf("%v, %d of %d partitions stand still, want one of two", r.State, r.HaltedParts, r.Parts)
		}
		s.set()
		time.Sleep(10 * time.Minute)
		if r := p.Stats().Routes[0]; r.HaltedParts != 0 {
			t.Errorf("%d partitions stand still after all is allowed", r.HaltedParts)
		}
		p.Route(0).Close()
		p.Route(1).Close()
		stop()
	})
}

// The order of a map would be another one in each process.
func TestForbiddenTopicsAreTriedWithANewKeyInTheOrderOfTheirNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		allowed, tried := false, []string(nil)
		p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Ordered: true}}},
			fakeSink(func(r *pipeline.Request) pipeline.Answer {
				if !allowed {
					return answer(pipeline.HaltTopic, pipeline.Result403, 403)
				}
				tried = append(tried, r.Topic)
				return accept()
			}))
		for _, topic := range []string{"c", "j", "a", "f", "b", "i", "d", "h", "e", "g"} {
			p.Route(0).Submit(message(topic, nil))
		}
		synctest.Wait()
		allowed = true
		p.KeyChanged()
		synctest.Wait()
		stop()
		if len(tried) != 10 || !slices.IsSorted(tried[1:]) { // The first one is the route's own probe.
			t.Errorf("tried %q", tried)
		}
	})
}
