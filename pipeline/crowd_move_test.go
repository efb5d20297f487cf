package pipeline_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
)

// crowdedSink has eight servers with a quota each, of which the first has a quarter of the connections besides its
// share. Connections that are made anew go to all in turn.
type crowdedSink struct {
	t       *testing.T
	latency time.Duration

	mu      sync.Mutex
	limiter emulator.Limiter
	made    uint64
}

func (s *crowdedSink) Connection(depth int) pipeline.Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &crowdedConnection{sink: s}
	if s.made++; s.made%4 > 0 {
		c.server = s.made
	}
	c.fakeConnection = newFakeConnection(depth, c.answer).(*fakeConnection)
	return c
}

type crowdedConnection struct {
	*fakeConnection
	sink    *crowdedSink
	server  uint64
	awaited int
}

func (c *crowdedConnection) answer(*pipeline.Request) pipeline.Answer {
	time.Sleep(c.sink.latency)
	c.sink.mu.Lock()
	defer c.sink.mu.Unlock()
	if c.sink.limiter.Take(time.Now(), 1, c.server) {
		return accept()
	}
	return answer(pipeline.SlowDown, pipeline.Result429, 429)
}

func (c *crowdedConnection) TrySend(*pipeline.Request) bool { return false }

func (c *crowdedConnection) Send(rs []*pipeline.Request, more bool) {
	for i, r := range rs {
		if r.Reconnect {
			if c.awaited > 0 || i > 0 {
				c.sink.t.Errorf("a new connection is asked for while %d answers are awaited", c.awaited+i)
			}
			c.sink.mu.Lock()
			c.sink.made++
			c.server = c.sink.made
			c.sink.mu.Unlock()
		}
	}
	c.awaited += len(rs)
	c.fakeConnection.Send(rs, more)
}

func (c *crowdedConnection) Receive(dst []pipeline.Answered) []pipeline.Answered {
	before := len(dst)
	dst = c.fakeConnection.Receive(dst)
	c.awaited -= len(dst) - before
	return dst
}

// A connection moves when no answer is awaited on it, whatever it can carry at a time.
func TestConnectionMovesOnceItsAnswersHaveCome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		depth   int
		latency time.Duration
	}{{1, 5 * time.Millisecond}, {4, 250 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			l, err := emulator.NewLimiter(emulator.Settings{
				Rate: 200, Burst: 200, Limiter: emulator.LimiterSharded,
			}, 1, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			hard, cancel := contextFor(t, time.Minute)
			defer cancel()
			p := build(pipeline.Config{
				Workers: 64, InFlight: tt.depth, MaxMessages: 20_000, Limits: pipeline.Limits{Region: learning},
				Routes: []pipeline.RouteConfig{{}},
			}, &crowdedSink{t: t, latency: tt.latency, limiter: l})
			for range 20_000 {
				p.Route(0).Submit(message("t", nil))
			}
			p.Run(hard)
			if moved := p.Stats().Moved; moved < 2 || moved > 40 {
				t.Errorf("depth %d: %d connections have moved", tt.depth, moved)
			}
		})
	}
}
