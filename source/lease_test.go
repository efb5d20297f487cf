package source

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// replica is one of several that share a consumer by a lease.
type replica struct {
	name  string
	src   *JetStream
	log   *syncBuffer
	stage *stage
	conn  *nats.Conn
}

func startReplica(t *testing.T, url, name string, l *table, sink sinkFunc) *replica {
	t.Helper()
	r := &replica{name: name, log: &syncBuffer{}, conn: connect(t, ConnectConfig{URL: url})}
	cfg := newJetStream(t, r.conn).cfg
	cfg.Lease = l.of(name)
	var err error
	r.src, err = NewJetStream(r.conn, NewAcks(r.conn), cfg,
		slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	r.src.lookEvery = 100 * time.Millisecond
	r.stage = startStage(t, r.src,
		pipeline.RouteConfig{Returnable: true, Ordered: true, Held: r.src.Held}, 2000, sink)
	return r
}

// twoReplicas share a stream without messages.
func twoReplicas(t *testing.T, l *table, sink sinkFunc) (a, b *replica, publisher *nats.Conn) {
	t.Helper()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	publisher = connect(t, ConnectConfig{URL: s.ClientURL()})
	memoryStream(t, publisher)
	return startReplica(t, s.ClientURL(), "a", l, sink), startReplica(t, s.ClientURL(), "b", l, sink), publisher
}

// shared is what the server says of the consumer that replicas share.
func shared(t *testing.T, conn *nats.Conn) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := jetStream(t, conn).Consumer(t.Context(), "S", "momento-bridge-r")
	if err != nil {
		t.Fatal(err)
	}
	return consumer.CachedInfo()
}

// slowly answers after a moment, and refuses some.
func slowly(f *firsts) sinkFunc {
	var n atomic.Int64
	return func(r *pipeline.Request) pipeline.Answer {
		time.Sleep(2 * time.Millisecond)
		if n.Add(1)%50 == 0 {
			return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.Result5xx, Status: 503}
		}
		return f.accept(r)
	}
}

// Two replicas that do not know the same lease: of two groups, of two routes with one consumer, or without the rights
// to hear each other.
func TestReplicasThatShareNoLeaseDoNotStopEachOther(t *testing.T) {
	t.Parallel()
	for name, alone := range map[string]bool{"each with a lease": false, "each alone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
			publisher := connect(t, ConnectConfig{URL: s.ClientURL()})
			memoryStream(t, publisher)
			f := newFirsts()
			one, two := newTable(), newTable()
			one.alone, two.alone = alone, alone
			a := startReplica(t, s.ClientURL(), "a", one, f.accept)
			b := startReplica(t, s.ClientURL(), "b", two, f.accept)
			one.give("a")
			one.holds(t, "a")
			numbered(t, publisher, 20, 0, 1000)
			two.give("b")
			two.holds(t, "b")
			numbered(t, publisher, 20, 1000, 2000)
			eventually(t, "all published", func() bool { return f.count() == 3000 })
			for _, r := range []*replica{a, b} {
				eventually(t, "told of", func() bool {
					return strings.Contains(r.log.String(), "another replica shares the consumer, and not the lease")
				})
			}
			a.stage.stop()
			b.stage.stop()
		})
	}
}

// The lease goes from one replica to the other in all the ways there are, while messages flow.
func TestOrderHoldsOverManyHandOvers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end     func(*testing.T, *table, *nats.Conn) (later func())
		times   int
		doubled bool // Some may be.
	}{
		"recalled": {
			func(_ *testing.T, l *table, _ *nats.Conn) func() { l.recall(); return func() {} },
			long.Or(4, 60), false,
		},
		"lost": {
			func(_ *testing.T, l *table, _ *nats.Conn) func() { return l.lose(true) },
			long.Or(4, 60), true,
		},
		"frozen": {func(t *testing.T, l *table, conn *nats.Conn) func() {
			tell := l.lose(false)
			eventually(t, "its requests over", func() bool { return shared(t, conn).NumWaiting == 0 })
			return tell
		}, long.Or(2, 40), true},
		"frozen, and its requests take what comes": {
			func(_ *testing.T, l *table, _ *nats.Conn) func() { return l.lose(false) },
			long.Or(1, 10), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, f := newTable(), newFirsts()
			a, b, publisher := twoReplicas(t, l, slowly(f))
			l.give("a")
			const topics, each = 20, 200
			for i := range tt.times {
				holder, next := a, b
				if i%2 == 1 {
					holder, next = b, a
				}
				l.holds(t, holder.name)
				numbered(t, publisher, topics, i*each, each)
				eventually(t, "publishing", func() bool { return f.count() > i*each+each/4 })
				later := tt.end(t, l, publisher)
				l.give(next.name)
				l.holds(t, next.name)
				eventually(t, "publishing elsewhere", func() bool { return f.count() > i*each+each/2 })
				later()
			}
			eventually(t, "all published", func() bool { return f.count() == tt.times*each })
			for _, r := range []*replica{a, b} {
				stats := r.stage.stop()
				t.Logf("%s: %v", r.name, stats.Settled)
				if t.Failed() {
					t.Log(r.log.String())
				}
			}
			most := 0
			if tt.doubled { // What was in flight, and what was acknowledged while the next one began.
				most = tt.times * each
			}
			f.want(t, most)
		})
	}
}

// Whoever stands by asks for nothing, is ready, and says who consumes.
func TestReplicaThatStandsByIsReadyAndAsksForNothing(t *testing.T) {
	t.Parallel()
	l := newTable()
	a, b, publisher := twoReplicas(t, l, accepted)
	if ready, why := b.src.Ready(); ready || why == "" {
		t.Errorf("ready: %v %q, want not while nobody has the lease", ready, why)
	}
	l.give("a")
	l.holds(t, "a")
	eventually(t, "the holder ready", func() bool { ready, _ := a.src.Ready(); return ready })
	eventually(t, "the other one ready, and standing by for it", func() bool {
		ready, _ := b.src.Ready()
		return ready && b.src.Standby() == "a"
	})
	if who := a.src.Standby(); who != "" {
		t.Errorf("the holder stands by for %q", who)
	}
	numbered(t, publisher, 5, 0, 50)
	eventually(t, "published by the holder", a.stage.published(50))
	if a.src.barrier.shared.Load() {
		t.Error("one that stands by makes the holder take gaps for its deliveries")
	}
	if waiting := shared(t, publisher).NumWaiting; waiting > openPulls {
		t.Errorf("%d requests are open, want those of one", waiting)
	}
	if got := b.stage.stop(); got.Received != 0 {
		t.Errorf("%d messages came to the one that stands by", got.Received)
	}
	a.stage.stop()
}

// Requests stay open for no longer than the lease allows, so that none of a frozen holder is left when the next one
// begins.
func TestRequestsAreNoLongerThanTheLeaseAllows(t *testing.T) {
	t.Parallel()
	l := newTable()
	a, b, publisher := twoReplicas(t, l, accepted)
	requests, err := publisher.SubscribeSync("$JS.API.CONSUMER.MSG.NEXT.S.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Flush(); err != nil {
		t.Fatal(err)
	}
	hold := func() *fakeHold { l.give("a"); return l.holds(t, "a") }()
	for range 3 {
		m, err := requests.NextMsg(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if r := readPull(t, m.Data); r.Expires > hold.Expires() || r.Heartbeat > r.Expires/2 {
			t.Errorf("asked with expires %v and heartbeat %v, want at most %v", r.Expires, r.Heartbeat, hold.Expires())
		}
	}
	a.stage.stop()
	b.stage.stop()
}
