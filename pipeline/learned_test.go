package pipeline_test

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
)

// A pipeline that is started again uses what the one before it has learned, of the region and of a cache: at once, and
// without being refused for it.
func TestWhatWasLearnedIsTriedFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		quotas := map[string]float64{"large": 200, "small": 20} // Of the region and of a cache.
		limiters := map[string]emulator.Limiter{}
		var mu sync.Mutex
		accepted, refused := map[string]int{}, 0
		sink := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if !limiters[r.Cache].Take(time.Now(), 1, 0) {
				refused++
				return answer(pipeline.SlowDown, pipeline.Result429, 429)
			}
			accepted[r.Cache]++
			return accept()
		})
		limits := pipeline.Limits{Region: learning, Caches: map[string]pipeline.Rate{"small": learning}}
		run := func(length time.Duration, learned map[string]pipeline.Learned) *pipeline.Pipeline {
			for cache, perSecond := range quotas {
				var err error
				// A burst of a tenth, so that what is saved up in a pause hides nothing.
				settings := emulator.Settings{Rate: perSecond, Burst: perSecond / 10}
				if limiters[cache], err = emulator.NewLimiter(settings, 1, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			clear(accepted)
			refused = 0
			p := build(pipeline.Config{
				Workers: 8, MaxMessages: 12_000, Limits: limits, Learned: learned,
				Routes: []pipeline.RouteConfig{{Cache: "large"}, {Cache: "small"}},
			}, sink)
			for i := range 2 {
				for range 6_000 {
					p.Route(i).Submit(message("t", nil))
				}
			}
			hard, cancel := contextFor(t, length)
			defer cancel()
			p.Run(hard)
			return p
		}
		before := run(20*time.Second, nil)
		learned := before.Learned()
		if scopes := slices.Sorted(maps.Keys(learned)); !slices.Equal(scopes, []string{"cache:small", "region"}) {
			t.Fatalf("learned %+v, want of the region and of the cache", learned)
		}
		again := run(3*time.Second, learned)
		for cache, perSecond := range quotas {
			if share := float64(accepted[cache]) / 3 / perSecond; share < 0.95 {
				t.Errorf("%s: %.1f %% used in the first 3 s", cache, 100*share)
			}
		}
		if all := accepted["large"] + accepted["small"] + refused; float64(refused) > 0.01*float64(all) {
			t.Errorf("%d of %d refused in the first 3 s, want less than 1 %%", refused, all)
		}
		if kept := again.Learned(); len(kept) != 2 {
			t.Errorf("learned %+v after 3 s, want as much as was given", kept)
		}
	})
}
