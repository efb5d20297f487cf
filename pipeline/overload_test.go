package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

func TestDropOldestKeepsTheNewestOfTheRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: time.Second}
		settled := newEnds()
		p, stop := start(t, pipeline.Config{
			Workers: 1, MaxMessages: 4,
			Routes: []pipeline.RouteConfig{{Overload: pipeline.DropOldest, Ordered: true, Settler: settled}},
		}, s)
		for i := range 8 {
			p.Route(0).Submit(bytesOf([]string{"a", "b"}[i%2], fmt.Sprint(i), i))
			synctest.Wait()
		}
		stop()
		if want := []string{"0 a/0", "1 b/5", "2 a/6", "3 b/7"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
		for i := range 8 {
			want := pipeline.Published
			if i >= 1 && i <= 4 {
				want = pipeline.Shed
			}
			if got := settled.outcome(t, i); got != want {
				t.Errorf("message %d is %v, want %v", i, got, want)
			}
		}
	})
}

func TestDropOldestGoesOnAskingAStreamWhenItIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := build(pipeline.Config{
			MaxMessages: 8,
			Routes:      []pipeline.RouteConfig{{Overload: pipeline.DropOldest, Returnable: true}},
		},
			&script{began: time.Now()})
		r := p.Route(0)
		for range 3 {
			n, _ := r.Reserve()
			if n != 8 {
				t.Fatalf("Reserve = %d, want 8", n)
			}
			for i := range n {
				r.Submit(bytesOf("a", "x", i))
			}
		}
		if s := p.Stats().Routes[0]; s.Queued+s.InFlight != 8 {
			t.Errorf("%d held, want 8", s.Queued+s.InFlight)
		}
		checkLedger(t, p)
	})
}

func TestKeepLatestReplacesWhatWaitsOfTheSameTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			began: time.Now(), latency: time.Second,
			answers: map[string][]pipeline.Answer{"a": {answer(pipeline.Retry, pipeline.Result5xx, 500)}},
		}
		settled := newEnds()
		p, stop := start(t,
			pipeline.Config{Workers: 2, Routes: []pipeline.RouteConfig{{
				Overload: pipeline.KeepLatest, Ordered: true,
				Settler: settled,
			}}}, s)
		// The first is in flight, and fails, while newer ones come.
		for i, topic := range []string{"a", "a", "b", "a"} {
			p.Route(0).Submit(bytesOf(topic, fmt.Sprint(i), i))
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		stop()
		if want := []string{"0 a/0", "0 b/2", "2 a/3"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
		for i, want := range []pipeline.Outcome{
			pipeline.Replaced, pipeline.Replaced, pipeline.Published,
			pipeline.Published,
		} {
			if got := settled.outcome(t, i); got != want {
				t.Errorf("message %d is %v, want %v", i, got, want)
			}
		}
	})
}

// A stream delivers again what it does not know to be acknowledged, also behind newer messages, and a consumer that was
// made anew what the last one had delivered.
func TestKeepLatestLeavesOutWhatComesAgainBehindANewerMessage(t *testing.T) {
	const first, again = false, true
	type come struct {
		sequence uint64
		stored   int // Seconds.
		again    bool
		outcome  pipeline.Outcome
	}
	const published, replaced = pipeline.Published, pipeline.Replaced
	for name, tt := range map[string]struct {
		pause time.Duration // Between two; a publish takes a second.
		come  []come
	}{
		"the newer one waits": {0, []come{
			{4, 4, first, published}, {6, 6, first, published}, {5, 5, again, replaced},
		}},
		"the newer one is in flight": {0, []come{{6, 6, first, published}, {5, 5, again, replaced}}},
		"the newer one is published": {time.Minute, []come{{6, 6, first, published}, {5, 5, again, replaced}}},
		"it is the newest":           {time.Minute, []come{{6, 6, first, published}, {6, 6, again, published}}},
		"it is newer":                {0, []come{{5, 5, first, published}, {6, 6, again, published}}},
		"the consumer was made anew": {time.Minute, []come{
			{5, 5, first, published}, {6, 6, first, published}, {5, 5, first, replaced}, {6, 6, first, published},
		}},
		"the stream was made anew":        {0, []come{{6, 6, first, published}, {1, 7, again, published}}},
		"the server's clock was put back": {0, []come{{6, 6, first, published}, {7, 5, again, published}}},
		"core NATS has no sequences":      {time.Minute, []come{{0, 6, first, published}, {0, 5, first, published}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{began: time.Now(), latency: time.Second}
				settled := newEnds()
				p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{
					Overload: pipeline.KeepLatest, Ordered: true, Returnable: true, Settler: settled,
				}}}, s)
				begun := time.Now()
				for i, c := range tt.come {
					m := bytesOf("a", fmt.Sprint(i), i)
					m.Sequence, m.Redelivered = c.sequence, c.again
					m.Time = begun.Add(time.Duration(c.stored) * time.Second)
					p.Route(0).Submit(m)
					synctest.Wait()
					time.Sleep(tt.pause)
				}
				time.Sleep(time.Minute)
				checkLedger(t, p)
				stop()
				for i, c := range tt.come {
					if got := settled.outcome(t, i); got != c.outcome {
						t.Errorf("the one with sequence %d that came as number %d is %v, want %v", c.sequence, i, got,
							c.outcome)
					}
				}
			})
		})
	}
}

