package source

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// serverSide is a stream S of a.> as the server has it, and a route's source.
type serverSide struct {
	t      *testing.T
	conn   *nats.Conn
	server *server.Server
	js     jetstream.JetStream
	stream jetstream.Stream
	log    syncBuffer
	got    tally
}

func newServerSide(t *testing.T, cfg jetstream.StreamConfig) *serverSide {
	t.Helper()
	return newServerSideOn(t, server.Options{}, cfg)
}

// newServerSideOn is newServerSide on a server with options.
func newServerSideOn(t *testing.T, o server.Options, cfg jetstream.StreamConfig) *serverSide {
	t.Helper()
	o.JetStream, o.StoreDir = true, t.TempDir()
	s := startServer(t, o)
	w := &serverSide{t: t, server: s, conn: connect(t, ConnectConfig{URL: s.ClientURL()})}
	w.js = jetStream(t, w.conn)
	cfg.Name, cfg.Subjects = "S", []string{"a.>"}
	var err error
	if w.stream, err = w.js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// source is a source of the stream, which may be changed before it starts.
func (w *serverSide) source(change func(*JetStreamConfig)) *JetStream {
	w.t.Helper()
	src := newJetStream(w.t, w.conn)
	if change != nil {
		change(&src.cfg)
	}
	src.lookEvery = 500 * time.Millisecond
	src.log = slog.New(slog.NewTextHandler(&w.log, nil))
	return src
}

func (w *serverSide) start(src *JetStream) *stage {
	w.t.Helper()
	return startStage(w.t, src, pipeline.RouteConfig{Returnable: true}, 1000, w.got.accept)
}

func (w *serverSide) awaitPublished(n int) {
	w.t.Helper()
	eventually(w.t, "published", func() bool { got, _ := w.got.counts(); return got == n })
}

func (w *serverSide) awaitLog(words string) {
	w.t.Helper()
	eventually(w.t, "logged "+words, func() bool { return strings.Contains(w.log.String(), words) })
}

// consumer makes a consumer beside the route's, or the route's own.
func (w *serverSide) consumer(cfg jetstream.ConsumerConfig) jetstream.Consumer {
	w.t.Helper()
	cfg.AckPolicy = jetstream.AckExplicitPolicy
	consumer, err := w.stream.CreateConsumer(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return consumer
}

const own = "momento-bridge-r"

// findings returns what Inspect tells, a line each.
func (w *serverSide) findings(src *JetStream) string {
	var lines []string
	for _, f := range src.Inspect(w.t.Context()) {
		switch {
		case f.Err != nil:
			lines = append(lines, "✗ "+f.What+": "+f.Err.Error())
		case f.Warn:
			lines = append(lines, "! "+f.What)
		default:
			lines = append(lines, "✓ "+f.What)
		}
	}
	return strings.Join(lines, "\n")
}

func (w *serverSide) wantFinding(src *JetStream, words ...string) {
	w.t.Helper()
	text := w.findings(src)
	for _, want := range words {
		if !strings.Contains(text, want) {
			w.t.Errorf("the inspection does not say %q:\n%s", want, text)
		}
	}
}

// A durable inherits the stream's limit, and the server deletes it when nobody asks for messages.
func TestConsumerThatTheServerMayDeleteIsToldOf(t *testing.T) {
	t.Parallel()
	for retention, what := range map[jetstream.RetentionPolicy]string{
		jetstream.LimitsPolicy:   "all that the stream has is published again",
		jetstream.InterestPolicy: "what waits is lost",
	} {
		t.Run(retention.String(), func(t *testing.T) {
			t.Parallel()
			w := newServerSide(t, jetstream.StreamConfig{
				Retention:      retention,
				ConsumerLimits: jetstream.StreamConsumerLimits{InactiveThreshold: time.Hour},
			})
			src := w.source(nil)
			want := []string{"inactive_threshold of 1h0m0s: " + what, "nats stream edit S -i"}
			w.wantFinding(src, append(want, "✓ consumer momento-bridge-r does not exist yet")...)
			if _, _, err := src.bind(t.Context(), anyRoute()); err != nil {
				t.Fatal(err)
			}
			w.awaitLog(want[0])
			w.wantFinding(src, append(want, "nats consumer edit S momento-bridge-r -i")...)
		})
	}
}

func TestThresholdOfAWorkQueueDoesNoHarmAndIsNotToldOf(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{
		Retention:      jetstream.WorkQueuePolicy,
		ConsumerLimits: jetstream.StreamConsumerLimits{InactiveThreshold: time.Hour},
	})
	src := w.source(nil)
	w.consumer(jetstream.ConsumerConfig{Durable: own, FilterSubject: "a.>", AckWait: time.Minute})
	if text := w.findings(src); strings.Contains(text, "! ") {
		t.Errorf("the inspection says\n%s", text)
	}
}

func TestDeletedConsumerOfAWorkQueueIsMadeAnew(t *testing.T) {
	t.Parallel()
	for _, retention := range []jetstream.RetentionPolicy{jetstream.WorkQueuePolicy, jetstream.InterestPolicy} {
		t.Run(retention.String(), func(t *testing.T) {
			t.Parallel()
			w := newServerSide(t, jetstream.StreamConfig{Retention: retention})
			src := w.source(nil)
			s := w.start(src)
			awaitReady(t, src)
			publishNumbers(t, w.conn, 0, 5)
			w.awaitPublished(5)
			eventually(t, "known how far it has come", func() bool {
				info, err := src.js.Consumer(t.Context(), "S", own)
				if err == nil {
					src.numbers(info.CachedInfo()) // As every 5 s.
				}
				return err == nil && info.CachedInfo().NumAckPending == 0 && !src.resume.from().IsZero()
			})
			if err := w.stream.DeleteConsumer(t.Context(), own); err != nil {
				t.Fatal(err)
			}
			eventually(t, "made anew", func() bool { _, err := w.stream.Consumer(t.Context(), own); return err == nil })
			publishNumbers(t, w.conn, 5, 10)
			w.awaitPublished(10)
			awaitReady(t, src)
			if retention == jetstream.WorkQueuePolicy {
				w.awaitLog("it has been created again, and delivers all that the work queue still has")
			} else {
				w.awaitLog("what came while there was no consumer")
			}
			if _, doubled := w.got.counts(); doubled > 0 {
				t.Errorf("%d published more than once", doubled)
			}
			s.stop()
		})
	}
}

func TestConsumerKeepsWithinWhatTheServerAllowsToBeUnacknowledged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limits  jetstream.StreamConsumerLimits
		server  int
		account int
		want    string
	}{
		"a stream": {
			limits: jetstream.StreamConsumerLimits{MaxAckPending: 100},
			want:   "the stream allows max_ack_pending 100",
		},
		"an account": {account: 100, want: "the account allows max_ack_pending 100"},
		"a server":   {server: 100}, // Only it knows.
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServerSideOn(t, server.Options{JetStreamLimits: server.JSLimitOpts{MaxAckPending: tt.server}},
				jetstream.StreamConfig{ConsumerLimits: tt.limits})
			if tt.account > 0 {
				limits := server.JetStreamAccountLimits{
					MaxMemory: -1, MaxStore: -1, MaxStreams: -1, MaxConsumers: -1,
					MaxAckPending: tt.account,
				}
				if err := w.server.GlobalAccount().UpdateJetStreamLimits(
					map[string]server.JetStreamAccountLimits{"": limits}); err != nil {
					t.Fatal(err)
				}
			}
			src := w.source(nil)
			if tt.want != "" {
				w.wantFinding(src, "! consumer momento-bridge-r: "+tt.want, "nats stream edit S -i")
			}
			w.wantFinding(src, "✓ consumer momento-bridge-r does not exist yet")
			s := w.start(src)
			publishNumbers(t, w.conn, 0, 200)
			w.awaitPublished(200)
			w.awaitLog("allows the consumer fewer unacknowledged messages")
			if info, err := w.stream.Consumer(t.Context(), own); err != nil ||
				info.CachedInfo().Config.MaxAckPending != 100 {
				t.Errorf("the consumer is %+v, %v", info.CachedInfo().Config, err)
			}
			s.stop()
		})
	}
}

