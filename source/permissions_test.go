package source

import (
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// guardedServer is a server with an admin and a bridge, whose permissions can be changed while it runs.
type guardedServer struct {
	t      *testing.T
	server *server.Server
	dir    string
	admin  *nats.Conn
}

// options are the server's, with what the bridge may not publish and subscribe to.
func (g *guardedServer) options(publish, subscribe []string) server.Options {
	return server.Options{
		JetStream: true, StoreDir: g.dir, Host: "127.0.0.1", NoSigs: true, NoLog: true,
		Users: []*server.User{
			{Username: "admin", Password: "p"},
			{Username: "bridge", Password: "p", Permissions: &server.Permissions{
				Publish: &server.SubjectPermission{
					Allow: []string{">"},
					Deny:  publish,
				}, Subscribe: &server.SubjectPermission{Allow: []string{">"}, Deny: subscribe},
			}},
		},
	}
}

func newGuardedServer(t *testing.T, publish, subscribe []string) *guardedServer {
	t.Helper()
	g := &guardedServer{t: t, dir: t.TempDir()}
	g.server = startServer(t, g.options(publish, subscribe))
	g.admin = g.connect("admin")
	return g
}

func (g *guardedServer) connect(user string) *nats.Conn {
	g.t.Helper()
	return connect(g.t, ConnectConfig{URL: userURL(g.server, user)})
}

// deny changes what the bridge may not do, as a reload of the server's configuration does.
func (g *guardedServer) deny(publish, subscribe []string) {
	g.t.Helper()
	o := g.options(publish, subscribe)
	o.Port = g.server.Addr().(*net.TCPAddr).Port
	if err := g.server.ReloadOptions(&o); err != nil {
		g.t.Fatal(err)
	}
}

// tally counts what is published.
type tally struct {
	mu  sync.Mutex
	got map[string]int
}

func (c *tally) accept(r *pipeline.Request) pipeline.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.got == nil {
		c.got = map[string]int{}
	}
	c.got[string(r.Payload)]++
	return accepted(r)
}

// counts returns how many different messages were published, and how many more than once.
func (c *tally) counts() (different, doubled int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range maps.Values(c.got) {
		if n > 1 {
			doubled++
		}
	}
	return len(c.got), doubled
}

func awaitReason(t *testing.T, src *JetStream, words ...string) {
	t.Helper()
	eventually(t, "saying "+strings.Join(words, ", "), func() bool {
		ok, why := src.Ready()
		for _, w := range words {
			ok = ok || !strings.Contains(why, w)
		}
		return !ok
	})
}

func awaitReady(t *testing.T, src *JetStream) {
	t.Helper()
	eventually(t, "ready", func() bool { ok, _ := src.Ready(); return ok })
}

func TestRefusedAcknowledgementsStopTheRouteAndAreSentAgainOnceAllowed(t *testing.T) {
	t.Parallel()
	g := newGuardedServer(t, nil, nil)
	consumer, src := impatient(t, g.admin, 20)
	src = guardedSource(t, g, src.cfg)
	var got tally
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, got.accept)
	eventually(t, "published", func() bool { n, _ := got.counts(); return n == 20 })
	g.deny([]string{"$JS.ACK.>"}, nil)
	publishNumbers(t, g.admin, 20, 40)
	awaitReason(t, src, "the NATS user may not publish to $JS.ACK.S.momento-bridge-r.>: grant it",
		"nothing more is asked for")
	eventually(t, "no request open", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil &&
			info.NumWaiting == 0
	})
	publishNumbers(t, g.admin, 40, 60)
	time.Sleep(impatience + time.Second)
	if n, doubled := got.counts(); n > 40 || doubled > 0 {
		t.Errorf("%d published, %d of them more than once, while acknowledgements do not arrive", n, doubled)
	}
	g.deny(nil, nil)
	eventually(t, "all published", func() bool { n, _ := got.counts(); return n == 60 })
	awaitReady(t, src)
	eventually(t, "all acknowledged", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumAckPending == 0 && info.NumPending == 0
	})
	if _, doubled := got.counts(); doubled > 0 {
		t.Errorf("%d published more than once", doubled)
	}
	s.stop()
}

