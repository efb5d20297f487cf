package pipeline_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// script answers each topic's publishes with the next of its answers, then accepts. It remembers what was published
// when.
type script struct {
	mu      sync.Mutex
	began   time.Time
	answers map[string][]pipeline.Answer
	latency time.Duration
	log     []string // "seconds topic/payload", one for each publish.
}

func (s *script) Connection(depth int) pipeline.Connection {
	return newFakeConnection(depth, s.Publish)
}

func (s *script) Publish(r *pipeline.Request) pipeline.Answer {
	s.mu.Lock()
	s.log = append(s.log, fmt.Sprintf("%g %s/%s", time.Since(s.began).Seconds(), r.Topic, r.Payload))
	next := accept()
	if left := s.answers[r.Topic]; len(left) > 0 {
		next = left[0]
		s.answers[r.Topic] = left[1:]
	}
	s.mu.Unlock()
	time.Sleep(s.latency)
	return next
}

// letters keeps dead letters, after the first failures.
type letters struct {
	failures int
	kept     []pipeline.Rejection
}

func (l *letters) Keep(_ *pipeline.Message, r pipeline.Rejection) error {
	if l.failures > 0 {
		l.failures--
		return errors.New("no answer from the stream")
	}
	l.kept = append(l.kept, r)
	return nil
}

// Each row of the design's table of verdicts: two messages of topic a, then one of topic b. The log shows who is
// published when, with delays that double from 1 s for a message and for the quota, 2 s for the key, 10 s for what is
// parked, and 1 s for the endpoint.
func TestEachVerdictHasItsEffect(t *testing.T) {
	retryAfter := func(a pipeline.Answer, d time.Duration) pipeline.Answer { a.RetryAfter = d; return a }
	var (
		bad       = answer(pipeline.Reject, pipeline.Result400, 400)
		key       = answer(pipeline.HaltAll, pipeline.Result401, 401)
		forbidden = answer(pipeline.HaltTopic, pipeline.Result403, 403)
		noCache   = answer(pipeline.HaltCache, pipeline.Result404, 404)
		quota     = answer(pipeline.SlowDown, pipeline.Result429, 429)
		broken    = answer(pipeline.Retry, pipeline.Result5xx, 500)
		refused   = answer(pipeline.Retry, pipeline.ResultNetwork, 0)
		page      = pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.Result5xx, Status: 503, Foreign: true}
		unclear   = answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0)
	)
	tests := map[string]struct {
		answers []pipeline.Answer // To topic a.
		route   pipeline.RouteConfig
		letters *letters
		want    []string
		outcome pipeline.Outcome // Of the first message.
	}{
		"accepted": {nil, pipeline.RouteConfig{}, nil, []string{"0 a/1", "0 b/3", "0 a/2"}, pipeline.Published},
		"a rejected message is lost, its lane goes on": {
			[]pipeline.Answer{bad},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "0 a/2"},
			pipeline.Rejected,
		},
		"a rejected message is dead-lettered": {
			[]pipeline.Answer{bad},
			pipeline.RouteConfig{},
			&letters{},
			[]string{"0 a/1", "0 b/3", "0 a/2"},
			pipeline.DeadLettered,
		},
		"a dead letter that cannot be kept is tried again without another publish": {
			[]pipeline.Answer{bad},
			pipeline.RouteConfig{},
			&letters{failures: 2},
			[]string{"0 a/1", "0 b/3", "3 a/2"},
			pipeline.DeadLettered,
		},
		"a refused key parks everything and is probed by one message; where it is accepted for others it is the " +
			"topic that waits": {
			[]pipeline.Answer{key, key},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "2 b/3", "2 a/1", "12 a/1", "12 a/2"},
			pipeline.Published,
		},
		"a forbidden topic parks its lane": {
			[]pipeline.Answer{forbidden, forbidden},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "10 a/1", "30 a/1", "30 a/2"},
			pipeline.Published,
		},
		"a missing cache parks its routes, but for messages that have not been tried": {
			[]pipeline.Answer{noCache},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "0 a/1", "0 a/2"},
			pipeline.Published,
		},
		"a cache that accepts others is not taken for missing": {
			[]pipeline.Answer{noCache, noCache},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "0 a/1", "1 a/1", "1 a/2"},
			pipeline.Published,
		},
		"a refusal for quota slows everybody down": {
			[]pipeline.Answer{quota, quota},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "1 b/3", "1 a/1", "2 a/1", "2 a/2"},
			pipeline.Published,
		},
		"retry-after is a minimum": {
			[]pipeline.Answer{retryAfter(quota, 7*time.Second)},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "7 b/3", "7 a/1", "7 a/2"},
			pipeline.Published,
		},
		"a server error holds its lane, longer each time": {
			[]pipeline.Answer{broken, broken, broken},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "1 a/1", "3 a/1", "7 a/1", "7 a/2"},
			pipeline.Published,
		},
		"a server error's retry-after is a minimum": {
			[]pipeline.Answer{retryAfter(broken, 5*time.Second)},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "5 a/1", "5 a/2"},
			pipeline.Published,
		},
		"what a proxy's page asks for holds everything": {
			[]pipeline.Answer{retryAfter(page, 7*time.Second)},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "7 b/3", "7 a/1", "7 a/2"},
			pipeline.Published,
		},
		"a connect error is tried again": {
			[]pipeline.Answer{refused},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "1 a/1", "1 a/2"},
			pipeline.Published,
		},
		"an unclear outcome is tried again": {
			[]pipeline.Answer{unclear},
			pipeline.RouteConfig{},
			nil,
			[]string{"0 a/1", "0 b/3", "1 a/1", "1 a/2"},
			pipeline.Published,
		},
		"an unclear outcome is dropped at most once": {
			[]pipeline.Answer{unclear},
			pipeline.RouteConfig{AtMostOnce: true},
			nil,
			[]string{"0 a/1", "0 b/3", "0 a/2"},
			pipeline.Dropped,
		},
		"a message that is too large is never sent": {
			nil,
			pipeline.RouteConfig{MaxPayload: -1},
			nil, nil,
			pipeline.Rejected,
		},
		"an endpoint that is down is probed by one message a second": {
			slices.Repeat([]pipeline.Answer{broken}, downAfter+1),
			pipeline.RouteConfig{},
			nil,
			[]string{
				"0 a/1", "0 b/3", "1 a/1", "3 a/1", "7 a/1", "8 a/1", "9 a/1", "10 a/1", "11 a/1", "12 a/1", "13 a/1",
				"14 a/1", "15 a/1", "15 a/2",
			},
			pipeline.Published,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"a": slices.Clone(tt.answers)}}
				settled := newEnds()
				tt.route.Ordered, tt.route.Settler = true, settled
				if tt.letters != nil {
					tt.route.DeadLetters = tt.letters
				}
				p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{tt.route}}, s)
				synctest.Wait()
				p.Route(0).Pause() // So that the single worker finds all three.
				for i, topic := range []string{"a", "a", "b"} {
					p.Route(0).Submit(pipeline.Message{
						Topic: topic, Payload: fmt.Append(nil, i+1), Time: time.Now(),
						Handle: i + 1,
					})
				}
				p.Route(0).Resume()
				time.Sleep(10 * time.Minute)
				stop()
				if !slices.Equal(s.log, tt.want) {
					t.Errorf("published %q, want %q", s.log, tt.want)
				}
				if got := settled.outcome(t, 1); got != tt.outcome {
					t.Errorf("the first message is %v, want %v", got, tt.outcome)
				}
			})
		})
	}
}

func TestWithoutOrderARetryHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			began:   time.Now(),
			answers: map[string][]pipeline.Answer{"a": {answer(pipeline.Retry, pipeline.Result5xx, 500)}},
		}
		p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{{}}}, s)
		for i := range 3 {
			p.Route(0).Submit(pipeline.Message{Topic: "a", Payload: fmt.Append(nil, i), Time: time.Now()})
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		stop()
		if want := []string{"0 a/0", "0 a/1", "0 a/2", "1 a/0"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

func TestOrderedTopicHasOnePublishInFlightAndOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), latency: time.Second}
		p, stop := start(t, pipeline.Config{Workers: 3, Routes: []pipeline.RouteConfig{{Ordered: true}}}, s)
		for _, topic := range []string{"a", "a", "b", "c"} {
			p.Route(0).Submit(message(topic, nil))
			synctest.Wait()
		}
		stop()
		if want := []string{"0 a/x", "0 b/x", "0 c/x", "1 a/x"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

func TestNewKeyEndsTheParkingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := answer(pipeline.HaltAll, pipeline.Result401, 401)
		s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{"a": {key, key}}}
		p, stop := start(t, pipeline.Config{Workers: 2, Routes: []pipeline.RouteConfig{{Ordered: true}}}, s)
		p.Route(0).Submit(message("a", nil))
		time.Sleep(5 * time.Second) // Probed at 2 s, the next probe would be at 6 s.
		if !p.Stats().KeyRefused || p.Stats().Routes[0].State != pipeline.Parked {
			t.Errorf("stats = %+v, want a refused key", p.Stats())
		}
		p.KeyChanged()
		synctest.Wait()
		if p.Stats().KeyRefused {
			t.Error("still refused after the new key")
		}
		stop()
		if want := []string{"0 a/x", "2 a/x", "5 a/x"}; !slices.Equal(s.log, want) {
			t.Errorf("published %q, want %q", s.log, want)
		}
	})
}

// slowLetters takes its time to keep a dead letter.
type slowLetters time.Duration

func (l slowLetters) Keep(*pipeline.Message, pipeline.Rejection) error {
	time.Sleep(time.Duration(l))
	return nil
}

func TestSlowDeadLetterHoldsNobodyWhenItsAnswerEndsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), answers: map[string][]pipeline.Answer{
			// At 0, 1, 3, and then each second as the probe, until b is answered.
			"a": slices.Repeat([]pipeline.Answer{answer(pipeline.Retry, pipeline.Result5xx, 500)}, 11),
			"b": {answer(pipeline.Reject, pipeline.Result400, 400)},
		}}
		p, stop := start(t,
			pipeline.Config{
				Workers: 2,
				Routes:  []pipeline.RouteConfig{{Ordered: true, DeadLetters: slowLetters(5 * time.Second)}},
			}, s)
		p.Route(0).Submit(message("a", nil))
		time.Sleep(10*time.Second + 500*time.Millisecond)
		p.Route(0).Submit(message("b", nil))
		p.Route(0).Submit(message("c", nil))
		time.Sleep(time.Minute)
		stop()
		slices.Sort(s.log[10:]) // Two workers publish them at once.
		if want := []string{"10.5 a/x", "10.5 b/x", "10.5 c/x", "14.5 a/x"}; !slices.Equal(s.log[10:], want) {
			t.Errorf("published %q, want %q", s.log[10:], want)
		}
	})
}
