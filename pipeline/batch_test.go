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

// bytesOf is a message of a topic with its number as the handle.
func bytesOf(topic, payload string, n int) pipeline.Message {
	return pipeline.Message{Topic: topic, Payload: []byte(payload), Time: time.Now(), Handle: n}
}

func joined() pipeline.BatchConfig { return pipeline.BatchConfig{Framing: lines{}, MaxBytes: 100} }

func TestWhatWaitsForATokenGoesIntoOnePublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		p, stop := start(t, pipeline.Config{
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 1, Burst: 1}},
			Routes: []pipeline.RouteConfig{{Ordered: true, Batch: joined()}},
		}, s)
		for i := range 7 {
			p.Route(0).Submit(bytesOf("a", fmt.Sprint(i), i))
			if i == 5 {
				p.Route(0).Submit(bytesOf("b", "other", 9))
			}
			synctest.Wait()
			time.Sleep(190 * time.Millisecond)
		}
		stop()
		if want := []string{"0 a/0\n", "1 a/1\n2\n3\n4\n5\n", "2 b/other\n", "3 a/6\n"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

func TestBatchIsBoundedByMessagesAndBytes(t *testing.T) {
	f := func(c pipeline.BatchConfig, want ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := &script{began: time.Now()}
			c.Framing = lines{}
			p := build(pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{Ordered: true, Batch: c}}}, s)
			for i := range 5 {
				p.Route(0).Submit(bytesOf("a", strings.Repeat(fmt.Sprint(i), 9), i)) // 10 bytes with the line feed.
			}
			p.Route(0).Close()
			p.Run(t.Context())
			var sizes []string
			for _, line := range s.log {
				sizes = append(sizes, fmt.Sprint(strings.Count(line, "\n")))
			}
			if !slices.Equal(sizes, want) {
				t.Errorf("%+v: batches of %v messages, want %v", c, sizes, want)
			}
		})
	}
	f(pipeline.BatchConfig{MaxBytes: 1000}, "5")
	f(pipeline.BatchConfig{MaxBytes: 1000, MaxMessages: 2}, "2", "2", "1")
	f(pipeline.BatchConfig{MaxBytes: 39}, "3", "2")
	f(pipeline.BatchConfig{MaxBytes: 10}, "1", "1", "1", "1", "1")
}

func TestMessageThatFitsInNoBatchIsRejectedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		settled, letters := newEnds(), &letterBox{}
		p, stop := start(t,
			pipeline.Config{Routes: []pipeline.RouteConfig{{
				Ordered: true, Batch: joined(), Settler: settled,
				DeadLetters: letters,
			}}}, s)
		p.Route(0).Submit(bytesOf("a", "before", 1))
		p.Route(0).Submit(bytesOf("a", strings.Repeat("x", 100), 2)) // 101 bytes with the line feed.
		p.Route(0).Submit(bytesOf("a", "a line\nfeed", 3))
		p.Route(0).Submit(bytesOf("a", "after", 4))
		time.Sleep(time.Second)
		stop()
		for handle, want := range map[int]pipeline.Outcome{
			1: pipeline.Published, 2: pipeline.DeadLettered,
			3: pipeline.DeadLettered, 4: pipeline.Published,
		} {
			if got := settled.outcome(t, handle); got != want {
				t.Errorf("message %d is %v, want %v", handle, got, want)
			}
		}
		if want := []string{"too_large", "not_framed"}; !slices.Equal(letters.reasons, want) {
			t.Errorf("rejected as %v, want %v", letters.reasons, want)
		}
	})
}

// letterBox keeps the reasons of dead letters.
type letterBox struct{ reasons []string }

func (b *letterBox) Keep(_ *pipeline.Message, r pipeline.Rejection) error {
	b.reasons = append(b.reasons, r.Reason)
	return nil
}

