package pipeline_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
)

func TestRouteSaysWhatHoldsItBack(t *testing.T) {
	f := func(name string, want pipeline.Limit, cfg pipeline.Config, sink pipeline.Sink, do func(*pipeline.Pipeline)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := start(t, cfg, sink)
				do(p)
				synctest.Wait()
				if got := p.Stats().Routes[0].LimitedBy; got != want {
					t.Errorf("limited by %s, want %s", got, want)
				}
				stop()
			})
		})
	}
	send := func(n int) func(*pipeline.Pipeline) {
		return func(p *pipeline.Pipeline) {
			for range n {
				p.Route(0).Submit(message("a", nil))
			}
		}
	}
	slow := fakeSink(func(*pipeline.Request) pipeline.Answer { time.Sleep(time.Second); return accept() })
	refuse := func(a pipeline.Answer) pipeline.Sink {
		return fakeSink(func(*pipeline.Request) pipeline.Answer { return a })
	}
	ordered, unordered := []pipeline.RouteConfig{{Ordered: true, Returnable: true}},
		[]pipeline.RouteConfig{{Returnable: true}}
	slowly := pipeline.Limits{Region: pipeline.Rate{Ceiling: 1, Burst: 1}}

	f("with nothing to do", pipeline.ByNothing, pipeline.Config{Workers: 1, Routes: ordered}, slow, send(0))
	f("with all in flight", pipeline.ByNothing, pipeline.Config{Workers: 3, Routes: unordered}, slow, send(2))
	f("with every connection busy", pipeline.ByConnections, pipeline.Config{Workers: 2, Routes: unordered},
		slow, send(3))
	f("with one in flight on the topic", pipeline.ByOrder, pipeline.Config{Workers: 2, Routes: ordered}, slow, send(2))
	f("at the rate", pipeline.ByQuota, pipeline.Config{Workers: 2, Routes: unordered, Limits: slowly},
		refuse(accept()), send(9))
	f("after a failure", pipeline.ByBackoff, pipeline.Config{Workers: 2, Routes: unordered},
		refuse(answer(pipeline.Retry, pipeline.Result5xx, 500)), send(1))
	f("with the endpoint down", pipeline.ByEndpoint, pipeline.Config{Workers: 2, Routes: unordered},
		refuse(answer(pipeline.Retry, pipeline.Result5xx, 500)), send(50))
	f("with the key refused", pipeline.ByKey, pipeline.Config{Workers: 2, Routes: ordered},
		refuse(answer(pipeline.HaltAll, pipeline.Result401, 401)), send(2))
	f("without the cache", pipeline.ByCache, pipeline.Config{Workers: 2, Routes: ordered},
		refuse(answer(pipeline.HaltCache, pipeline.Result404, 404)), send(2))
	f("with the topic forbidden", pipeline.ByPermission, pipeline.Config{Workers: 2, Routes: ordered},
		refuse(answer(pipeline.HaltTopic, pipeline.Result403, 403)), send(2))
	f("with whatever it publishes rejected", pipeline.ByRejection, pipeline.Config{Workers: 2, Routes: unordered},
		refuse(answer(pipeline.Reject, pipeline.Result400, 400)), send(20))
	f("paused", pipeline.ByPause, pipeline.Config{Workers: 2, Routes: ordered}, slow,
		func(p *pipeline.Pipeline) { p.Route(0).Pause(); send(2)(p) })
}

func TestPublishTimesCountTheAttemptsOfAllRoutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := pipeline.NewMetrics(prometheus.NewRegistry())
		routes := []pipeline.RouteConfig{
			{Name: "a", Cache: "c", MaxPayload: 100},
			{Name: "b", Cache: "c", MaxPayload: 100},
		}
		p := pipeline.New(pipeline.Config{
			Workers: 4, MaxMessages: 100, MaxBytes: 1000, Timeout: 2 * time.Minute,
			Delays: exact(), Limits: pipeline.Limits{Region: unlimited}, Routes: routes,
		},
			fakeSink(func(r *pipeline.Request) pipeline.Answer {
				if r.Topic == "slow" {
					time.Sleep(time.Minute)
				}
				time.Sleep(30 * time.Millisecond)
				return accept()
			}), slog.New(slog.DiscardHandler), m)
		for i, topic := range []string{"quick", "quick", "quick", "slow"} {
			p.Route(i / 2).Submit(message(topic, nil))
		}
		closeAll(p)
		p.Run(t.Context())
		bounds, upTo, total := m.PublishTimes()
		for i, bound := range bounds {
			want := uint64(0)
			if bound > .03 {
				want = 3
			}
			if upTo[i] != want {
				t.Errorf("%d up to %v s, want %d", upTo[i], bound, want)
			}
		}
		if total != 4 {
			t.Errorf("%d in all, want 4", total)
		}
	})
}

func TestHistogramsHaveClassicAndNativeBuckets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		p := buildWith(pipeline.Config{
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 10, Burst: 1}},
			Routes: []pipeline.RouteConfig{{Batch: joined()}},
		}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			time.Sleep(30 * time.Millisecond)
			return accept()
		}), slog.DiscardHandler, reg)
		p.Route(0).Submit(message("a", nil))
		p.Route(0).Submit(message("b", nil)) // It waits for a token.
		closeAll(p)
		p.Run(t.Context())
		families, err := reg.Gather()
		if err != nil || len(families) != 4 {
			t.Fatalf("%d families, %v", len(families), err)
		}
		for _, family := range families {
			h := family.GetMetric()[0].GetHistogram()
			if h.GetSampleCount() != 2 || len(h.GetBucket()) < 8 || len(h.GetPositiveSpan()) == 0 ||
				h.GetSchema() < 3 || h.GetExemplars() != nil {
				t.Errorf(
					"%s: %d classic buckets, %d native spans of schema %d, %d samples", family.GetName(),
					len(h.GetBucket()), len(h.GetPositiveSpan()), h.GetSchema(), h.GetSampleCount())
			}
		}
	})
}
