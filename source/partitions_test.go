package source

import (
	"context"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
	"momento-bridge/test/long"
)

// partitionsOfS shares S out by its subjects a.*.
func partitionsOfS(t *testing.T, n int) *Partitions {
	t.Helper()
	keys, err := template.Keys([]string{"a.*"}, "{{subject}}")
	if err != nil {
		t.Fatal(err)
	}
	return &Partitions{Stream: "P", Source: "S", Count: n, Filters: []string{"a.*"}, Keys: keys, Create: true}
}

// crew is a daemon that carries all partitions of a route.
type crew struct {
	sources []*JetStream
	pipe    *pipeline.Pipeline
	dead    atomic.Bool
	end     func()
	kill    func()
}

// startCrew starts one with a connection of its own.
func startCrew(t *testing.T, url string, p *Partitions, sink sinkFunc) *crew {
	t.Helper()
	conn := connect(t, ConnectConfig{URL: url})
	acks, c := NewAcks(conn), &crew{}
	base := JetStreamConfig{
		Route: "r", Stream: p.Source, Create: p.Create, Ordered: true, Template: subjectTemplate(t, "a.*"),
		Circumstances: usual(math.Inf(1)),
	}
	cfg := pipeline.Config{
		Workers: 8, Timeout: 5 * time.Second, MaxMessages: 4000, MaxBytes: 1 << 20,
		Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: math.Inf(1)}}, Delays: pipeline.DefaultDelays(),
	}
	for n := range p.Count {
		src, err := NewJetStream(conn, acks, p.Config(base, n), quiet())
		if err != nil {
			t.Fatal(err)
		}
		c.sources = append(c.sources, src)
		cfg.Routes = append(cfg.Routes, pipeline.RouteConfig{
			Name: "r", Cache: "c", Partition: n + 1, Ordered: true, Returnable: true, MaxPayload: 1 << 20,
			Settler: src,
		})
	}
	c.pipe = pipeline.New(cfg, sinkFunc(func(r *pipeline.Request) pipeline.Answer {
		if c.dead.Load() {
			return pipeline.Answer{Verdict: pipeline.Ambiguous, Result: pipeline.ResultTimeout}
		}
		return sink(r)
	}), quiet(), pipeline.NewMetrics(prometheus.NewRegistry()))
	ctx, stop := context.WithCancel(t.Context())
	hard, halt := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { c.pipe.Run(hard) })
	for n, src := range c.sources {
		all.Go(func() {
			if err := src.Run(ctx, hard, c.pipe.Route(n)); err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
	c.end = func() {
		stop()
		all.Wait()
		if err := acks.Flush(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("Flush = %v", err)
		}
		halt()
		conn.Close()
	}
	c.kill = func() {
		c.dead.Store(true)
		conn.Close()
		stop()
		halt()
		all.Wait()
	}
	t.Cleanup(func() { stop(); halt(); all.Wait() })
	return c
}

func (c *crew) ready() bool {
	for _, src := range c.sources {
		if ready, _ := src.Ready(); !ready {
			return false
		}
	}
	return true
}

func TestPartitionsKeepTheOrderOfEachTopicThroughKills(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	conn := connect(t, ConnectConfig{URL: s.ClientURL()})
	newStream(t, conn, 0)
	const topics = 40
	kills, each := long.Or(2, 12), 400
	f := newFirsts()
	slowly := sinkFunc(func(r *pipeline.Request) pipeline.Answer { // So that messages are held when it is killed.
		time.Sleep(time.Millisecond)
		return f.accept(r)
	})
	sent := 0
	for range kills {
		c := startCrew(t, s.ClientURL(), partitionsOfS(t, 4), slowly)
		numbered(t, conn, topics, sent, each)
		sent += each
		half := sent - each/2
		eventually(t, "half of it published", func() bool { return f.count() >= half })
		c.kill()
	}
	c := startCrew(t, s.ClientURL(), partitionsOfS(t, 4), slowly)
	numbered(t, conn, topics, sent, each)
	sent += each
	eventually(t, "all published", func() bool { return f.count() == sent })
	eventually(t, "ready", c.ready)
	if r := c.pipe.Stats().Routes; len(r) != 1 || r[0].Name != "r" {
		t.Errorf("people see %d routes", len(r))
	}
	c.end()
	f.want(t, sent)
	eventually(t, "an empty partition stream", func() bool { // The server sees to acknowledgements after reading.
		left, err := jetStream(t, conn).Stream(t.Context(), "P")
		return err == nil && left.CachedInfo().State.Msgs == 0
	})
}

// Servers and the program take the same subjects for the same topic, and each partition has its own.
func TestSubjectsComeFromPartitionsAsTheyWereSent(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	conn := connect(t, ConnectConfig{URL: s.ClientURL()})
	newStream(t, conn, 0)
	f := newFirsts()
	c := startCrew(t, s.ClientURL(), partitionsOfS(t, 4), f.accept)
	numbered(t, conn, 30, 0, 60)
	eventually(t, "all published", func() bool { return f.count() == 60 })
	for topic, n := range f.next {
		if n != 2 || !strings.HasPrefix(topic, "a.") || strings.Count(topic, ".") != 1 {
			t.Errorf("topic %q had %d", topic, n)
		}
	}
	used := 0
	for n, src := range c.sources {
		if _, settled := src.held.count(); settled > 0 {
			used++
		} else {
			t.Logf("partition %d had nothing", n)
		}
	}
	if used < 3 {
		t.Errorf("30 topics are in %d of 4 partitions", used)
	}
	c.end()
}

func TestDeadLetterOfAPartitionNamesTheStreamItself(t *testing.T) {
	t.Parallel()
	p := &Partitions{Stream: "P", Source: "S"}
	header := map[string][]string{sourceHeader: {"S 17 a.* {{partition(4,1)}}.a.{{wildcard(1)}} a.x"}}
	for _, test := range []struct {
		stream   string
		header   map[string][]string
		want     string
		sequence uint64
	}{
		{"P", header, "S", 17}, {"P", nil, "P", 3}, {"Q", header, "Q", 3},
	} {
		if stream, n := p.stored(test.stream, 3, test.header); stream != test.want || n != test.sequence {
			t.Errorf("stored(%s, %v) = %s %d, want %s %d", test.stream, test.header, stream, n, test.want,
				test.sequence)
		}
	}
}

func TestPartitionStreamThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	p, newest := partitionsOfS(t, 4), version{2, 15}
	for _, test := range []struct {
		name    string
		change  func(*jetstream.StreamConfig)
		server  version
		waiting uint64
		words   string
	}{
		{"as it is made", func(*jetstream.StreamConfig) {}, newest, 7, ""},
		{"a safety net", func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 30 }, newest, 0, ""},
		{"a limit, on an older server", func(c *jetstream.StreamConfig) {
			c.MaxMsgs = 500
		}, version{2, 12}, 0, "2.15"},
		{"what deletes", func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }, newest, 0, "not been published"},
		{"no work queue", func(c *jetstream.StreamConfig) {
			c.Retention = jetstream.LimitsPolicy
		}, newest, 0, "work queue"},
		{"subjects of its own", func(c *jetstream.StreamConfig) { c.Subjects = []string{"x"} }, newest, 0, "alone"},
		{"another source", func(c *jetstream.StreamConfig) { c.Sources[0].Name = "T" }, newest, 0, "alone"},
		{"another subject", func(c *jetstream.StreamConfig) {
			c.Sources[0].SubjectTransforms[0].Source = "b.*"
		}, newest, 0, "other subjects"},
		{"another number, with messages", func(c *jetstream.StreamConfig) {
			c.Sources[0].SubjectTransforms = partitionsOfS(t, 8).transforms()
		}, newest, 12, "set partitions: 8 until what waits in it (12)"},
		{"another number, empty", func(c *jetstream.StreamConfig) {
			c.Sources[0].SubjectTransforms = partitionsOfS(t, 8).transforms()
		}, newest, 0, "it is empty"},
	} {
		cfg := p.config(nil, test.server)
		test.change(&cfg)
		err := p.check(&cfg, test.waiting, test.server)
		if test.words == "" && err != nil ||
			test.words != "" && (err == nil || !strings.Contains(err.Error(), test.words)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.words)
		}
	}
}

