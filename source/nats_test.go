package source

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// startServer starts a server that lives as long as the test at most.
func startServer(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog = "127.0.0.1", true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server is not ready")
	}
	return s
}

// startNATS returns a connection to a server with JetStream.
func startNATS(t *testing.T) *nats.Conn {
	t.Helper()
	return connect(t,
		ConnectConfig{URL: startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()}).ClientURL()})
}

// userURL is the server's URL for a user whose password is p.
func userURL(s *server.Server, user string) string {
	return strings.Replace(s.ClientURL(), "//", "//"+user+":p@", 1)
}

// connect connects and waits until it is connected.
func connect(t *testing.T, cfg ConnectConfig) *nats.Conn {
	t.Helper()
	conn, err := Connect(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	eventually(t, "connected", conn.IsConnected)
	return conn
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	within(t, 3*time.Minute, what, ok) // With the race detector, on a machine that does much else, seconds are minutes.
}

func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s in time", what)
		}
	}
}

// sinkFunc answers every publish.
type sinkFunc func(*pipeline.Request) pipeline.Answer

func (f sinkFunc) Connection(int) pipeline.Connection {
	return &sinkConnection{answer: f, interrupted: make(chan struct{}, 1)}
}

// sinkConnection carries one publish at a time.
type sinkConnection struct {
	answer      sinkFunc
	sent        []*pipeline.Request
	interrupted chan struct{}
}

func (c *sinkConnection) Depth() int                          { return 1 }
func (*sinkConnection) TrySend(*pipeline.Request) bool        { return false }
func (c *sinkConnection) Close()                              {}
func (c *sinkConnection) Send(rs []*pipeline.Request, _ bool) { c.sent = append(c.sent, rs...) }

func (c *sinkConnection) Receive(dst []pipeline.Answered) []pipeline.Answered {
	if len(c.sent) == 0 {
		<-c.interrupted
	}
	for _, r := range c.sent {
		dst = append(dst, pipeline.Answered{Request: r, Answer: c.answer(r)})
	}
	c.sent = c.sent[:0]
	return dst
}

func (c *sinkConnection) Interrupt() {
	select {
	case c.interrupted <- struct{}{}:
	default:
	}
}

// stage runs one source into a pipeline. stop drains both and returns the final stats.
type stage struct {
	pipe *pipeline.Pipeline
	stop func() pipeline.RouteStats
}

// published tells whether at least n messages are published.
func (s *stage) published(n uint64) func() bool {
	return func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] >= n }
}

type runner interface {
	pipeline.Settler
	Run(ctx, hard context.Context, route *pipeline.Route) error
}

func startStage(t *testing.T, src runner, rc pipeline.RouteConfig, queue int, sink sinkFunc) *stage {
	t.Helper()
	return startStageUntil(t.Context(), t, src, rc, queue, sink)
}

// startStageUntil is startStage with a hard stop.
func startStageUntil(hard context.Context, t *testing.T, src runner, rc pipeline.RouteConfig, queue int,
	sink sinkFunc,
) *stage {
	t.Helper()
	rc.Name, rc.Cache, rc.MaxPayload, rc.Settler = "r", "c", 1<<20, src
	pipe := pipeline.New(pipeline.Config{
		Workers: 8, Timeout: 5 * time.Second, MaxMessages: queue, MaxBytes: 1 << 20,
		Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: math.Inf(1)}},
		Delays: pipeline.DefaultDelays(), Routes: []pipeline.RouteConfig{rc},
	}, sink, quiet(), pipeline.NewMetrics(prometheus.NewRegistry()))
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { pipe.Run(hard) })
	all.Go(func() {
		if err := src.Run(ctx, hard, pipe.Route(0)); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return &stage{pipe: pipe, stop: func() pipeline.RouteStats {
		cancel()
		all.Wait()
		return pipe.Stats().Routes[0]
	}}
}

func accepted(*pipeline.Request) pipeline.Answer {
	return pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204}
}

