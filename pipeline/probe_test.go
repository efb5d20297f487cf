package pipeline_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// Each topic is tried once, as it may be allowed; probing each of many again and again would waste the quota.
func TestManyForbiddenTopicsParkTheRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int32
		var allowed atomic.Bool
		p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Ordered: true}}},
			fakeSink(func(*pipeline.Request) pipeline.Answer {
				attempts.Add(1)
				if allowed.Load() {
					return accept()
				}
				return answer(pipeline.HaltTopic, pipeline.Result403, 403)
			}))
		for i := range 500 {
			p.Route(0).Submit(message(fmt.Sprint(i), nil))
		}
		time.Sleep(2 * time.Second)
		if s := p.Stats().Routes[0]; attempts.Load() != 500 || !s.RouteRefused || s.State != pipeline.Parked {
			t.Errorf("%d attempts, %+v, want one for each topic and a parked route", attempts.Load(), s)
		}
		time.Sleep(time.Minute - time.Second) // Probes at 10, 30 and 70 s.
		if probes := attempts.Load() - 500; probes != 2 {
			t.Errorf("%d probes in a minute, want 2", probes)
		}
		allowed.Store(true)
		p.KeyChanged()
		synctest.Wait()
		if s := p.Stats().Routes[0]; s.Settled[pipeline.Published] != 500 || s.Forbidden != 0 ||
			s.State != pipeline.Running {
			t.Errorf("after the new key: %+v, want all published", s)
		}
		stop()
	})
}

func TestNewKeyIsTriedOnForbiddenTopicsAndMissingCachesToo(t *testing.T) {
	for name, refusal := range map[string]pipeline.Answer{
		"forbidden topic": answer(pipeline.HaltTopic, pipeline.Result403, 403),
		"missing cache":   answer(pipeline.HaltCache, pipeline.Result404, 404),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"a": {refusal}}}
				p, stop := start(t, pipeline.Config{Workers: 2, Routes: []pipeline.RouteConfig{{Ordered: true}}}, s)
				p.Route(0).Submit(message("a", nil))
				p.Route(0).Submit(message("a", nil))
				time.Sleep(3 * time.Second) // The probe would be at 10 s.
				p.KeyChanged()
				stop()
				if want := []string{"0 a/x", "3 a/x", "3 a/x"}; !slices.Equal(s.log, want) {
					t.Errorf("published %q, want %q", s.log, want)
				}
			})
		})
	}
}

// One message in a hundred can never be published, in one of three ways. The others wait no longer for it.
func TestPoisonDoesNotSlowItsNeighbours(t *testing.T) {
	clean, poisoned := neighbours(t, nil), neighbours(t, func(n int) pipeline.Answer {
		return [...]pipeline.Answer{
			answer(pipeline.Reject, pipeline.Result400, 400),
			answer(pipeline.HaltCache, pipeline.Result404, 404), answer(pipeline.Reject, pipeline.Result429, 429),
		}[n%3]
	})
	t.Logf("p99 of the others: %v without poison, %v with", clean, poisoned)
	if poisoned > clean+clean/10 {
		t.Errorf("the others' p99 is %v with poison and %v without, want at most a tenth more", poisoned, clean)
	}
}

