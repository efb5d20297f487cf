package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// partitions returns so many of one name.
func partitions(name string, n int) []pipeline.RouteConfig {
	routes := make([]pipeline.RouteConfig, n)
	for i := range routes {
		routes[i] = pipeline.RouteConfig{Name: name, Partition: i + 1, Ordered: true, Returnable: true}
	}
	return routes
}

func TestPartitionsShareTheTurnsOfOneRoute(t *testing.T) {
	t.Parallel()
	for _, busy := range []int{1, 2, 5} {
		got := map[string]int{}
		synctest.Test(t, func(t *testing.T) {
			routes := append(partitions("a", 5), pipeline.RouteConfig{Name: "b", Returnable: true})
			p := build(pipeline.Config{
				Workers: 1, MaxMessages: 30_000, MaxBytes: 1 << 30, Routes: routes,
				Limits: pipeline.Limits{
					Region: pipeline.Rate{Ceiling: 100}, Routes: map[string]pipeline.RouteLimit{"a": {Weight: 3}},
				},
			}, fakeSink(func(r *pipeline.Request) pipeline.Answer {
				got[r.Topic[:1]]++
				return accept()
			}))
			for n := range 5000 {
				topic := fmt.Sprint("a", n%97)
				p.Route(n % busy).Submit(pipeline.Message{Topic: topic, Payload: []byte("x"), Handle: n})
				p.Route(5).Submit(pipeline.Message{Topic: "b", Payload: []byte("x"), Handle: n})
			}
			hard, cancel := contextFor(t, time.Minute)
			defer cancel()
			p.Run(hard)
		})
		if got["a"] < 4490 || got["b"] < 1490 {
			t.Errorf("with %d partitions busy their route had %d and the other %d of 6000, want 4500 and 1500", busy,
				got["a"], got["b"])
		}
	}
}

func TestPartitionsShareTheCeilingOfTheirRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		p := build(pipeline.Config{
			Workers: 1, MaxMessages: 30_000, MaxBytes: 1 << 30, Routes: partitions("a", 4),
			Limits: pipeline.Limits{
				Region: unlimited, Routes: map[string]pipeline.RouteLimit{"a": {Rate: pipeline.Rate{Ceiling: 10}}},
			},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			sent++
			return accept()
		}))
		for n := range 4000 {
			p.Route(n % 4).Submit(pipeline.Message{Topic: "a", Payload: []byte("x"), Handle: n})
		}
		hard, cancel := contextFor(t, time.Minute)
		defer cancel()
		p.Run(hard)
		if sent < 590 || sent > 620 {
			t.Errorf("%d were published in a minute at 10/s", sent)
		}
		scopes := 0
		for _, q := range p.Stats().Quotas {
			if q.Scope == "route:a" {
				scopes++
			}
		}
		if scopes != 1 {
			t.Errorf("%d quotas of the route are shown", scopes)
		}
	})
}

// What is counted of partitions is in the sum of their route, whatever has become of their messages.
func TestStatsOfPartitionsAreThoseOfOneRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		routes := append(append([]pipeline.RouteConfig{{Name: "b"}}, partitions("a", 4)...),
			pipeline.RouteConfig{Name: "c"})
		p := build(pipeline.Config{
			Workers: 1, MaxMessages: 3000, MaxBytes: 1 << 20, Routes: routes,
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 50}},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			if rng.IntN(5) == 0 {
				return answer(pipeline.Retry, pipeline.Result5xx, 500)
			}
			return accept()
		}))
		for n := range 1000 {
			p.Route(1 + n%4).Submit(pipeline.Message{Topic: fmt.Sprint(n % 30), Payload: []byte("x"), Handle: n})
		}
		p.Route(5).Submit(pipeline.Message{Topic: "c", Payload: []byte("x"), Handle: 0})
		hard, cancel := contextFor(t, 5*time.Second)
		defer cancel()
		done := make(chan int)
		go func() { done <- p.Run(hard) }()
		for range 20 {
			time.Sleep(200 * time.Millisecond)
			synctest.Wait()
			s := p.Stats()
			if len(s.Routes) != 3 || s.Routes[0].Name != "b" || s.Routes[1].Name != "a" || s.Routes[2].Name != "c" {
				t.Fatalf("shown are %d routes: %+v", len(s.Routes), s.Routes)
			}
			a := s.Routes[1]
			if a.Received != 1000 || a.Queued+a.InFlight+int(a.Settled[pipeline.Published]) != 1000 {
				t.Errorf("%d received, %d queued, %d in flight, %v settled", a.Received, a.Queued, a.InFlight,
					a.Settled)
			}
			if a.State != pipeline.Running || a.LimitedBy == pipeline.ByNothing {
				t.Errorf("it is %s, limited by %s, while messages wait for the quota", a.State, a.LimitedBy)
			}
			if share := a.Share; share < 0.33 || share > 0.34 {
				t.Errorf("its share is %v, want a third", share)
			}
		}
		<-done
	})
}

func TestPausedPartitionsAreAPausedRoute(t *testing.T) {
	t.Parallel()
	p := build(pipeline.Config{Workers: 1, MaxMessages: 10, MaxBytes: 1 << 20, Routes: partitions("a", 3)},
		fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }))
	for i := range 3 {
		p.Route(i).Pause()
	}
	p.Route(1).Submit(pipeline.Message{Topic: "t", Payload: []byte("x"), Handle: 1})
	if r := p.Stats().Routes[0]; r.State != pipeline.Paused || r.LimitedBy != pipeline.ByPause || r.Queued != 1 {
		t.Errorf("it is %s, limited by %s, with %d queued", r.State, r.LimitedBy, r.Queued)
	}
}