func subjectTemplate(t *testing.T, filter string) *template.Template {
	t.Helper()
	tpl, err := template.Compile([]string{filter}, "{{subject}}")
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func TestCoreCountsEveryDropExactly(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	var log syncBuffer
	src := NewCore(conn, CoreConfig{
		Route: "r", Subject: "a.>", Queue: "q", Template: subjectTemplate(t, "a.>"),
		MaxBytes: 1 << 20,
	},
		slog.New(slog.NewTextHandler(&log, nil)))
	var open atomic.Bool
	s := startStage(t, src, pipeline.RouteConfig{Drops: true}, 10, func(r *pipeline.Request) pipeline.Answer {
		for !open.Load() {
			time.Sleep(time.Millisecond)
		}
		return accepted(r)
	})
	eventually(t, "subscribed", func() bool { ok, _ := src.Ready(); return ok && conn.Flush() == nil })
	publish := func(n int) {
		t.Helper()
		for i := range n {
			if err := conn.Publish("a.b", fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	const sent, held = 5000, 1 << 20 / pipeline.LeastCharge
	publish(sent)
	eventually(t, "a full memory, and a drop of what does not fit", func() bool {
		return s.pipe.Stats().Routes[0].Received == held && src.Dropped() == sent-held
	})
	eventually(t, "the log telling which route drops", func() bool {
		return strings.Contains(log.String(), `level=ERROR msg="messages are lost`) &&
			strings.Contains(log.String(), "route=r")
	})
	open.Store(true)
	stats := s.stop()
	if got := stats.Settled[pipeline.Published] + uint64(src.Dropped()); got != sent ||
		stats.Received != stats.Settled[pipeline.Published] {
		t.Errorf("published %d + dropped %d = %d of %d sent", stats.Settled[pipeline.Published],
			src.Dropped(), got, sent)
	}
}

// However small the memory is and however quickly a burst comes, the route's policy decides what is kept.
func TestKeepLatestKeepsTheNewestOfABurstThatIsLargerThanTheMemory(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	src := NewCore(conn, CoreConfig{
		Route: "r", Subject: "a.>", Queue: "q", Template: subjectTemplate(t, "a.>"), MaxBytes: 1 << 20,
	}, quiet())
	var open atomic.Bool
	var published sync.Map
	s := startStage(t, src, pipeline.RouteConfig{Drops: true, Ordered: true, Overload: pipeline.KeepLatest}, 10,
		func(r *pipeline.Request) pipeline.Answer {
			for !open.Load() {
				time.Sleep(time.Millisecond)
			}
			published.Store(r.Topic, true)
			return accepted(r)
		})
	eventually(t, "subscribed", func() bool { ok, _ := src.Ready(); return ok && conn.Flush() == nil })
	const sent, kept = 20_000, 4000
	for i := range sent {
		if err := conn.Publish(fmt.Sprint("a.", i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all come, and none dropped by the client", func() bool {
		return s.pipe.Stats().Routes[0].Received == sent && src.Dropped() == 0
	})
	open.Store(true)
	stats := s.stop()
	for i := sent - kept; i < sent; i++ {
		if _, ok := published.Load(fmt.Sprint("a.", i)); !ok {
			t.Fatalf("%d of %d, one of the newest, is not published", i, sent)
		}
	}
	if got := stats.Settled[pipeline.Published] + stats.Settled[pipeline.Shed]; got != sent {
		t.Errorf("%d are published or shed of %d", got, sent)
	}
}

func TestCoreDrainLosesNothing(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	src := NewCore(conn, CoreConfig{
		Route: "r", Subject: "a", Template: subjectTemplate(t, "a"),
		MaxBytes: 1 << 20,
	}, quiet())
	s := startStage(t, src, pipeline.RouteConfig{Drops: true}, 10, func(r *pipeline.Request) pipeline.Answer {
		time.Sleep(time.Millisecond)
		return accepted(r)
	})
	eventually(t, "subscribed", func() bool { ok, _ := src.Ready(); return ok && conn.Flush() == nil })
	for i := range 1000 {
		_ = conn.Publish("a", fmt.Append(nil, i))
	}
	_ = conn.Flush()
	if stats := s.stop(); stats.Settled[pipeline.Published] != 1000 || src.Dropped() != 0 {
		t.Errorf("published %d, dropped %d, want all 1000", stats.Settled[pipeline.Published], src.Dropped())
	}
}

// jetStream is patient with a server on a machine that does much else, unless an option says otherwise.
func jetStream(t *testing.T, conn *nats.Conn, options ...jetstream.JetStreamOpt) jetstream.JetStream {
	t.Helper()
	options = append([]jetstream.JetStreamOpt{jetstream.WithDefaultTimeout(30 * time.Second)}, options...)
	js, err := jetstream.New(conn, options...)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// newStream makes a stream S of a.> with n messages.
func newStream(t *testing.T, conn *nats.Conn, n int) jetstream.Stream {
	t.Helper()
	js := jetStream(t, conn)
	var stream jetstream.Stream
	eventually(t, "created the stream", func() bool { // The server may still be removing the files of the one before.
		var err error
		stream, err = js.CreateStream(t.Context(),
			jetstream.StreamConfig{Name: "S", Subjects: []string{"a.>", "dead.>"}})
		return err == nil
	})
	for i := range n {
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{
			Subject: "a.b", Data: fmt.Append(nil, i),
			Header: nats.Header{"Trace": {"t" + fmt.Sprint(i)}, "Nats-Msg-Id": {fmt.Sprint("own-", i)}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return stream
}

func newJetStream(t *testing.T, conn *nats.Conn) *JetStream {
	t.Helper()
	src, err := NewJetStream(conn, NewAcks(conn), JetStreamConfig{
		Route: "r", Stream: "S", Subject: "a.>", Consumer: "momento-bridge-r", Create: true, Ordered: true,
		Template: subjectTemplate(t, "a.>"), Circumstances: usual(math.Inf(1)),
	}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestStreamIsAcknowledgedAfterThePublishAndHandedBackOnStop(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 100)
	src := newJetStream(t, conn)
	var n atomic.Int64
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, func(r *pipeline.Request) pipeline.Answer {
		if n.Add(1) > 30 { // From here on nothing is published.
			time.Sleep(10 * time.Millisecond)
			return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.Result5xx, Status: 500}
		}
		return accepted(r)
	})
	eventually(t, "publishing", func() bool { return n.Load() > 38 })
	stats := s.stop()
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	if stats.Settled[pipeline.Published] != 30 || stats.Received != 30+stats.Settled[pipeline.Returned] {
		t.Errorf("settled %v of %d received, want 30 published and the rest returned", stats.Settled, stats.Received)
	}
	consumer, err := stream.Consumer(t.Context(), "momento-bridge-r")
	if err != nil {
		t.Fatal(err)
	}
	cfg := consumer.CachedInfo().Config
	if cfg.AckPolicy != jetstream.AckExplicitPolicy || cfg.MaxDeliver != -1 || cfg.AckWait != time.Minute ||
		cfg.BackOff != nil {
		t.Errorf("the created consumer is %+v", cfg)
	}
	batch, err := consumer.Fetch(70, jetstream.FetchMaxWait(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for range batch.Messages() {
		got++
	}
	if got != 70 {
		t.Errorf("%d messages come again at once, want the 70 that were not published", got)
	}
}

func TestUnfitConsumerIsRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 0)
	tests := map[string]struct {
		cfg  jetstream.ConsumerConfig
		want string
	}{
		"a limit of deliveries": {jetstream.ConsumerConfig{
			AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 5,
			FilterSubject: "a.>",
		}, "max_deliver is 5"},
		"a backoff": {jetstream.ConsumerConfig{
			AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 5, FilterSubject: "a.>",
			BackOff: []time.Duration{time.Second, time.Minute},
		}, "it has a backoff"},
		"no acknowledgement": {
			jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy, FilterSubject: "a.>"},
			"ack_policy is none",
		},
		"another filter": {jetstream.ConsumerConfig{
			AckPolicy:     jetstream.AckExplicitPolicy,
			FilterSubject: "a.x",
		}, "its filter is a.x, the route's is a.>"},
		"an ack wait too short": {jetstream.ConsumerConfig{
			AckPolicy: jetstream.AckExplicitPolicy,
			AckWait:   time.Second, FilterSubject: "a.>",
		}, "inequality I1"},
		"headers without payload": {jetstream.ConsumerConfig{
			AckPolicy: jetstream.AckExplicitPolicy, HeadersOnly: true,
			FilterSubject: "a.>",
		}, "headers only"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.cfg.Durable = "momento-bridge-r"
			if _, err := stream.CreateConsumer(t.Context(), tt.cfg); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stream.DeleteConsumer(context.WithoutCancel(t.Context()), "momento-bridge-r") }()
			_, _, err := newJetStream(t, conn).bind(t.Context(), anyRoute())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(),
				"never changed") {
				t.Errorf("bind = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// anyRoute is a route that nothing is submitted to.
func anyRoute() *pipeline.Route {
	cfg := pipeline.Config{MaxMessages: 1, Delays: pipeline.DefaultDelays(), Routes: []pipeline.RouteConfig{{}}}
	return pipeline.New(cfg, sinkFunc(accepted), quiet(), pipeline.NewMetrics(prometheus.NewRegistry())).Route(0)
}

func TestMissingStreamIsNamedAndFoundOnceItExists(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	src := newJetStream(t, conn)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "complaining", func() bool {
		_, why := src.Ready()
		return strings.Contains(why, "stream S does not exist: create it")
	})
	newStream(t, conn, 10)
	eventually(t, "consuming", func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == 10 })
	s.stop()
}

func TestDeadLetterCarriesWhatIsNeededToReplayIt(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 2)
	src := newJetStream(t, conn)
	dead, err := NewDeadLetters(conn, "dead.r", quiet())
	if err != nil {
		t.Fatal(err)
	}
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true, DeadLetters: dead}, 100,
		func(r *pipeline.Request) pipeline.Answer {
			if string(r.Payload) == "1" {
				return pipeline.Answer{
					Verdict: pipeline.Reject, Result: pipeline.Result400, Status: 400,
					Reason: "bad_request", Detail: "400 no",
				}
			}
			return accepted(r)
		})
	eventually(t, "settled", func() bool {
		st := s.pipe.Stats().Routes[0].Settled
		return st[pipeline.Published] == 1 && st[pipeline.DeadLettered] == 1
	})
	s.stop()
	letter, err := stream.GetLastMsgForSubject(t.Context(), "dead.r")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Trace": "t1", "Momento-Bridge-Route": "r", "Momento-Bridge-Subject": "a.b", "Momento-Bridge-Stream": "S",
		"Momento-Bridge-Sequence": "2", "Momento-Bridge-Reason": "bad_request", "Momento-Bridge-Status": "400",
		"Momento-Bridge-Attempts": "1",
		"Momento-Bridge-Error":    "400 no",
	}
	if id := letter.Header.Get("Nats-Msg-Id"); !strings.HasPrefix(id, "r:S:2:") {
		t.Errorf("the message id is %q, want route, stream, sequence and time", id)
	}
	for name, value := range want {
		if got := letter.Header.Get(name); got != value {
			t.Errorf("header %s is %q, want %q", name, got, value)
		}
	}
	if _, err := time.Parse(time.RFC3339, letter.Header.Get("Momento-Bridge-Time")); err != nil ||
		string(letter.Data) != "1" {
		t.Errorf("letter %q at %v", letter.Data, err)
	}
	consumer, err := stream.Consumer(t.Context(), "momento-bridge-r")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "terminated", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumAckPending == 0 && info.NumPending == 0
	})
}

func TestFewestMessagesHeldStillConsume(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 30)
	src := newJetStream(t, conn)
	src.cfg.Circumstances = usual(0.1)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "published", func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == 30 })
	s.stop()
}