func TestConsumerPausedOnTheServerIsToldOf(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	src := w.source(nil)
	s := w.start(src)
	awaitReady(t, src)
	until := time.Now().Add(time.Hour)
	_, err := w.stream.PauseConsumer(t.Context(), own, until)
	if versionOf(w.conn).before(11) { // It knows no pauses: nothing answers.
		if err == nil {
			t.Error("a server of before 2.11 has paused a consumer")
		}
		s.stop()
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	publishNumbers(t, w.conn, 0, 2)
	want := "paused on the server until " + until.UTC().Format(time.RFC3339) +
		": `nats consumer resume S momento-bridge-r`"
	awaitReason(t, src, want)
	w.wantFinding(src, "! consumer momento-bridge-r: the consumer is "+want)
	if _, err := w.stream.ResumeConsumer(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	w.awaitPublished(2)
	awaitReady(t, src)
	s.stop()
}

// A consumer that somebody edits is looked at as one that is found: what it no longer delivers would wait and nobody
// be told.
func TestConsumerThatIsEditedToBeUnfitIsRefused(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	consumer := w.consumer(jetstream.ConsumerConfig{Durable: own, FilterSubject: "a.>"})
	src := w.source(nil)
	s := w.start(src)
	awaitReady(t, src)
	cfg := consumer.CachedInfo().Config
	edited := cfg
	edited.FilterSubject = "a.other"
	if _, err := w.stream.UpdateConsumer(t.Context(), edited); err != nil {
		t.Fatal(err)
	}
	awaitReason(t, src, "its filter is a.other, the route's is a.>")
	if _, err := w.stream.UpdateConsumer(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, src)
	publishNumbers(t, w.conn, 0, 2)
	w.awaitPublished(2)
	s.stop()
}

func TestClientThatHoldsAllOfAConsumerIsToldOf(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	consumer := w.consumer(jetstream.ConsumerConfig{
		Durable: own, FilterSubject: "a.>", MaxAckPending: 10,
		AckWait: time.Minute,
	})
	publishNumbers(t, w.conn, 0, 12)
	batch, err := consumer.Fetch(10, jetstream.FetchMaxWait(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var held []jetstream.Msg
	for m := range batch.Messages() {
		held = append(held, m)
	}
	eventually(t, "known to the consumer", func() bool { // Which counts after the stream has confirmed.
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumPending == 2
	})
	src := w.source(nil)
	src.cfg.Ordered = false // An ordered route takes what somebody holds who is no replica.
	want := "another client holds 10 of max_ack_pending 10 messages of consumer momento-bridge-r"
	w.wantFinding(src, "! consumer momento-bridge-r: "+want,
		fmt.Sprintf("`nats consumer edit S momento-bridge-r --max-pending=%d`", minAckPending))
	s := w.start(src)
	eventually(t, "starved", func() bool { return strings.Contains(src.Starved(), want) })
	if ok, why := src.Ready(); !ok {
		t.Errorf("not ready, as if that could not be another replica: %s", why)
	}
	for _, m := range held {
		if err := m.Ack(); err != nil {
			t.Fatal(err)
		}
	}
	w.awaitPublished(2)
	eventually(t, "not starved", func() bool { return src.Starved() == "" })
	s.stop()
}

// A mapping leads them astray, of which the client is not told.
func TestAcknowledgementsThatDoNotArriveStopTheRoute(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	src := w.source(nil)
	s := w.start(src)
	publishNumbers(t, w.conn, 0, 5)
	w.awaitPublished(5)
	awaitReady(t, src)
	eventually(t, "known that they are answered", src.proven.Load)
	if err := w.server.GlobalAccount().AddMapping("$JS.ACK.S.momento-bridge-r.>", "nowhere.>"); err != nil {
		t.Fatal(err)
	}
	awaitReason(t, src, "acknowledgements do not arrive", "the server does not answer on $JS.ACK.S.momento-bridge-r.>")
	w.server.GlobalAccount().RemoveMapping("$JS.ACK.S.momento-bridge-r.>")
	publishNumbers(t, w.conn, 5, 10)
	w.awaitPublished(10)
	awaitReady(t, src)
	s.stop()
}

func TestConsumerWithRoomForOneRequestIsNotSilent(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	w.consumer(jetstream.ConsumerConfig{Durable: own, FilterSubject: "a.>", AckWait: time.Minute, MaxWaiting: 1})
	src := w.source(nil)
	s := w.start(src)
	const n = 3000
	for i := range n {
		if err := w.conn.Publish("a.b", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		if i == 500 { // There is room again, and the first request has not ended.
			w.awaitPublished(i + 1)
		}
	}
	w.awaitPublished(n)
	if n := src.Missed(); n > 0 {
		t.Errorf("taken for silent %d times", n)
	}
	s.stop()
}

// What only the server knows is found by the inspection, and told by a source that meets it.
func TestSettingsThatTheServerRefusesAreFoundAndExplained(t *testing.T) {
	t.Parallel()
	workQueue := jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy}
	for name, tt := range map[string]struct {
		stream   jetstream.StreamConfig
		other    *jetstream.ConsumerConfig
		change   func(*JetStreamConfig)
		found    string
		explains string
	}{
		"filters that overlap": {
			stream: workQueue, other: &jetstream.ConsumerConfig{Durable: "other", FilterSubject: "a.*"},
			found:    `consumer other (filter ["a.*"]) takes messages of a.> already`,
			explains: "another consumer takes messages of a.> already: `nats consumer ls S` shows them",
		},
		"a consumer of the whole queue": {
			stream: workQueue, other: &jetstream.ConsumerConfig{Durable: "other"}, change: func(c *JetStreamConfig) {
				c.Subject = ""
			},
			found:    "consumer other (filter []) takes messages of the whole stream already",
			explains: "another consumer takes messages of the whole stream already",
		},
		"new messages of a work queue": {
			stream: workQueue, change: func(c *JetStreamConfig) { c.DeliverNew = true },
			found:    "stream S is a work queue, where a consumer must deliver all: set deliver: all",
			explains: "set deliver: all",
		},
		"priority groups": {
			other: &jetstream.ConsumerConfig{
				Durable: own, FilterSubject: "a.>", PriorityGroups: []string{"g"},
				PriorityPolicy: jetstream.PriorityPolicyOverflow,
			},
			found: `it has the priority groups ["g"]`, explains: `it has the priority groups ["g"]`,
		},
		"one consumer too many": {
			stream: jetstream.StreamConfig{MaxConsumers: 1}, other: &jetstream.ConsumerConfig{Durable: "other"},
			found: "the stream has 1 consumers and may have no more", explains: "as many consumers as it may: delete " +
				"one that nobody uses (`nats consumer ls S` shows them)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServerSide(t, tt.stream)
			if tt.other != nil {
				w.consumer(*tt.other)
			}
			src := w.source(tt.change)
			if name == "priority groups" && versionOf(w.conn).before(11) { // It ignores them, and so can we.
				w.wantFinding(src, "✓ consumer momento-bridge-r: 0 pending")
				return
			}
			w.wantFinding(src, "✗ consumer momento-bridge-r: ", tt.found)
			_, _, err := src.bind(t.Context(), anyRoute())
			if err == nil || !strings.Contains(err.Error(), tt.explains) {
				t.Errorf("bind = %v, want %q in it", err, tt.explains)
			}
		})
	}
}

func TestConsumerThatWorksBadlyIsUsedAndToldOf(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	w.consumer(jetstream.ConsumerConfig{
		Durable: own, FilterSubject: "a.>", ReplayPolicy: jetstream.ReplayOriginalPolicy, MemoryStorage: true,
		MaxWaiting: 4, AckWait: time.Minute,
	})
	src := w.source(nil)
	want := []string{"its replay_policy is original", "mem_storage", "its max_waiting is 4"}
	w.wantFinding(src, want...)
	if _, _, err := src.bind(t.Context(), anyRoute()); err != nil {
		t.Fatal(err)
	}
	for _, words := range want {
		w.awaitLog(words)
	}
}

// A filter that no message can match is a mistake that shows in nothing else: nothing comes.
func TestFilterThatNothingMatchesIsToldOf(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	src := w.source(func(c *JetStreamConfig) { c.Subject, c.Subjects = "", []string{"a.>", "b.*"} })
	const words = "nothing comes from b.*, as the stream takes a.> only"
	w.wantFinding(src, "! consumer momento-bridge-r: ", words)
	w.consumer(jetstream.ConsumerConfig{Durable: own, FilterSubjects: []string{"a.>", "b.*"}, AckWait: time.Minute})
	w.wantFinding(src, "! consumer momento-bridge-r: ", words)
}

// Who changes deliver of a route that has a consumer is told that nothing changes.
func TestStartOfAConsumerThatExistsIsToldToHaveNoEffect(t *testing.T) {
	t.Parallel()
	w := newServerSide(t, jetstream.StreamConfig{})
	src := w.source(func(c *JetStreamConfig) { c.DeliverSequence = 7 })
	const words = "goes on where it stands: the route's deliver counts for one that is created"
	w.consumer(jetstream.ConsumerConfig{Durable: own, FilterSubject: "a.>", AckWait: time.Minute})
	w.wantFinding(src, "✓ consumer momento-bridge-r "+words)
	for _, change := range []func(*JetStreamConfig){nil, func(c *JetStreamConfig) { c.DeliverSequence = 0 }} {
		for _, f := range w.source(change).Inspect(t.Context()) {
			if strings.Contains(f.What, words) {
				t.Errorf("without deliver: %s", f.What)
			}
		}
	}
}

// An inspection without permissions says which ones it lacks.
func TestInspectionNamesWhatItMayNotDo(t *testing.T) {
	t.Parallel()
	g := newGuardedServer(t, []string{
		"$JS.API.STREAM.INFO.>", "$JS.ACK.>", "$JS.API.CONSUMER.MSG.NEXT.>",
		"$JS.API.CONSUMER.CREATE.>",
	}, nil)
	newStream(t, g.admin, 0)
	src := guardedSource(t, g, newJetStream(t, g.admin).cfg)
	w := &serverSide{t: t}
	w.wantFinding(src,
		"✗ consumer momento-bridge-r: the NATS user may not publish to "+
			"$JS.API.CONSUMER.CREATE.S.momento-bridge-r.a.>: grant it",
		"! not everything could be looked at: the NATS user may not publish to $JS.API.STREAM.INFO.S: grant it")
	marked := newJetStream(t, g.admin).cfg
	marked.Marked = true
	w.wantFinding(guardedSource(t, g, marked),
		"! batches have no marker: subscribers cannot drop what comes twice: that takes $JS.API.STREAM.INFO.S")
	g.deny([]string{"$JS.ACK.>", "$JS.API.CONSUMER.MSG.NEXT.>"}, nil)
	w.wantFinding(src, "✗ permissions: the NATS user may not publish to $JS.ACK.S.momento-bridge-r.>: grant it",
		"✗ permissions: the NATS user may not publish to $JS.API.CONSUMER.MSG.NEXT.S.momento-bridge-r: grant it",
		"✓ consumer momento-bridge-r does not exist yet")
	g.deny(nil, []string{"_INBOX.>"})
	w.wantFinding(src,
		"✗ permissions: answers cannot be received: the NATS user may not subscribe to _INBOX.>: grant it")
	if consumers := g.consumers(); consumers != 0 {
		t.Errorf("the inspection has made %d consumers", consumers)
	}
}

func (g *guardedServer) consumers() int {
	js := jetStream(g.t, g.admin)
	stream, err := js.Stream(context.WithoutCancel(g.t.Context()), "S")
	if err != nil {
		g.t.Fatal(err)
	}
	return stream.CachedInfo().State.Consumers
}

func TestFiltersOverlap(t *testing.T) {
	t.Parallel()
	f := func(a, b string, want bool) {
		t.Helper()
		if filtersOverlap(strings.Fields(a), strings.Fields(b)) != want || filtersOverlap(strings.Fields(b),
			strings.Fields(a)) != want {
			t.Errorf("%q and %q overlap: %t, want %t", a, b, !want, want)
		}
	}
	f("", "a", true)
	f("a.*", "a.>", true)
	f("a.b", "a.c", false)
	f("a.*", "*.b", true)
	f("a", "a.>", false)
	f("a.b.c", "a.*", false)
	f("a x.>", "b x.y.z", true)
}
