package pipeline

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestRouteSaysWhatHoldsItBack(t *testing.T) {
	f := func(name string, want Limit, cfg Config, sink Sink, do func(*Pipeline)) {
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
	send := func(n int) func(*Pipeline) {
		return func(p *Pipeline) {
			for range n {
				p.Route(0).Submit(message("a", nil))
			}
		}
	}
	slow := fakeSink(func(*Request) Answer { time.Sleep(time.Second); return accept() })
	refuse := func(a Answer) Sink { return fakeSink(func(*Request) Answer { return a }) }
	ordered, unordered := []RouteConfig{{Ordered: true, Returnable: true}}, []RouteConfig{{Returnable: true}}
	slowly := Limits{Region: Rate{Ceiling: 1, Burst: 1}}

	f("with nothing to do", ByNothing, Config{Workers: 1, Routes: ordered}, slow, send(0))
	f("with all in flight", ByNothing, Config{Workers: 3, Routes: unordered}, slow, send(2))
	f("with every connection busy", ByConnections, Config{Workers: 2, Routes: unordered}, slow, send(3))
	f("with one in flight on the topic", ByOrder, Config{Workers: 2, Routes: ordered}, slow, send(2))
	f("at the rate", ByQuota, Config{Workers: 2, Routes: unordered, Limits: slowly}, refuse(accept()), send(9))
	f("after a failure", ByBackoff, Config{Workers: 2, Routes: unordered}, refuse(answer(Retry, Result5xx, 500)), send(1))
	f("with the endpoint down", ByEndpoint, Config{Workers: 2, Routes: unordered}, refuse(answer(Retry, Result5xx, 500)), send(50))
	f("with the key refused", ByKey, Config{Workers: 2, Routes: ordered}, refuse(answer(HaltAll, Result401, 401)), send(2))
	f("without the cache", ByCache, Config{Workers: 2, Routes: ordered}, refuse(answer(HaltCache, Result404, 404)), send(2))
	f("with the topic forbidden", ByPermission, Config{Workers: 2, Routes: ordered}, refuse(answer(HaltTopic, Result403, 403)), send(2))
	f("with whatever it publishes rejected", ByRejection, Config{Workers: 2, Routes: unordered}, refuse(answer(Reject, Result400, 400)), send(20))
	f("paused", ByPause, Config{Workers: 2, Routes: ordered}, slow, func(p *Pipeline) { p.Route(0).Pause(); send(2)(p) })
}

func TestPublishTimesCountTheAttemptsOfAllRoutes(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	for _, route := range []string{"a", "a", "b"} {
		m.publishSeconds.WithLabelValues(route).Observe(.03)
	}
	m.publishSeconds.WithLabelValues("b").Observe(60)
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
}

func TestHistogramsHaveClassicAndNativeBuckets(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	m.publishSeconds.WithLabelValues("a").Observe(.03)
	m.endToEndSeconds.WithLabelValues("a").Observe(.03)
	m.batchMessages.WithLabelValues("a").Observe(3)
	m.rateLimitWait.Observe(.03)
	families, err := reg.Gather()
	if err != nil || len(families) != 4 {
		t.Fatalf("%d families, %v", len(families), err)
	}
	for _, family := range families {
		h := family.GetMetric()[0].GetHistogram()
		if len(h.GetBucket()) < 8 || len(h.GetPositiveSpan()) != 1 || h.GetSchema() < 3 || h.GetExemplars() != nil {
			t.Errorf("%s: %d classic buckets, %d native spans of schema %d", family.GetName(), len(h.GetBucket()), len(h.GetPositiveSpan()), h.GetSchema())
		}
	}
}