func TestRefusedBatchIsHalvedDownToThePoison(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var publishes, accepted []string
			s := fakeSink(func(r *pipeline.Request) pipeline.Answer {
				text := strings.ReplaceAll(strings.TrimSpace(string(r.Payload)), "\n", " ")
				publishes = append(publishes, text)
				if strings.Contains(text, "poison") {
					return answer(pipeline.Reject, pipeline.Result400, 400)
				}
				accepted = append(accepted, text)
				return accept()
			})
			settled, letters := newEnds(), &letterBox{}
			p := build(
				pipeline.Config{
					Workers: 1,
					Routes: []pipeline.RouteConfig{{
						Ordered: ordered, Batch: joined(), Settler: settled,
						DeadLetters: letters,
					}},
				}, s)
			for i := range 8 {
				payload := fmt.Sprint(i)
				if i == 5 {
					payload = "poison"
				}
				p.Route(0).Submit(bytesOf("a", payload, i))
			}
			go func() { time.Sleep(time.Minute); p.Route(0).Close() }()
			p.Run(t.Context())
			want := []string{"0 1 2 3 4 poison 6 7", "0 1 2 3", "4 poison 6 7", "4 poison", "4", "poison", "6 7"}
			if !slices.Equal(publishes, want) {
				t.Errorf("ordered=%v: published %q, want %q", ordered, publishes, want)
			}
			for i := range 8 {
				want := pipeline.Published
				if i == 5 {
					want = pipeline.DeadLettered
				}
				if got := settled.outcome(t, i); got != want {
					t.Errorf("message %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

func TestLingerWaitsForMoreMessagesButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		c := pipeline.BatchConfig{Framing: lines{}, MaxBytes: 100, MaxMessages: 3, Linger: time.Second}
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Ordered: true, Batch: c}}}, s)
		submit := func(payload string) {
			p.Route(0).Submit(bytesOf("a", payload, 0))
			synctest.Wait()
			time.Sleep(400 * time.Millisecond)
		}
		submit("1")
		submit("2")
		submit("3") // Full at 0.8 s.
		submit("4") // At 1.2 s: alone until 2.2 s.
		time.Sleep(2 * time.Second)
		stop()
		if want := []string{"0.8 a/1\n2\n3\n", "2.2 a/4\n"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

func TestRetryAfterIsKeptByALingeringTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := answer(pipeline.Retry, pipeline.Result5xx, 503)
		busy.RetryAfter = 10 * time.Second
		s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"a": {busy}}, latency: time.Second}
		c := pipeline.BatchConfig{Framing: lines{}, MaxBytes: 100, Linger: 2 * time.Second}
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{Ordered: true, Batch: c}}}, s)
		p.Route(0).Submit(bytesOf("a", "1", 1))
		time.Sleep(2500 * time.Millisecond) // In flight.
		p.Route(0).Submit(bytesOf("a", "2", 2))
		time.Sleep(time.Minute)
		stop()
		if want := []string{"2 a/1\n", "13 a/1\n2\n"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

// Of what waits, a batch takes as much as makes the most of its last operation: 1 024 bytes for one, rather than 1 200
// for two.
func TestBatchMakesTheMostOfAnOperation(t *testing.T) {
	f := func(burst float64, waiting int, want ...int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			var sizes []int
			s := fakeSink(func(r *pipeline.Request) pipeline.Answer {
				sizes = append(sizes, len(r.Payload))
				return accept()
			})
			c := pipeline.BatchConfig{Framing: lines{}, MaxBytes: 4096}
			p := build(pipeline.Config{
				Workers: 1, Operations: true,
				Limits: pipeline.Limits{Region: pipeline.Rate{
					Ceiling: 10,
					Burst:   burst,
				}}, Routes: []pipeline.RouteConfig{{Ordered: true, Batch: c}},
			}, s)
			for i := range waiting {
				p.Route(0).Submit(bytesOf("a", strings.Repeat("x", 399), i))
			}
			p.Route(0).Close()
			p.Run(t.Context())
			if !slices.Equal(sizes, want) {
				t.Errorf("burst %g, %d waiting: publishes of %v bytes, want %v", burst, waiting, sizes, want)
			}
		})
	}
	f(4, 20, 4000, 800, 800, 800, 800, 800) // Four operations to begin with, then one after the other.
	f(1, 5, 800, 800, 400)
	f(4, 3, 1200) // Nothing is left behind: two operations either way.
}