func TestStreamsThatCannotBeSharedOutAreRefused(t *testing.T) {
	t.Parallel()
	p := partitionsOfS(t, 4)
	for retention, words := range map[jetstream.RetentionPolicy]string{
		jetstream.LimitsPolicy: "", jetstream.WorkQueuePolicy: "is a work queue", jetstream.InterestPolicy: "interest",
	} {
		err := p.checkSource(&jetstream.StreamConfig{Retention: retention})
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%v: %v, want %q", retention, err, words)
		}
	}
	whole := &Partitions{Filters: []string{"a.>"}, Keys: []template.Key{{Whole: true}}}
	for _, test := range []struct {
		p    *Partitions
		v    version
		good bool
	}{
		{p, version{2, 9}, false},
		{p, version{2, 10}, true},
		{p, version{}, true},
		{p, version{3, 0}, true},
		{whole, version{2, 11}, false},
		{whole, version{2, 12}, true},
	} {
		if err := test.p.supported(test.v); (err == nil) != test.good {
			t.Errorf("%v with %v: %v", test.p.Filters, test.v, err)
		}
	}
}

// Where the user may not make the stream it is said who can, and how; what that makes is what the route takes.
func TestMissingPartitionStreamIsMadeByTheLineThatIsPrinted(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 0)
	p := partitionsOfS(t, 4)
	p.Create, p.New = false, true
	src, err := NewJetStream(conn, NewAcks(conn), p.Config(JetStreamConfig{
		Route: "r", Template: subjectTemplate(t, "a.*"), Circumstances: usual(math.Inf(1)),
	}, 0), quiet())
	if err != nil {
		t.Fatal(err)
	}
	err = src.preparePartitions(t.Context())
	if err == nil || !strings.Contains(err.Error(), "create_consumer: true") {
		t.Fatalf("without the stream: %v", err)
	}
	_, line, _ := strings.Cut(err.Error(), "`nats request '")
	subject, rest, _ := strings.Cut(line, "' '")
	settings, _, _ := strings.Cut(rest, "'")
	if subject != "$JS.API.STREAM.CREATE.P" {
		t.Fatalf("the line asks %q in %v", subject, err)
	}
	answer, err := conn.Request(subject, []byte(settings), time.Minute)
	if err != nil || strings.Contains(string(answer.Data), `"error"`) {
		t.Fatalf("%s: %v, %s", settings, err, answer.Data)
	}
	if err := src.preparePartitions(t.Context()); err != nil {
		t.Errorf("with the stream: %v", err)
	}
}

