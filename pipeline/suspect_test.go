package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// However many messages can never be published, and wherever they stand, the others are published as if they were not
// there.
func TestMessagesThatAreNeverAcceptedHoldNoOthers(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]pipeline.Answer{
		"500": answer(pipeline.Retry, pipeline.Result5xx, 500), "403": answer(pipeline.HaltTopic, pipeline.Result403,
			403), "404": answer(pipeline.HaltCache, pipeline.Result404, 404),
		"timeout": answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0),
	} {
		for _, bad := range []int{1, 10, 1000} {
			for i, where := range []string{"first", "between", "last"} {
				for j, stream := range []bool{true, false} {
					ordered := (i+j+bad)%2 == 0
					if name == "timeout" && (bad == 1000 || where != "between") {
						continue
					}
					// A cache that has accepted nothing so far is taken for missing.
					if name == "404" && bad == 1000 && where == "first" {
						continue
					}
					t.Run(fmt.Sprintf(
						"%d messages answered with %s, %s, stream %v, ordered %v", bad, name, where, stream, ordered),
						func(t *testing.T) {
							t.Parallel()
							crowded(t, pipeline.RouteConfig{Ordered: ordered, Returnable: stream}, refusal, bad, where)
							if long.Asked() {
								other := pipeline.RouteConfig{Ordered: !ordered, Returnable: stream}
								crowded(t, other, refusal, bad, where)
							}
						})
				}
			}
		}
	}
}

// crowded offers good messages at a steady rate, and bad ones in their way. The route is quiet at first and holds few.
func crowded(t *testing.T, route pipeline.RouteConfig, refusal pipeline.Answer, bad int, where string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const good = 2000
		var messages []pipeline.Message
		at := map[string]time.Duration{}
		add := func(kind string, n int, after time.Duration) {
			m := pipeline.Message{
				Topic: fmt.Sprint(kind, n), Payload: []byte(kind),
				Handle: fmt.Sprintf("m%d", len(messages)),
			}
			if kind == "good" {
				m.Topic = fmt.Sprint("good", n%50)
			}
			at[m.Handle.(string)] = after
			messages = append(messages, m)
		}
		const gap = 10 * time.Millisecond
		for i := range good {
			begin := map[string]int{"first": 0, "last": good - 1}
			for n := range bad {
				if place, ok := begin[where]; ok && i == place || !ok && i == 10+n*(good-20)/bad {
					add("bad", n, time.Duration(i)*gap)
				}
			}
			add("good", i, time.Duration(i)*gap)
		}
		source := &modelSource{
			settled: newEnds(), stream: route.Returnable, messages: messages,
			due: func(i int) time.Duration { return at[messages[i].Handle.(string)] },
		}
		route.Settler = source
		p := build(pipeline.Config{
			Workers: 16, MaxMessages: 16384, Delays: pipeline.DefaultDelays(),
			Routes: []pipeline.RouteConfig{route},
		}, fakeSink(func(r *pipeline.Request) pipeline.Answer {
			if strings.HasPrefix(string(r.Payload), "bad") {
				if refusal.Result == pipeline.ResultTimeout {
					time.Sleep(time.Until(r.Deadline))
				}
				time.Sleep(5 * time.Millisecond)
				return refusal
			}
			time.Sleep(5 * time.Millisecond)
			return accept()
		}))
		source.route = p.Route(0)
		if route.Returnable {
			source.route.Limit(128)
		}
		hard, cancel := context.WithCancel(t.Context())
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { p.Run(hard) })
		began := time.Now()
		all.Go(func() { source.run(hard, gap) })
		time.Sleep(good*gap + 30*time.Second)
		var waits []time.Duration
		for _, m := range messages {
			if string(m.Payload) != "good" {
				continue
			}
			if source.settled.last(m.Handle) != pipeline.Published {
				t.Fatalf("%s is not published: %+v", m.Handle, p.Stats().Routes[0])
			}
			waits = append(waits, source.settled.at[m.Handle].Sub(began)-at[m.Handle.(string)])
		}
		slices.Sort(waits)
		p99, most := waits[len(waits)*99/100], waits[len(waits)-1]
		s := p.Stats().Routes[0]
		t.Logf("p99 %v, longest %v, put aside %d, attempts %v", p99, most, s.Aside, s.Attempts)
		if p99 >= 2*time.Second {
			t.Errorf("the others wait for %v at the p99", p99)
		}
		// Else the others do not show it for long enough.
		told := refusal.Status == 403 || refusal.Result == pipeline.Result5xx && where != "last"
		// The last one may not have been tried often enough.
		if told && s.Aside < bad-bad/50 {
			t.Errorf("%d are counted, want %d", s.Aside, bad)
		}
		cancel()
		p.Route(0).Close()
		all.Wait()
		checkLedger(t, p)
	})
}

// Messages of a forbidden topic that keep coming do not take the room of the others, where there is no order to keep.
func TestForbiddenTopicThatKeepsComingTakesNotAllOfTheRoom(t *testing.T) {
	for _, stream := range []bool{true, false} {
		t.Run(fmt.Sprintf("stream %v", stream), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var granted atomic.Bool
				settled := &patientEnds{ends: newEnds()}
				cfg := pipeline.Config{
					MaxMessages: 50, Delays: pipeline.DefaultDelays(),
					Routes: []pipeline.RouteConfig{{Settler: settled, Returnable: stream}},
				}
				p, stop := start(t, cfg, fakeSink(func(r *pipeline.Request) pipeline.Answer {
					time.Sleep(5 * time.Millisecond)
					if r.Topic == "forbidden" && !granted.Load() {
						return answer(pipeline.HaltTopic, pipeline.Result403, 403)
					}
					return accept()
				}))
				began := time.Now()
				for i := range 3000 {
					topic := "good"
					if i%3 == 0 {
						topic = "forbidden"
					}
					p.Route(0).Submit(message(topic, i))
					time.Sleep(2 * time.Millisecond)
				}
				time.Sleep(10 * time.Second)
				s := p.Stats().Routes[0]
				if s.Settled[pipeline.Published] != 2000 || time.Since(began) > 30*time.Second {
					t.Errorf("%d others are published after %v, want 2000", s.Settled[pipeline.Published],
						time.Since(began))
				}
				if gone := s.Settled[pipeline.Returned]; stream && gone < 900 || !stream &&
					s.Settled[pipeline.Rejected] < 900 {
					t.Errorf("%d are to come again, %d are rejected", gone, s.Settled[pipeline.Rejected])
				}
				granted.Store(true)
				stop()
			})
		})
	}
}
