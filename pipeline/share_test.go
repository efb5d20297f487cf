package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// shares publishes at 100/s for a while with every route busy, and returns how many each route had.
func shares(t *testing.T, cfg pipeline.Config, length time.Duration) map[string]int {
	t.Helper()
	got := map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		cfg.Workers, cfg.MaxMessages, cfg.MaxBytes = 1, 30_000, 1<<30
		p := build(cfg, fakeSink(func(r *pipeline.Request) pipeline.Answer {
			got[r.Topic]++
			return accept()
		}))
		for i, r := range cfg.Routes {
			for n := range 9000 {
				p.Route(i).Submit(pipeline.Message{
					Topic: r.Name, Payload: make([]byte, 1+i*1500),
					Time: time.Now(), Handle: n,
				})
			}
		}
		hard, cancel := contextFor(t, length)
		defer cancel()
		p.Run(hard)
	})
	return got
}

func TestRoutesShareAQuotaByWeight(t *testing.T) {
	limits := pipeline.Limits{
		Region: pipeline.Rate{Ceiling: 100},
		Routes: map[string]pipeline.RouteLimit{"a": {Weight: 3}},
	}
	routes := []pipeline.RouteConfig{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	got := shares(t, pipeline.Config{Limits: limits, Routes: routes}, time.Minute)
	for name, want := range map[string]int{"a": 3600, "b": 1200, "c": 1200} {
		if got[name] < want-5 || got[name] > want+5 {
			t.Errorf("route %s had %d of 6000, want %d: %v", name, got[name], want, got)
		}
	}
}

// Where operations are counted, it is those that are shared: b's messages cost two each, c's three.
func TestRoutesShareOperationsRatherThanMessages(t *testing.T) {
	limits := pipeline.Limits{Region: pipeline.Rate{Ceiling: 90}}
	got := shares(t, pipeline.Config{Operations: true, Limits: limits, Routes: []pipeline.RouteConfig{
		{Name: "a"},
		{Name: "b"},
		{Name: "c"},
	}}, time.Minute)
	for name, want := range map[string]int{"a": 1800, "b": 900, "c": 600} {
		if got[name] < want-5 || got[name] > want+5 {
			t.Errorf("route %s had %d messages, want %d: %v", name, got[name], want, got)
		}
	}
}

func TestCeilingsOfRoutesAndCachesNestAndHoldNobodyElse(t *testing.T) {
	limits := pipeline.Limits{
		Region: pipeline.Rate{Ceiling: 100},
		Caches: map[string]pipeline.Rate{"small": {Ceiling: 5}},
		Routes: map[string]pipeline.RouteLimit{"b": {Rate: pipeline.Rate{Ceiling: 0.5}}},
	}
	routes := []pipeline.RouteConfig{{Name: "a", Cache: "small"}, {Name: "b"}, {Name: "c"}}
	got := shares(t, pipeline.Config{Limits: limits, Routes: routes}, time.Minute)
	for name, want := range map[string]int{"a": 300, "b": 30, "c": 5670} {
		if got[name] < want-5 || got[name] > want+5 {
			t.Errorf("route %s had %d, want %d: %v", name, got[name], want, got)
		}
	}
}

// The line: a quiet topic waits no longer than two token intervals for each topic that is active.
func TestHotTopicsDoNotStarveAQuietOne(t *testing.T) {
	const hot, perSecond = 20, 10.0
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		p, stop := start(t, pipeline.Config{
			Workers: 8, MaxMessages: 100_000,
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: perSecond}},
			Routes: []pipeline.RouteConfig{{Ordered: true, Returnable: true}},
		},
			fakeSink(func(r *pipeline.Request) pipeline.Answer {
				if r.Topic == "quiet" {
					var at int64
					fmt.Sscan(string(r.Payload), &at)
					waits = append(waits, time.Since(time.Unix(0, at)))
				}
				time.Sleep(20 * time.Millisecond)
				return accept()
			}))
		for i := range 50_000 {
			p.Route(0).Submit(bytesOf(fmt.Sprint("hot", i%hot), "x", i))
		}
		rng := rand.New(rand.NewPCG(1, 1))
		for range 200 {
			time.Sleep(time.Duration(3000+rng.IntN(3000)) * time.Millisecond)
			p.Route(0).Submit(bytesOf("quiet", fmt.Sprint(time.Now().UnixNano()), 0))
		}
		time.Sleep(10 * time.Second)
		stop()
		slices.Sort(waits)
		line := time.Duration(2 * (hot + 1) / perSecond * float64(time.Second))
		p99 := waits[len(waits)*99/100]
		t.Logf("quiet topic: p50 %v, p99 %v, line %v", waits[len(waits)/2], p99, line)
		if p99 > line || len(waits) != 200 {
			t.Errorf("%d published, p99 wait %v, want at most %v", len(waits), p99, line)
		}
	})
}