// Meanwhile nobody asks for messages, and a consumer with an inactive_threshold would be deleted.
func TestNothingIsPublishedWhereAcknowledgementsAreRefusedFromTheBeginning(t *testing.T) {
	t.Parallel()
	g := newGuardedServer(t, []string{"$JS.ACK.>"}, nil)
	stream := newStream(t, g.admin, 10)
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: own, AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, FilterSubject: "a.>",
		InactiveThreshold: 3 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	src := guardedSource(t, g, newJetStream(t, g.admin).cfg)
	var got tally
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, got.accept)
	awaitReason(t, src, "may not publish to $JS.ACK.S.momento-bridge-r.>: grant it")
	time.Sleep(4500 * time.Millisecond) // Longer than the threshold.
	if info, err := consumer.Info(t.Context()); err != nil || info.Delivered.Consumer > 0 {
		t.Errorf("the consumer was deleted, or asked for messages: %v", err)
	}
	if n, _ := got.counts(); n > 0 {
		t.Errorf("%d published", n)
	}
	g.deny(nil, nil)
	eventually(t, "all published", func() bool { n, _ := got.counts(); return n == 10 })
	s.stop()
}

// Whatever consuming needs is named when it is refused, and used as soon as it is granted.
func TestEachRefusedPermissionIsNamedAndUsedOnceGranted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		publish, subscribe []string
		want               string
	}{
		"requests for messages": {
			publish: []string{"$JS.API.CONSUMER.MSG.NEXT.>"},
			want:    "may not publish to $JS.API.CONSUMER.MSG.NEXT.S.momento-bridge-r: grant it",
		},
		"the consumer": {
			publish: []string{"$JS.API.CONSUMER.INFO.>"},
			want:    "may not publish to $JS.API.CONSUMER.INFO.S.momento-bridge-r: grant it",
		},
		"creating": {
			publish: []string{"$JS.API.CONSUMER.CREATE.>"},
			want:    "may not publish to $JS.API.CONSUMER.CREATE.S.momento-bridge-r.a.>: grant it",
		},
		"the inbox": {subscribe: []string{"_INBOX.>"}, want: "may not subscribe to _INBOX.>: grant it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuardedServer(t, tt.publish, tt.subscribe)
			newStream(t, g.admin, 10)
			src := guardedSource(t, g, newJetStream(t, g.admin).cfg)
			var got tally
			s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, got.accept)
			awaitReason(t, src, tt.want)
			g.deny(nil, nil)
			eventually(t, "all published", func() bool { n, _ := got.counts(); return n == 10 })
			awaitReady(t, src)
			s.stop()
		})
	}
}

func TestDeadLetterThatMayNotBePublishedSaysSo(t *testing.T) {
	t.Parallel()
	g := newGuardedServer(t, []string{"dead.>"}, nil)
	newStream(t, g.admin, 0)
	letters, err := NewDeadLetters(g.connect("bridge"), "dead.r", quiet())
	if err != nil {
		t.Fatal(err)
	}
	err = letters.Keep(&pipeline.Message{Payload: []byte("x")}, pipeline.Rejection{Route: "r"})
	if err == nil || !strings.Contains(err.Error(), "the NATS user may not publish to dead.r: grant it") {
		t.Errorf("Keep = %v", err)
	}
}

// guardedSource is a source whose user is the bridge.
func guardedSource(t *testing.T, g *guardedServer, cfg JetStreamConfig) *JetStream {
	t.Helper()
	conn := g.connect("bridge")
	src, err := NewJetStream(conn, NewAcks(conn), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); src.acks.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return src
}

func publishNumbers(t *testing.T, conn *nats.Conn, from, to int) {
	t.Helper()
	js := jetStream(t, conn)
	for i := from; i < to; i++ {
		if _, err := js.Publish(t.Context(), "a.b", []byte(strings.Repeat("x", i+10))); err != nil &&
			!errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}
