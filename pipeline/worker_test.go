package pipeline_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// slowSink answers each publish a while after it was sent, all at once if need be, and notes how many were in flight.
type slowSink struct {
	latency time.Duration
	// Instead of latency, and of acceptance; nil: those.
	answerAfter func() time.Duration
	answer      func() pipeline.Answer

	mu       sync.Mutex
	inFlight int
	most     int
	sends    int
}

func (s *slowSink) Connection(depth int) pipeline.Connection {
	return &slowConnection{s: s, fakeConnection: newFakeConnection(depth, nil).(*fakeConnection)}
}

type slowConnection struct {
	*fakeConnection
	s *slowSink
}

func (c *slowConnection) TrySend(r *pipeline.Request) bool {
	c.Send([]*pipeline.Request{r}, false)
	return true
}

func (c *slowConnection) Send(rs []*pipeline.Request, _ bool) {
	c.s.mu.Lock()
	c.s.sends++
	c.s.inFlight += len(rs)
	c.s.most = max(c.s.most, c.s.inFlight)
	c.s.mu.Unlock()
	for _, r := range rs {
		after, a := c.s.latency, accept()
		if c.s.answerAfter != nil {
			after = c.s.answerAfter()
		}
		if c.s.answer != nil {
			a = c.s.answer()
		}
		time.AfterFunc(after, func() {
			c.s.mu.Lock()
			c.s.inFlight--
			c.s.mu.Unlock()
			c.answers <- pipeline.Answered{Request: r, Answer: a}
		})
	}
}

// A message does not wait for the answer to another one while its connection may carry more.
func TestConnectionCarriesSeveralPublishesAtATime(t *testing.T) {
	// Until the first answer has shown that the endpoint is slow, a worker whose connection is more than half full
	// takes nothing more: how much comes before that depends on who runs first.
	for name, tt := range map[string]struct {
		messages int
		every    time.Duration
		most     int           // In flight, at some moment, at the least.
		within   time.Duration // From the first to the last answer.
	}{
		"one by one":       {20, 10 * time.Millisecond, 11, 19*10*time.Millisecond + 100*time.Millisecond},
		"all at once":      {16, 0, 9, 200 * time.Millisecond},
		"more than fit in": {48, 0, 16, 400 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slowSink{latency: 100 * time.Millisecond}
				settled := newEnds()
				p, stop := start(t, pipeline.Config{
					Workers: 1, InFlight: 16,
					Routes: []pipeline.RouteConfig{{Settler: settled}},
				}, s)
				began := time.Now()
				for i := range tt.messages {
					p.Route(0).Submit(message(fmt.Sprint("t", i), i))
					time.Sleep(tt.every)
				}
				stop()
				if s.most < tt.most || s.most > 16 {
					t.Errorf("%d in flight at the most, want from %d to 16", s.most, tt.most)
				}
				for i := range tt.messages {
					if settled.outcome(t, i) != pipeline.Published {
						t.Errorf("message %d was not published", i)
					}
					if took := settled.at[i].Sub(began); took > tt.within {
						t.Errorf("message %d was published after %v, want %v at the most", i, took, tt.within)
					}
				}
			})
		})
	}
}

// What is written together costs one system call: where answers come quickly, a full connection waits until it has half
// its room again.
func TestWorkerSendsSeveralPublishesTogetherWhereAnswersAreQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowSink{latency: time.Millisecond}
		p, stop := start(t, pipeline.Config{
			Workers: 1, InFlight: 16, MaxMessages: 10_000,
			Routes: []pipeline.RouteConfig{{}},
		}, s)
		for i := range 1600 {
			p.Route(0).Submit(message("t", i))
		}
		stop()
		const first = 16 // So many may be sent one by one while the others are submitted.
		if s.sends > first+1600/8 {
			t.Errorf("%d sends for 1600 messages, want 8 together at the least", s.sends)
		}
	})
}

// A topic in order has one publish in flight also where its connection could carry more.
func TestOrderedTopicHasOnePublishInFlightWhateverTheConnectionCarries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowSink{latency: 100 * time.Millisecond}
		p, stop := start(t, pipeline.Config{Workers: 2, InFlight: 8, Routes: []pipeline.RouteConfig{{Ordered: true}}},
			s)
		began := time.Now()
		for i := range 10 {
			p.Route(0).Submit(message("t", i))
		}
		stop()
		if s.most != 1 || time.Since(began) != time.Second {
			t.Errorf("%d in flight, all published after %v, want 1 and 1s", s.most, time.Since(began))
		}
	})
}
