package pipeline_test

import (
	"bytes"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
)

// probe is a route apart from others.
func probe(settler pipeline.Settler) pipeline.RouteConfig {
	return of("probe", pipeline.RouteConfig{Drops: true, BelieveRejections: true, Apart: true, Settler: settler})
}

func TestWhatIsApartIsPublishedAndSeenNowhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, settled, log := &script{began: time.Now()}, newEnds(), &bytes.Buffer{}
		registry := prometheus.NewRegistry()
		users := of("users", pipeline.RouteConfig{Returnable: true, Settler: settled})
		cfg := pipeline.Config{
			Delays: exact(), Routes: []pipeline.RouteConfig{users, probe(settled)}, Limits: freely,
		}
		p := buildWith(cfg, s, slog.NewTextHandler(log, nil), registry)
		registry.MustRegister(p)
		done := make(chan int, 1)
		go func() { done <- p.Run(t.Context()) }()
		alone := build(pipeline.Config{Delays: exact(), Routes: []pipeline.RouteConfig{users}, Limits: freely}, s)
		route := p.Route(1)
		if messages, _ := p.Route(0).Reserve(); messages < 100 {
			t.Errorf("another route beside it may ask for %d messages, as if it had a part of the memory", messages)
		} else if want, _ := alone.Route(0).Reserve(); messages != want {
			t.Errorf("another route beside it may ask for %d messages, alone for %d", messages, want)
		}
		for n := range 3 {
			if !route.Offer(message("t", n)) {
				t.Errorf("message %d has no room", n)
			}
		}
		route.Offer(bytesOf("t", strings.Repeat("x", 5000), 3)) // It can never be published, and nobody keeps it.
		wait(time.Minute)
		for n := range 3 {
			if o := settled.outcome(t, n); o != pipeline.Published {
				t.Errorf("message %d is %v", n, o)
			}
		}
		if o := settled.outcome(t, 3); o != pipeline.Rejected {
			t.Errorf("the message that is too large is %v", o)
		}
		got, want := p.Stats(), alone.Stats()
		if len(got.Routes) != 1 || got.QueuedBytes != 0 || len(got.Troubles) != 0 ||
			!reflect.DeepEqual(got.Routes, want.Routes) {
			t.Errorf("the snapshot is %+v, without it %+v", got.Routes, want.Routes)
		}
		if own := route.Stats(); own.Received != 4 || own.Settled[pipeline.Published] != 3 {
			t.Errorf("of itself it says %+v", own)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if text := f.String(); strings.Contains(text, "probe") {
				t.Errorf("a metric tells of it: %s", text)
			}
		}
		route.Yield()
		closeAll(p)
		route.Close()
		if left := <-done; left != 0 || log.Len() > 0 {
			t.Errorf("%d messages were left, and the log says:\n%s", left, log)
		}
	})
}

func TestWhatIsApartStaysInTheLineupAndHoldsNoStopUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		settled := newEnds()
		refused := fakeSink(func(*pipeline.Request) pipeline.Answer {
			return answer(pipeline.HaltAll, pipeline.Result401, 401)
		})
		users := of("users", pipeline.RouteConfig{Settler: settled})
		p := build(pipeline.Config{Delays: exact(), Routes: []pipeline.RouteConfig{users, probe(settled)}}, refused)
		done := make(chan int, 1)
		go func() { done <- p.Run(t.Context()) }()
		route := p.Route(1)
		route.Offer(message("t", 1))
		route.Offer(message("t", 2))
		wait(time.Second)
		before := p.Route(0)
		retire(before)
		all := p.Exchange(append(lineup(users), pipeline.Place{Stays: route}), freely)
		if len(all) != 2 || all[1] != route || names(p) != "users" {
			t.Errorf("the lineup is %q", names(p))
		}
		if s := route.Stats(); s.State != pipeline.Parked || s.LimitedBy != pipeline.ByKey {
			t.Errorf("it is %s, limited by %s", s.State, s.LimitedBy)
		}
		route.Yield()
		route.Close()
		all[0].Close()
		<-done
		for n := 1; n <= 2; n++ {
			if o := settled.outcome(t, n); o != pipeline.Returned {
				t.Errorf("message %d is %v", n, o)
			}
		}
	})
}
