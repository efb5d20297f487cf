package source

import (
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/pipeline"
)

// gate lets publishes end once it is opened.
type gate struct {
	mu     sync.Mutex // Guards the following.
	opened chan struct{}
	began  int
}

func newGate() *gate { return &gate{opened: make(chan struct{})} }

func (g *gate) answer(r *pipeline.Request) pipeline.Answer {
	g.mu.Lock()
	g.began++
	opened := g.opened
	g.mu.Unlock()
	<-opened
	return accepted(r)
}

func (g *gate) inFlight() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.began
}

// The lease is lost with publishes in flight: what waits is forgotten at once and nobody is told, what is in flight
// ends and is acknowledged, and before that the lease is not taken again.
func TestWhatIsInFlightLandsAfterTheLeaseIsLost(t *testing.T) {
	t.Parallel()
	l, g := newTable(), newGate()
	a, b, publisher := twoReplicas(t, l, g.answer)
	l.give("a")
	l.holds(t, "a")
	numbered(t, publisher, 20, 0, 100)
	const workers = 8
	eventually(t, "in flight", func() bool {
		s := a.stage.pipe.Stats().Routes[0]
		return g.inFlight() == workers && s.Received == 100
	})
	l.lose(true)
	eventually(t, "forgotten", func() bool {
		return a.stage.pipe.Stats().Routes[0].Settled[pipeline.Forgotten] == 100-workers
	})
	l.give("a")
	if info := shared(t, publisher); info.NumRedelivered != 0 || info.NumAckPending != 100 {
		t.Errorf("%d redelivered, %d unacknowledged, want nothing handed back", info.NumRedelivered, info.NumAckPending)
	}
	if l.held("a") != nil {
		t.Error("the lease was taken again with publishes in flight")
	}
	close(g.opened)
	l.holds(t, "a")
	eventually(t, "published", a.stage.published(100))
	eventually(t, "acknowledged", func() bool { return shared(t, publisher).NumAckPending == 0 })
	if s := a.stage.stop(); s.Settled[pipeline.Published] != 100 || s.Settled[pipeline.Returned] != 0 {
		t.Errorf("%v, want each of 100 published once", s.Settled)
	}
	b.stage.stop()
}

// Whoever gives the lease back does so when everything has landed and the server knows.
func TestLeaseIsReleasedOnceTheServerKnowsEverything(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*table, *replica) (wait func()){
		"recalled": func(l *table, _ *replica) func() { l.recall(); return func() {} },
		"stopped": func(_ *table, r *replica) func() {
			done := make(chan struct{})
			go func() { r.stage.stop(); close(done) }()
			return func() { <-done }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, g := newTable(), newGate()
			a, b, publisher := twoReplicas(t, l, g.answer)
			l.give("a")
			hold := l.holds(t, "a")
			numbered(t, publisher, 20, 0, 100) // Five of each topic.
			const workers = 8
			eventually(t, "in flight", func() bool {
				return g.inFlight() == workers && a.stage.pipe.Stats().Routes[0].Received == 100
			})
			wait := end(l, a)
			eventually(t, "handed back but for what is behind those in flight", func() bool {
				return a.stage.pipe.Stats().Routes[0].Settled[pipeline.Returned] == 100-5*workers
			})
			if hold.released.Load() {
				t.Error("released with publishes in flight")
			}
			close(g.opened)
			l.give("b")
			l.holds(t, "b")
			eventually(t, "the rest published", b.stage.published(100-workers))
			wait()
			own, other := a.stage.pipe.Stats().Routes[0], b.stage.stop()
			if own.Settled[pipeline.Published] != workers || other.Settled[pipeline.Published] != 100-workers {
				t.Errorf("%v and then %v, want each of 100 once", own.Settled, other.Settled)
			}
			a.stage.stop()
		})
	}
}

// The last replica that ends still says what it has left to the stream: there is nobody else to ask.
func TestTheLastReplicaSaysWhatItHasLeft(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replicas int
		left     int64
	}{"the last": {1, 100}, "another is there": {2, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
			publisher := connect(t, ConnectConfig{URL: s.ClientURL()})
			memoryStream(t, publisher)
			l := newTable()
			r := startReplica(t, s.ClientURL(), "a", l, func(*pipeline.Request) pipeline.Answer {
				return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.Result5xx, Status: 503}
			})
			r.src.cfg.Replicas = func() int { return tt.replicas }
			l.give("a")
			l.holds(t, "a")
			numbered(t, publisher, 20, 0, 100)
			eventually(t, "taken over", func() bool { return r.stage.pipe.Stats().Routes[0].Received == 100 })
			r.stage.stop()
			if n := r.src.Numbers(); n.Undelivered+n.Elsewhere != tt.left {
				t.Errorf("%+v, want %d left", n, tt.left)
			}
		})
	}
}
