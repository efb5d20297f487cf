package source

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

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
	r.stage = startStage(t, r.src,
		pipeline.RouteConfig{Returnable: true, Ordered: true, Held: r.src.Held}, 2000, sink)
	return r
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

// The lease goes from one replica to the other in all the ways there are, while messages flow.
func TestOrderHoldsOverManyHandOvers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end     func(l *table) (later func())
		doubled int // By each hand-over, at the most.
	}{
		"recalled": {func(l *table) func() { l.recall(); return func() {} }, 0},
		"lost":     {func(l *table) func() { return l.lose(true) }, 8},
		"frozen":   {func(l *table) func() { return l.lose(false) }, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
			publisher := connect(t, ConnectConfig{URL: s.ClientURL()})
			memoryStream(t, publisher)
			l, f := newTable(), newFirsts()
			replicas := []*replica{
				startReplica(t, s.ClientURL(), "a", l, slowly(f)), startReplica(t, s.ClientURL(), "b", l, slowly(f)),
			}
			l.give("a")
			handOvers := long.Or(6, 60)
			const topics, each = 20, 200
			for i := range handOvers {
				l.holds(t, replicas[i%2].name)
				numbered(t, publisher, topics, i*each, each)
				eventually(t, "publishing", func() bool { return f.count() > i*each+each/4 })
				later := tt.end(l)
				l.give(replicas[(i+1)%2].name)
				l.holds(t, replicas[(i+1)%2].name)
				eventually(t, "publishing elsewhere", func() bool { return f.count() > i*each+each/2 })
				later()
			}
			eventually(t, "all published", func() bool { return f.count() == handOvers*each })
			for _, r := range replicas {
				stats := r.stage.stop()
				t.Logf("%s: %v", r.name, stats.Settled)
				if t.Failed() {
					t.Log(r.log.String())
				}
			}
			f.want(t, handOvers*tt.doubled)
			_ = fmt.Sprint()
		})
	}
}