// neighbours returns the p99 of the time from arrival to acceptance of messages that are not poison, at two thirds of
// what the workers can do.
func neighbours(t *testing.T, poison func(n int) pipeline.Answer) time.Duration {
	t.Helper()
	var mu sync.Mutex
	var times []time.Duration
	synctest.Test(t, func(t *testing.T) {
		settler := settlerFunc(func(arrived any, o pipeline.Outcome) {
			mu.Lock()
			defer mu.Unlock()
			if o == pipeline.Published {
				times = append(times, time.Since(arrived.(time.Time)))
			}
		})
		routes := []pipeline.RouteConfig{{Ordered: true, Settler: settler, DeadLetters: slowLetters(0)}}
		p, stop := start(t, pipeline.Config{
			Workers: 8, MaxMessages: 10_000, Delays: pipeline.DefaultDelays(),
			Routes: routes,
		}, fakeSink(func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(10 * time.Millisecond)
			var n int
			if _, err := fmt.Sscanf(string(r.Payload), "poison %d", &n); err == nil {
				return poison(n)
			}
			return accept()
		}))
		const messages = 6000
		for i := range messages + 1000 { // The last ones tell that the cache is there.
			payload := fmt.Sprint(i)
			if poison != nil && i < messages && i%100 == 50 {
				payload = fmt.Sprintf("poison %d", i/100)
			}
			p.Route(0).Submit(pipeline.Message{
				Topic: fmt.Sprint(i % 500), Payload: []byte(payload), Time: time.Now(),
				Handle: time.Now(),
			})
			time.Sleep(2 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if s := p.Stats().Routes[0]; poison != nil && s.Settled[pipeline.DeadLettered] != messages/100 {
			t.Errorf("%d dead-lettered, want %d", s.Settled[pipeline.DeadLettered], messages/100)
		}
		stop()
	})
	slices.Sort(times)
	return times[len(times)*99/100]
}

// Publishes that were under way when the key was replaced say nothing about the new one.
func TestLateRefusalOfTheOldKeyDoesNotParkTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			began: time.Now(), latency: time.Second,
			answers: map[string][]pipeline.Answer{"a": {answer(pipeline.HaltAll, pipeline.Result401, 401)}},
		}
		p, stop := start(t, pipeline.Config{Workers: 2, Routes: []pipeline.RouteConfig{{Ordered: true}}}, s)
		p.Route(0).Submit(message("a", nil))
		time.Sleep(500 * time.Millisecond)
		p.KeyChanged()
		time.Sleep(time.Second)
		if p.Stats().KeyRefused {
			t.Error("the new key is taken for refused")
		}
		stop()
		if want := []string{"0 a/x", "1 a/x"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

// What the endpoint accepted before it refused the key says nothing of the key, however late its answer comes.
func TestLateAcceptanceDoesNotOpenTheGateOfARefusedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		sent := map[string][]time.Duration{}
		sink := fakeSink(func(r *pipeline.Request) pipeline.Answer {
			mu.Lock()
			sent[r.Topic] = append(sent[r.Topic], time.Since(began))
			first := len(sent[r.Topic]) == 1
			mu.Unlock()
			switch {
			case r.Topic == "accepted late":
				time.Sleep(1500 * time.Millisecond)
			case r.Topic == "refused" && first:
				time.Sleep(500 * time.Millisecond)
				return answer(pipeline.HaltAll, pipeline.Result401, 401)
			}
			return accept()
		})
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{}}}, sink)
		p.Route(0).Submit(message("accepted late", 0))
		p.Route(0).Submit(message("refused", 1))
		time.Sleep(time.Second)
		p.Route(0).Submit(message("waiting", 2))
		stop()
		if probe := min(sent["refused"][1], sent["waiting"][0]); probe != 2500*time.Millisecond {
			t.Errorf("the next publish comes after %v, want 2.5s, when the first probe is due", probe)
		}
	})
}

// Before the first key has come there is none that the endpoint could refuse, or accept again.
func TestMissingKeyIsNoRefusedOne(t *testing.T) {
	for _, tt := range []struct {
		first pipeline.Answer // To the key that comes.
		log   string
	}{
		{accept(), ""},
		{answer(pipeline.HaltAll, pipeline.Result401, 401), "refuses the API key"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{
				began: time.Now(),
				answers: map[string][]pipeline.Answer{"a": {answer(pipeline.HaltAll, pipeline.ResultOther,
					0), tt.first}},
			}
			var log bytes.Buffer
			p, stop, _ := startLogged(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Ordered: true}}},
				s, slog.NewTextHandler(&log, nil))
			synctest.Wait()
			p.Route(0).Submit(message("a", nil))
			synctest.Wait()
			if stats := p.Stats(); !stats.KeyMissing || !stats.KeyRefused ||
				stats.Routes[0].LimitedBy != pipeline.ByKey || log.Len() > 0 {
				t.Errorf("without a key: missing %v, log %q", stats.KeyMissing, log.String())
			}
			p.KeyChanged()
			synctest.Wait()
			refused := tt.log != ""
			if stats := p.Stats(); stats.KeyMissing || stats.KeyRefused != refused || !strings.Contains(log.String(),
				tt.log) || !refused && log.Len() > 0 {
				t.Errorf("with a key: missing %v, refused %v, log %q", stats.KeyMissing, stats.KeyRefused, log.String())
			}
			stop()
		})
	}
}
