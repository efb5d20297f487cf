package pipeline_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
)

// lineup is what a test exchanges: routes that stay, and configurations of new ones.
func lineup(places ...any) []pipeline.Place {
	all := make([]pipeline.Place, len(places))
	for i, at := range places {
		switch at := at.(type) {
		case *pipeline.Route:
			all[i].Stays = at
		case pipeline.RouteConfig:
			all[i].Begin = at
		}
	}
	return all
}

// retire closes routes that are to leave, and waits until they hold nothing.
func retire(routes ...*pipeline.Route) {
	for _, r := range routes {
		r.Retire()
		r.Close()
	}
	for _, r := range routes {
		for r.Unsettled() > 0 {
			wait(10 * time.Millisecond)
		}
	}
}

func of(name string, more pipeline.RouteConfig) pipeline.RouteConfig {
	more.Name, more.Cache, more.MaxPayload = name, "cache", 4096
	return more
}

func names(p *pipeline.Pipeline) string {
	var all []string
	for _, r := range p.Stats().Routes {
		all = append(all, r.Name)
	}
	return strings.Join(all, " ")
}

var freely = pipeline.Limits{Region: unlimited}

func TestRoutesComeAndGoWhileOthersPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: time.Second}
		settled := newEnds()
		stream := pipeline.RouteConfig{Ordered: true, Returnable: true, Settler: settled}
		p, stop := start(t, pipeline.Config{Workers: 8, Routes: []pipeline.RouteConfig{
			of("stays", pipeline.RouteConfig{Settler: settled}), of("goes", stream), of("changes", stream),
		}}, s)
		stays, goes, changes := p.Route(0), p.Route(1), p.Route(2)
		for i, r := range []*pipeline.Route{stays, goes, changes} { // One is in flight, the other waits behind it.
			r.Submit(bytesOf("t", "first", 10*i))
			r.Submit(bytesOf("t", "second", 10*i+1))
		}
		synctest.Wait()
		retire(goes, changes)
		next := stream
		next.Ordered = false
		all := p.Exchange(lineup(of("new", stream), stays, of("changes", next)), freely)
		if got := names(p); got != "new stays changes" || all[1] != stays || p.Route(0) != all[0] {
			t.Errorf("the lineup is %q", got)
		}
		all[0].Submit(bytesOf("t", "of a newcomer", 30))
		all[2].Submit(bytesOf("t", "second", 31))
		wait(10 * time.Second)
		for n, want := range map[int]pipeline.Outcome{
			0: pipeline.Published, 1: pipeline.Published, 10: pipeline.Published, 11: pipeline.Returned,
			20: pipeline.Published, 21: pipeline.Returned, 30: pipeline.Published, 31: pipeline.Published,
		} {
			if got := settled.outcome(t, n); got != want {
				t.Errorf("message %d is %v, want %v", n, got, want)
			}
		}
		stats := p.Stats()
		counted := [...]uint64{stats.Routes[0].Received, stats.Routes[1].Received, stats.Routes[2].Received}
		if want := [...]uint64{1, 2, 3}; counted != want {
			t.Errorf("received %v, want %v: who stays in place goes on counting", counted, want)
		}
		if why := p.Stuck(time.Now()); why != "" {
			t.Errorf("stuck: %s", why)
		}
		stop()
	})
}

func TestTheOnlyRouteIsExchangedWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, settled := &script{began: time.Now()}, newEnds()
		only := of("only", pipeline.RouteConfig{Settler: settled})
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{only}}, s)
		for n := range 20 {
			r := p.Route(0)
			r.Submit(message("t", n))
			retire(r)
			wait(time.Minute)
			p.Exchange(lineup(only), freely)
		}
		for n := range 20 {
			if o := settled.outcome(t, n); o != pipeline.Published {
				t.Errorf("message %d is %v", n, o)
			}
		}
		stop()
		if got := p.Stats().Routes[0].Received; got != 20 {
			t.Errorf("received %d, want 20", got)
		}
	})
}

// A stop may come while a route is away: what is begun then has to end as well.
func TestAStopDuringAnExchangeEndsWithTheLineup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{
			of("one", pipeline.RouteConfig{}), of("two", pipeline.RouteConfig{}),
		}}, &script{began: time.Now()})
		one, two := p.Route(0), p.Route(1)
		retire(one)
		two.Close()
		wait(time.Minute)
		p.Exchange(lineup(of("one", pipeline.RouteConfig{}), two), freely)
		stop()
	})
}

func TestWhatWasPausedStaysPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		stream := pipeline.RouteConfig{Returnable: true}
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{of("one", stream), of("two", stream)}}, s)
		p.Route(0).Pause()
		retire(p.Route(0))
		all := p.Exchange(lineup(of("one", stream), p.Route(1)), freely)
		all[0].Submit(message("t", 1))
		wait(time.Minute)
		if len(s.log) > 0 || p.Stats().Routes[0].State != pipeline.Paused {
			t.Errorf("published %q in state %s", s.log, p.Stats().Routes[0].State)
		}
		all[0].Resume()
		wait(time.Second)
		if len(s.log) != 1 {
			t.Errorf("published %q after it was resumed", s.log)
		}
		stop()
	})
}

func TestMetricsOfARouteGoWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		p := buildWith(pipeline.Config{Routes: []pipeline.RouteConfig{{}, {}}}, &script{began: time.Now()},
			slog.DiscardHandler, reg)
		reg.MustRegister(p)
		shown := func() (all []string) {
			families, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.GetMetric() {
					for _, l := range m.GetLabel() {
						if l.GetName() == "route" && !slices.Contains(all, l.GetValue()) {
							all = append(all, l.GetValue())
						}
					}
				}
			}
			slices.Sort(all)
			return all
		}
		first := p.Route(0)
		p.Route(1).Retire()
		p.Route(1).Close()
		if got := fmt.Sprint(shown()); got != "[r0 r1]" {
			t.Errorf("metrics of %s", got)
		}
		p.Exchange(lineup(first, of("r2", pipeline.RouteConfig{})), freely)
		if got := fmt.Sprint(shown()); got != "[r0 r2]" {
			t.Errorf("metrics of %s", got)
		}
	})
}

// What a cache has learned stays while a route publishes to it, before and after.
func TestWhatACacheHasLearnedOutlivesItsRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		learned := map[string]pipeline.Rate{"cache": {Ceiling: 1000, Learn: true}}
		limits := pipeline.Limits{Region: unlimited, Caches: learned}
		refuse := answer(pipeline.SlowDown, pipeline.Result429, 429)
		s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"t": {refuse}}}
		p, stop := start(t, pipeline.Config{
			Limits: limits, Routes: []pipeline.RouteConfig{of("one", pipeline.RouteConfig{})},
		}, s)
		for range 50 {
			p.Route(0).Submit(message("t", nil))
			wait(100 * time.Millisecond)
		}
		rate := func() string {
			q := p.Stats().Quotas[2]
			return fmt.Sprint(q.Scope, " ", q.Learned)
		}
		before := rate()
		retire(p.Route(0))
		p.Exchange(lineup(of("two", pipeline.RouteConfig{})), limits)
		if after := rate(); after != before {
			t.Errorf("the cache's quota is %q, was %q", after, before)
		}
		stop()
	})
}
