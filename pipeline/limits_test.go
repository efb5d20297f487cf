package pipeline_test

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
	"momento-bridge/pipeline/quota"
)

var learning = pipeline.Rate{Ceiling: math.Inf(1), Learn: true}

// A refusal that names throughput is about bytes: the quota of bytes is found, and the rate of publishes is left alone.
func TestRefusalForThroughputIsLearnedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 50_000.0
		limiter, err := emulator.NewLimiter(emulator.Settings{Rate: most}, 1, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		accepted, refused := 0.0, 0
		sink := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if !limiter.Take(time.Now(), float64(len(r.Payload)), 0) {
				refused++
				a := answer(pipeline.SlowDown, pipeline.Result429, 429)
				a.Reason = pipeline.ReasonThroughput
				return a
			}
			accepted += float64(len(r.Payload))
			return accept()
		})
		p, stop := start(t, pipeline.Config{
			Workers: 16, MaxMessages: 1000,
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 1000}}, Routes: []pipeline.RouteConfig{{}},
		}, sink)
		go func() {
			for i := range 20_000 {
				p.Route(0).Submit(pipeline.Message{Topic: "t", Payload: make([]byte, 100+i%7*100), Time: time.Now()})
			}
		}()
		time.Sleep(30 * time.Second)
		mu.Lock()
		before, refusedBefore := accepted, refused
		mu.Unlock()
		time.Sleep(30 * time.Second)
		mu.Lock()
		used, refusals := (accepted-before)/most/30, refused-refusedBefore
		mu.Unlock()
		stats := p.Stats()
		t.Logf("%.1f %% of the quota of bytes used, %d refused; %s", 100*used, refusals, stats.Quotas[1].Reason)
		if used < 0.95 || refusals > 40 {
			t.Errorf("%.1f %% of the quota of bytes used, %d refused", 100*used, refusals)
		}
		if q := stats.Quotas[1]; q.Scope != "throughput" || q.State != quota.Holding || q.Learned < 0.9*most ||
			q.Learned > 1.1*most {
			t.Errorf("throughput: %+v", q)
		}
		if q := stats.Quotas[0]; q.Rate != 1000 || q.State != quota.AtCeiling {
			t.Errorf("region: %+v", q)
		}
		closeAll(p)
		p.SetLimits(pipeline.Limits{Region: unlimited})
		mu.Lock()
		limiter, _ = emulator.NewLimiter(emulator.Settings{}, 1, time.Now())
		mu.Unlock()
		stop()
	})
}

// A cache with a quota of its own is taken to be the one that refuses: publishes to another cache go on as before.
func TestRefusalsOfACacheWithAQuotaSlowThatCacheOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[string]int{}
		small, err := emulator.NewLimiter(emulator.Settings{Rate: 20, Burst: 20}, 1, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		sink := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if r.Cache == "small" && !small.Take(time.Now(), 1, 0) {
				return answer(pipeline.SlowDown, pipeline.Result429, 429)
			}
			got[r.Cache]++
			return accept()
		})
		limits := pipeline.Limits{
			Region: pipeline.Rate{Ceiling: 100},
			Caches: map[string]pipeline.Rate{"small": learning},
		}
		p := build(pipeline.Config{
			Workers: 8, MaxMessages: 20_000, Limits: limits,
			Routes: []pipeline.RouteConfig{{Cache: "small"}, {Cache: "large"}},
		}, sink)
		for i := range 2 {
			for range 9000 {
				p.Route(i).Submit(message("t", nil))
			}
		}
		hard, cancel := contextFor(t, time.Minute)
		defer cancel()
		p.Run(hard)
		if got["small"] < 1100 || got["small"] > 1230 || got["large"] < 4600 {
			t.Errorf(
				"published %v in a minute, want 1200 to the small cache, and what is left of 6000 to the other", got)
		}
	})
}
