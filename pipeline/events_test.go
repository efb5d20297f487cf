package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// Each message that is not published is in the log: the first at once, what follows as a number soon after.
func TestLogTellsOfEveryMessageThatCannotBePublished(t *testing.T) {
	for want, route := range map[string]pipeline.RouteConfig{
		`level=WARN msg="a message can never be published: it is kept as a dead ` +
			`letter"`: {Name: "r", DeadLetters: keeperFunc(func() error { return nil })},
		`level=ERROR msg="a message can never be published and the route has no dead_letter: it is ` +
			`dropped"`: {Name: "r"},
	} {
		route.Origin = func(handle any) pipeline.Origin {
			return pipeline.Origin{Subject: "s.t", Stream: "S", Sequence: handle.(uint64)}
		}
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			p, stop, _ := startLogged(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{route}},
				fakeSink(func(*pipeline.Request) pipeline.Answer {
					return pipeline.Answer{
						Verdict: pipeline.Reject, Result: pipeline.Result400, Status: 400,
						Reason: "bad_request", Detail: "why",
					}
				}), slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
			for i := range 5 {
				p.Route(0).Submit(message("t", uint64(i+1)))
				synctest.Wait() // Dead letters that are kept at the same time end in any order.
			}
			first := want + ` route=r subject=s.t stream=S sequence=1 reason=bad_request status=400 ` +
				`detail="bad_request: why"` + "\n"
			if log.String() != first {
				t.Errorf("at first the log has\n%swant\n%s", log.String(), first)
			}
			for range 30 {
				time.Sleep(time.Second)
				p.TellRepeats()
			}
			rest := strings.TrimSuffix(strings.Replace(first, "sequence=1", "sequence=5", 1), "\n") +
				" not_logged_before=3 not_logged_from=2 not_logged_to=5"
			if route.DeadLetters != nil {
				rest += ` find="each is in the dead letters, with its subject, stream and sequence in the headers ` +
					`Momento-Bridge-*"`
			}
			if rest += "\n"; log.String() != first+rest {
				t.Errorf("after a while the log has\n%swant\n%s%s", log.String(), first, rest)
			}
			stop()
		})
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// logCounter counts the lines of a log whose messages begin with a text, and remembers their order.
type logCounter struct {
	slog.Handler
	marks map[string]string // A mark for each beginning of a message.

	mu  sync.Mutex
	log string
}

func (c *logCounter) Enabled(context.Context, slog.Level) bool { return true }

func (c *logCounter) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for text, mark := range c.marks {
		if strings.HasPrefix(r.Message, text) {
			c.log += mark
		}
	}
	return nil
}

// take returns the marks since the last time.
func (c *logCounter) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := c.log
	c.log = ""
	return log
}

// refusing answers the first attempt of each message with a refusal, if there is one, and accepts the second.
type refusing struct {
	mu      sync.Mutex
	refusal pipeline.Answer
	seen    map[string]bool
}

func (s *refusing) Connection(depth int) pipeline.Connection {
	return newFakeConnection(depth, s.publish)
}

func (s *refusing) publish(r *pipeline.Request) pipeline.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := string(r.Payload); s.refusal.Verdict != 0 && !s.seen[id] {
		s.seen[id] = true
		return s.refusal
	}
	return accept()
}

func (s *refusing) set(a pipeline.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = a
}

// At a quota that is used up refusals come now and then for ever. They are logged more and more rarely, until there
// have been none for a while. The end of refusals is logged if their beginning was.
func TestRefusalsForQuotaDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const begin, end, key = "<", ">", "k"
		log := &logCounter{marks: map[string]string{
			"the endpoint refuses for quota": begin, "the endpoint accepts again": end, "the endpoint refuses the " +
				"API key": key,
		}}
		s := &refusing{seen: map[string]bool{}}
		p, stop, _ := startLogged(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{}}}, s, log)
		n := 0
		lines := func(refusal pipeline.Answer, span time.Duration, every func() time.Duration) string {
			s.set(refusal)
			for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(every()) {
				n++
				p.Route(0).Submit(pipeline.Message{Topic: "t", Payload: fmt.Append(nil, n), Time: time.Now()})
			}
			synctest.Wait()
			return log.take()
		}
		each := func(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
		quota, atRandom := answer(pipeline.SlowDown, pipeline.Result429, 429),
			func() time.Duration { return time.Duration(rand.IntN(10_000)) * time.Millisecond }

		// After 0, 10 and 30 s.
		if first := lines(quota, time.Minute, each(2*time.Second)); strings.Count(first, begin) != 3 {
			t.Errorf("the first minute has %q, want 3 refusals", first)
		}
		lines(quota, time.Hour, each(2*time.Second))
		if later := strings.Count(lines(quota, time.Hour, each(2*time.Second)), begin); later < 5 || later > 7 {
			t.Errorf("%d refusals are logged in an hour, want one each ten minutes", later)
		}
		lines(accept(), time.Hour, each(time.Minute))
		if first := lines(quota, time.Minute, each(2*time.Second)); strings.Count(first, begin) != 3 {
			t.Errorf("the first minute after an hour without refusals has %q, want 3 refusals", first)
		}
		lines(accept(), time.Hour, each(time.Minute))
		if all := lines(quota, 2*time.Hour, atRandom); strings.ReplaceAll(all+lines(accept(), time.Minute,
			each(time.Second)), begin+end, "") != "" || len(all) < 10 {
			t.Errorf("the log begins and ends refusals like this: %s", all)
		}
		if down := strings.Count(lines(answer(pipeline.HaltAll, pipeline.Result401, 401), time.Hour,
			each(20*time.Second)), key); down != 180 {
			t.Errorf("%d lines of a key that is refused 180 times", down)
		}
		stop()
	})
}
