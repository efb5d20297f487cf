package source

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/test/long"
)

// firsts notes the order of first publishes in each topic, whose messages are numbered from 0 on.
type firsts struct {
	mu         sync.Mutex // Guards the following.
	seen       map[string]map[int]bool
	next       map[string]int
	inversions []string
	published  int
	doubled    int
}

func newFirsts() *firsts { return &firsts{seen: map[string]map[int]bool{}, next: map[string]int{}} }

func (f *firsts) accept(r *pipeline.Request) pipeline.Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, _ := strconv.Atoi(string(r.Payload))
	if f.seen[r.Topic] == nil {
		f.seen[r.Topic] = map[int]bool{}
	}
	if f.seen[r.Topic][n] {
		f.doubled++
		return accepted(r)
	}
	f.seen[r.Topic][n] = true
	f.published++
	if n < f.next[r.Topic] {
		f.inversions = append(f.inversions, fmt.Sprintf("%s: %d after %d", r.Topic, n, f.next[r.Topic]-1))
	}
	f.next[r.Topic] = max(f.next[r.Topic], n+1)
	return accepted(r)
}

func (f *firsts) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.published
}

// want says what was wrong with the order, and with more than some duplicates.
func (f *firsts) want(t *testing.T, doubled int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	t.Logf("%d published: %d inversions, %d doubled", f.published, len(f.inversions), f.doubled)
	if len(f.inversions) > 0 || f.doubled > doubled {
		t.Errorf(
			"%d inversions such as %q, %d doubled, want none and at most %d", len(f.inversions), f.inversions[:min(5,
				len(f.inversions))], f.doubled, doubled)
	}
}

// numbered stores messages of some topics in turn, each topic's numbered from the first on.
func numbered(t *testing.T, conn *nats.Conn, topics, first, n int) {
	t.Helper()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1000))
	if err != nil {
		t.Error(err)
		return
	}
	for i := first; i < first+n; i++ {
		if _, err := js.PublishAsync(fmt.Sprint("a.", i%topics), strconv.AppendInt(nil, int64(i/topics), 10),
			jetstream.WithStallWait(time.Minute)); err != nil {
			t.Error(err)
			return
		}
	}
	<-js.PublishAsyncComplete()
}

// killed is a daemon that took messages and was killed before it acknowledged any.
func killed(t *testing.T, url string, n int) {
	t.Helper()
	conn, err := nats.Connect(url, nats.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js := jetStream(t, conn)
	consumer, err := js.Consumer(t.Context(), "S", "momento-bridge-r")
	if err != nil {
		t.Fatal(err)
	}
	for got := 0; got < n; {
		batch, err := consumer.Fetch(n-got, jetstream.FetchMaxWait(5*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for range batch.Messages() {
			got++
		}
	}
}

// ordered is a source of an ordered route, and its log.
func ordered(t *testing.T, conn *nats.Conn) (*JetStream, *syncBuffer) {
	t.Helper()
	log := &syncBuffer{}
	src, err := NewJetStream(conn, NewAcks(conn), newJetStream(t, conn).cfg,
		slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	src.cfg.Ordered = true
	return src, log
}

// settledIn returns the log's words on how long it took to settle.
func settledIn(log *syncBuffer) string {
	var took []string
	for line := range strings.Lines(log.String()) {
		if _, rest, ok := strings.Cut(line, "is in hand: going on\""); ok {
			_, rest, _ = strings.Cut(rest, "took=")
			took = append(took, strings.TrimSpace(rest))
		}
	}
	return strings.Join(took, "; ")
}

func startSettled(t *testing.T, src *JetStream, f *firsts) *stage {
	t.Helper()
	return startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 5000, f.accept)
}

// A killed daemon leaves messages unacknowledged, and newer ones wait: nothing newer of a topic goes first, however
// far they lie apart.
func TestWhatAKilledDaemonHeldGoesFirst(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		unacknowledged, apart int
		ackWait               time.Duration
	}{
		"nothing left behind":       {0, 1, time.Minute},
		"500 in a row":              {500, 1, time.Minute},
		"500 over 10 000":           {500, 20, time.Minute},
		"500 over 100 000":          {500, 200, time.Minute},
		"too far apart to be swept": {50, 5000, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.apart > 20 {
				long.Only(t)
			}
			t.Parallel()
			o := server.Options{JetStream: true, StoreDir: t.TempDir()}
			if tt.apart == 1 {
				o.JetStreamDomain = "elsewhere" // Whose acknowledgements have another form.
			}
			s := startServer(t, o)
			conn := connect(t, ConnectConfig{URL: s.ClientURL()})
			stream := memoryStream(t, conn)
			if _, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
				Durable: "momento-bridge-r", AckPolicy: jetstream.AckExplicitPolicy, AckWait: tt.ackWait,
				FilterSubject: "a.>", MaxAckPending: 5000,
			}); err != nil {
				t.Fatal(err)
			}
			const topics, newer = 10, 500
			for i := 0; tt.apart > 1 && i < tt.unacknowledged; i += topics {
				numbered(t, conn, topics, i, topics)
				for range (tt.apart - 1) * topics {
					_ = conn.Publish("dead.x", nil)
				}
			}
			if tt.apart == 1 {
				numbered(t, conn, topics, 0, tt.unacknowledged)
			}
			killed(t, s.ClientURL(), tt.unacknowledged)
			numbered(t, conn, topics, tt.unacknowledged, newer)
			time.Sleep(calmTime) // A daemon takes longer to start.
			f := newFirsts()
			src, log := ordered(t, conn)
			src.cfg.Circumstances.Timeout = 100 * time.Millisecond
			began := time.Now()
			stage := startSettled(t, src, f)
			saidWhy := false
			eventually(t, "all published", func() bool {
				ready, why := src.Ready()
				saidWhy = saidWhy || !ready && strings.Contains(why, "nothing new is started")
				return f.count() == tt.unacknowledged+newer
			})
			eventually(t, "ready", func() bool { ready, _ := src.Ready(); return ready })
			t.Logf("everything published after %v; settled in %s", time.Since(began).Round(time.Millisecond),
				settledIn(log))
			stage.stop()
			f.want(t, 0)
			if said, wide := strings.Contains(log.String(), "too many messages lie between"),
				tt.unacknowledged*tt.apart > longestRange; said != wide {
				t.Errorf("the log tells of a range that is too long: %t, want %t", said, wide)
			} else if wide && !saidWhy {
				t.Error("the route was ready while nothing was started")
			}
		})
	}
}