func TestDeliverSaysWhereFillingBegins(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 0)
	numbered(t, conn, 5, 0, 50)
	for name, test := range map[string]struct {
		change func(*Partitions)
		want   uint64
	}{
		"all": {func(*Partitions) {}, 50}, "new": {func(p *Partitions) { p.New = true }, 0},
		"sequence": {func(p *Partitions) { p.Sequence = 41 }, 10},
	} {
		p := partitionsOfS(t, 4)
		p.Stream = "P-" + name[:1]
		test.change(p)
		src, err := NewJetStream(conn, NewAcks(conn), p.Config(JetStreamConfig{
			Route: "r", Template: subjectTemplate(t, "a.*"), Circumstances: usual(math.Inf(1)),
		}, 0), quiet())
		if err != nil {
			t.Fatal(err)
		}
		if err := src.preparePartitions(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got uint64
		eventually(t, name+" filled", func() bool {
			stream, err := jetStream(t, conn).Stream(t.Context(), p.Stream)
			if err != nil {
				return false
			}
			info := stream.CachedInfo()
			got = info.State.Msgs
			return got >= test.want && info.Sources[0].Active >= 0 && info.Sources[0].Lag == 0
		})
		if got != test.want {
			t.Errorf("%s: %d messages, want %d", name, got, test.want)
		}
	}
}

// What was published is gone from the partition stream, and with it what was filled in last. Servers know it.
func TestRestartedServersFillNothingInAgain(t *testing.T) {
	t.Parallel()
	o := server.Options{JetStream: true, StoreDir: t.TempDir()}
	s := startServer(t, o)
	f := newFirsts()
	conn := connect(t, ConnectConfig{URL: s.ClientURL()})
	newStream(t, conn, 0)
	c := startCrew(t, s.ClientURL(), partitionsOfS(t, 4), f.accept)
	numbered(t, conn, 10, 0, 200)
	eventually(t, "all published", func() bool { return f.count() == 200 })
	c.end()
	conn.Close()
	s.Shutdown()
	s.WaitForShutdown()
	s = startServer(t, o)
	conn = connect(t, ConnectConfig{URL: s.ClientURL()})
	c = startCrew(t, s.ClientURL(), partitionsOfS(t, 4), f.accept)
	eventually(t, "ready", c.ready)
	numbered(t, conn, 10, 200, 100)
	eventually(t, "the rest published", func() bool { return f.count() == 300 })
	c.end()
	f.want(t, 100) // Of the 200, if all were filled in again. A server that ends may lose the last acknowledgements.
}