// Messages of 512 KiB are soon more than the queue holds; what is asked for is bounded by bytes.
func TestLargeMessagesAreNotDroppedByTheClient(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 0)
	js := jetStream(t, conn)
	const n = 200
	for range n {
		if _, err := js.Publish(t.Context(), "a.b", make([]byte, 512<<10)); err != nil {
			t.Fatal(err)
		}
	}
	src := newJetStream(t, conn)
	var open atomic.Bool
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, func(r *pipeline.Request) pipeline.Answer {
		for !open.Load() {
			time.Sleep(time.Millisecond)
		}
		return accepted(r)
	})
	eventually(t, "prefetching", func() bool {
		_, unacknowledged := src.Pending()
		return unacknowledged >= 0 && s.pipe.Stats().Routes[0].Received > 0
	})
	time.Sleep(300 * time.Millisecond) // The client takes in what it asked for.
	open.Store(true)
	eventually(t, "all published", func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == n })
	if stats := s.stop(); stats.Redelivered != 0 || stats.Received != n {
		t.Errorf("%d received, %d of them again: the client dropped some", stats.Received, stats.Redelivered)
	}
}

// A drain that is too short ends everything, and every message is in the books: in the pipeline's or among the
// client's drops.
func TestCoreAccountsForEverythingWhenTheDrainIsTooShort(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	src := NewCore(conn, CoreConfig{
		Route: "r", Subject: "a", Template: subjectTemplate(t, "a"),
		MaxBytes: 1 << 20,
	}, quiet())
	hard, stopHard := context.WithCancel(t.Context())
	s := startStageUntil(hard, t, src, pipeline.RouteConfig{Drops: true}, 10, func(*pipeline.Request) pipeline.Answer {
		time.Sleep(20 * time.Millisecond)
		return pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.Result5xx}
	})
	eventually(t, "subscribed", func() bool { ok, _ := src.Ready(); return ok && conn.Flush() == nil })
	const sent = 2000
	for i := range sent {
		_ = conn.Publish("a", fmt.Append(nil, i))
	}
	_ = conn.Flush()
	eventually(t, "all held", func() bool { r := s.pipe.Stats().Routes[0]; return r.Queued+r.InFlight == sent })
	time.AfterFunc(200*time.Millisecond, stopHard)
	stats := s.stop()
	if got := int64(stats.Settled[pipeline.Dropped]) + src.Dropped(); got != sent ||
		stats.Received != stats.Settled[pipeline.Dropped] {
		t.Errorf(
			"received %d, settled %v, dropped by the client %d: %d of %d accounted for", stats.Received, stats.Settled,
			src.Dropped(), got, sent)
	}
}