func memoryStream(t *testing.T, conn *nats.Conn) jetstream.Stream {
	t.Helper()
	js := jetStream(t, conn)
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{"a.>", "dead.>"},
		Storage: jetstream.MemoryStorage,
	})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// The connection is lost again and again with deliveries on the way.
func TestOrderHoldsThroughReconnects(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	conn, publisher := connect(t, ConnectConfig{URL: s.ClientURL()}), connect(t, ConnectConfig{URL: s.ClientURL()})
	memoryStream(t, publisher)
	f := newFirsts()
	src, log := ordered(t, conn)
	stage := startSettled(t, src, f)
	const topics, messages, reconnects = 20, 30_000, 5
	go numbered(t, publisher, topics, 0, messages)
	for i := range reconnects {
		eventually(t, "published", func() bool { return f.count() > (i+1)*messages/(reconnects+2) })
		if err := conn.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all published", func() bool { return f.count() == messages })
	t.Logf("settled in %s", settledIn(log))
	stage.stop()
	f.want(t, 0)
}

// Somebody takes deliveries and is gone. The next one that comes shows it.
func TestGapInTheConsumersSequenceRaisesTheBarrier(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	conn := connect(t, ConnectConfig{URL: s.ClientURL()})
	consumer, _ := impatient(t, conn, 0)
	src, log := ordered(t, conn)
	src.cfg.Circumstances.Timeout = 100 * time.Millisecond
	f := newFirsts()
	release := make(chan struct{})
	stage := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 1000,
		func(r *pipeline.Request) pipeline.Answer {
			if r.Topic == "a.held" {
				<-release
				return accepted(r)
			}
			return f.accept(r)
		})
	if err := conn.Publish("a.held", nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "held", func() bool { n, _ := src.held.count(); return n == 1 })
	stage.pipe.Route(0).Pause()
	numbers := func() *jetstream.ConsumerInfo {
		info, err := consumer.Info(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	eventually(t, "asking for nothing", func() bool { return numbers().NumWaiting == 0 })
	numbered(t, conn, 1, 0, 20)
	killed(t, s.ClientURL(), 5)
	stage.pipe.Route(0).Resume()
	eventually(t, "all published", func() bool { return f.count() == 20 })
	close(release)
	if !strings.Contains(log.String(), "a delivery was lost") {
		t.Error("the log does not tell of a lost delivery")
	}
	t.Logf("settled in %s", settledIn(log))
	stage.stop()
	f.want(t, 0)
}

// A replica that lives keeps what it holds, whoever starts beside it, and whatever becomes of connections.
func TestNothingIsTakenFromAReplicaThatLives(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	conns := []*nats.Conn{connect(t, ConnectConfig{URL: s.ClientURL()}), connect(t, ConnectConfig{URL: s.ClientURL()})}
	memoryStream(t, conns[0])
	f := newFirsts()
	release := make(chan struct{})
	slow := func(r *pipeline.Request) pipeline.Answer {
		<-release
		return f.accept(r)
	}
	const topics, messages = 10, 200
	numbered(t, conns[0], topics, 0, messages)
	first, _ := ordered(t, conns[0])
	// It is full, and asks for nothing.
	stages := []*stage{startStage(t, first, pipeline.RouteConfig{Returnable: true, Ordered: true}, messages, slow)}
	eventually(t, "held", func() bool { n, _ := first.held.count(); return n == messages })
	second, log := ordered(t, conns[1])
	second.askAround = time.Minute // However slow the machine is, the first one answers.
	stages = append(stages, startStage(t, second, pipeline.RouteConfig{Returnable: true, Ordered: true},
		messages, slow))
	eventually(t, "the log telling of the other replica",
		func() bool { return strings.Contains(log.String(), "another replica shares the consumer") })
	eventually(t, "open", func() bool { return !second.barrier.up.Load() })
	if err := conns[1].ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "open again", func() bool { return strings.Count(log.String(), "is in hand: going on") >= 2 })
	numbered(t, conns[0], topics, messages, messages)
	eventually(t, "held by the other", func() bool { n, _ := second.held.count(); return n > 0 })
	close(release)
	eventually(t, "all published", func() bool { return f.count() == 2*messages })
	for _, one := range stages {
		if stats := one.stop(); stats.Redelivered > 0 {
			t.Errorf("%d redelivered, want none", stats.Redelivered)
		}
	}
	if f.doubled > 0 {
		t.Errorf("%d doubled, want none", f.doubled)
	}
}
