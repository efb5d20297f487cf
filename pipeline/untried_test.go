package pipeline_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// A message was refused and given back, and another replica has published it since. Nothing is left to probe with:
// after a minute nobody knows whether the refusal still holds, so it is not told. The next message is tried.
func TestRefusalThatNoMessageCanTryIsNotToldForEver(t *testing.T) {
	for name, tt := range map[string]struct {
		refusal pipeline.Answer
		told    func(pipeline.Stats) bool
	}{
		"key": {
			answer(pipeline.HaltAll, pipeline.Result401, 401), func(s pipeline.Stats) bool { return s.KeyRefused },
		},
		"cache": {
			answer(pipeline.HaltCache, pipeline.Result404, 404),
			func(s pipeline.Stats) bool { return s.Routes[0].CacheMissing },
		},
		"topic": {
			answer(pipeline.HaltTopic, pipeline.Result403, 403),
			func(s pipeline.Stats) bool { return s.Routes[0].Forbidden > 0 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var well atomic.Bool
				p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Returnable: true}}},
					fakeSink(func(*pipeline.Request) pipeline.Answer {
						if well.Load() {
							return accept()
						}
						return tt.refusal
					}))
				defer stop()
				is := func(when string, told bool, state pipeline.State) {
					t.Helper()
					synctest.Wait()
					if s := p.Stats(); tt.told(s) != told || s.Routes[0].State != state {
						t.Errorf("%s: told %v, %+v, want %v and %s", when, tt.told(s), s.Routes[0], told, state)
					}
				}
				r := p.Route(0)
				r.Submit(message("a", nil))
				time.Sleep(5 * time.Minute)
				is("while the message waits", true, pipeline.Parked)
				r.Abandon()
				is("when it has been given back", true, pipeline.Parked)
				time.Sleep(5 * time.Minute)
				is("with nothing to try for long", false, pipeline.Running)
				if why := p.Stats().Why; why != "" {
					t.Errorf("still told: %s", why)
				}
				r.Submit(message("a", nil))
				is("when the next message is refused", true, pipeline.Parked)
				well.Store(true)
				time.Sleep(5 * time.Minute)
				is("when it is published", false, pipeline.Running)
			})
		})
	}
}