// What a policy drops is not lost, and what is lost beside it is seen.
func TestAPolicyLosesNothingAndALossBesideItIsCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy pipeline.Overload
		ends   pipeline.Outcome
	}{
		"keep-latest": {pipeline.KeepLatest, pipeline.Replaced},
		"drop-oldest": {pipeline.DropOldest, pipeline.Shed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{began: time.Now(), latency: time.Second}
				p, stop := start(t, pipeline.Config{
					Workers: 1, MaxMessages: 16,
					Routes: []pipeline.RouteConfig{{
						Overload: tt.policy, Ordered: true, MaxPayload: 5, Drops: true,
					}},
				}, s)
				for i := range 100 {
					p.Route(0).Offer(bytesOf("a", "1", i))
				}
				synctest.Wait()
				healthy := p.Stats().Routes[0].Settled
				p.Route(0).Offer(bytesOf("a", "too large", 100))
				time.Sleep(time.Minute)
				lossy := p.Stats().Routes[0].Settled
				stop()
				if healthy.Lost(0) != 0 || healthy[tt.ends] == 0 {
					t.Errorf("%d are lost and %d %v before anything is: %v", healthy.Lost(0), healthy[tt.ends], tt.ends,
						healthy)
				}
				if lossy.Lost(0) != 1 || lossy[pipeline.Rejected] != 1 {
					t.Errorf("messages end as %v, want 1 lost as it is too large", lossy)
				}
			})
		})
	}
}

// A value that can never be published replaces nothing, and is rejected whatever comes after it.
func TestKeepLatestRejectsWhatCannotBePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: time.Second}
		settled, letters := newEnds(), &letterBox{}
		p, stop := start(t,
			pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{
				Overload: pipeline.KeepLatest, Ordered: true,
				MaxPayload: 5, Settler: settled, DeadLetters: letters,
			}}}, s)
		for i, payload := range []string{"0", "1", "too large", "3"} {
			p.Route(0).Submit(bytesOf("a", payload, i))
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		stop()
		for i, want := range []pipeline.Outcome{
			pipeline.Published, pipeline.Replaced, pipeline.DeadLettered,
			pipeline.Published,
		} {
			if got := settled.outcome(t, i); got != want {
				t.Errorf("message %d is %v, want %v", i, got, want)
			}
		}
	})
}

func TestMessagesExpireByTheirAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: 4 * time.Second}
		settled := newEnds()
		p, stop := start(t,
			pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{MaxAge: 5 * time.Second, Settler: settled}}}, s)
		for i := range 3 {
			p.Route(0).Submit(bytesOf("a", fmt.Sprint(i), i))
			synctest.Wait()
		}
		late := bytesOf("a", "late", 9)
		late.Time = late.Time.Add(-time.Minute)
		p.Route(0).Submit(late)
		time.Sleep(9 * time.Second)
		for handle, want := range map[int]pipeline.Outcome{2: pipeline.Expired, 9: pipeline.Expired} {
			if got := settled.outcome(t, handle); got != want {
				t.Errorf("message %d is %v when its turn comes, want %v", handle, got, want)
			}
		}
		stop()
		if got := strings.Join(s.log, " "); got != "0 a/0 4 a/1" {
			t.Errorf("published %q", got)
		}
	})
}

// An outage must not leave the queue full of what nobody wants any more.
func TestMessagesExpireWhilePublishingIsHalted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeSink(func(*pipeline.Request) pipeline.Answer {
			return answer(pipeline.HaltAll,
				pipeline.Result401, 401)
		})
		p, stop := start(t, pipeline.Config{MaxMessages: 3, Routes: []pipeline.RouteConfig{{MaxAge: 5 * time.Second}}},
			s)
		for i := range 3 {
			p.Route(0).Submit(bytesOf("a", "x", i))
		}
		time.Sleep(6 * time.Second)
		began := time.Now()
		p.Route(0).Submit(bytesOf("a", "fresh", 4))
		if waited := time.Since(began); waited > 0 {
			t.Errorf("a fresh message waited %v for room", waited)
		}
		time.Sleep(10 * time.Second)
		stop()
	})
}

// The value that has waited longest goes first, whichever topic it belongs to.
func TestKeepLatestWithMoreTopicsThanRoomKeepsTheNewestValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places, topics = 10, 30
		s := &script{began: time.Now()}
		p := build(pipeline.Config{
			Workers: 1, MaxMessages: 1, MaxBytes: places * pipeline.LeastCharge,
			Routes: []pipeline.RouteConfig{{Overload: pipeline.KeepLatest, Ordered: true, Drops: true}},
		}, s)
		for i := range 2 * topics {
			if !p.Route(0).Offer(bytesOf(fmt.Sprint("t", i%topics), fmt.Sprint(i), i)) {
				t.Errorf("value %d is turned down", i)
			}
		}
		p.Route(0).Offer(bytesOf(fmt.Sprint("t", topics-1), "newer", -1)) // It needs no room but that of the old one.
		p.Route(0).Close()
		p.Run(t.Context())
		checkLedger(t, p)
		var want []string
		for i := 2*topics - places; i < 2*topics-1; i++ {
			want = append(want, fmt.Sprintf("0 t%d/%d", i%topics, i))
		}
		want = append(want, fmt.Sprintf("0 t%d/newer", topics-1))
		slices.Sort(want)
		slices.Sort(s.log)
		if !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
		settled := p.Stats().Routes[0].Settled
		if settled[pipeline.Shed] != 2*topics-places || settled[pipeline.Replaced] != 1 {
			t.Errorf("ended as %v", settled)
		}
	})
}
