package source

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/subject"
)

func TestSubjectsOfNATSItselfAreReservedUnlessAFilterNamesThem(t *testing.T) {
	t.Parallel()
	conn := func(inbox string) *nats.Conn { return &nats.Conn{Opts: nats.Options{InboxPrefix: inbox}} }
	tests := map[string]struct {
		inbox  string
		filter string
		free   string // Subjects, separated by spaces.
		kept   string
	}{
		"everything": {
			"", ">",
			"a a.b $KV.users.1 $O.files.C.x $other _x inbox.a",
			"$JS.ACK.S.C.1 $JS.API.INFO $SYS.ACCOUNT.A $NRG.V.x _INBOX.a.b _R_.x $KV.momento-bridge.lease $G.x " +
				"$JSC.CI $MQTT.sess.x",
		},
		"the stream as a whole": {"", "", "a.b $KV.users.1", "$JS.ACK.T.D.1 _INBOX.x"},
		"any first token":       {"", "*.>", "a.b", "$JS.ACK.T.D.1 _INBOX.x.y"},
		"a filter that names $JS": {
			"", "$JS.>", "$JS.EVENT.ADVISORY.x $JS.ACK.T.D.1.2.3",
			"$JS.ACK.S.C.1.2.3.4.5 $JS.ACK.hub.abc.S.C.1.2.3.4.5 $JS.API.CONSUMER.MSG.NEXT.S.C",
		},
		"an inbox of one's own":   {"_INBOX_bridge", ">", "a", "_INBOX_bridge.x _INBOX.x"},
		"an inbox without sign":   {"my.inbox", ">", "my.orders", "my.inbox.x"},
		"a filter of inboxes":     {"my.inbox", "my.inbox.>", "my.inbox.x", ""},
		"a bucket of users":       {"", "$KV.>", "$KV.users.1", "$KV.momento-bridge.lease"},
		"the bridge's own bucket": {"", "$KV.momento-bridge.>", "$KV.momento-bridge.lease", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReserved(conn(tt.inbox), []string{tt.filter}, "S", "C")
			for subject := range strings.FieldsSeq(tt.free) {
				if r.has(subject) {
					t.Errorf("%s is reserved", subject)
				}
			}
			for subject := range strings.FieldsSeq(tt.kept) {
				if !r.has(subject) {
					t.Errorf("%s is not reserved", subject)
				}
			}
		})
	}
}

func TestStreamsThatTakeWhatIsSaidAboutTheirConsumersAreKnown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		subjects, filters string
		want              bool
	}{
		"everything":                        {">", "", true},
		"everything, through a filter":      {">", "orders.>", true}, // Deliveries come back under their own subjects.
		"three tokens":                      {"*.*.*", "orders.>", true},
		"inboxes":                           {"_INBOX.>", "orders.>", true},
		"acknowledgements among others":     {"orders.> $JS.ACK.>", "", true},
		"acknowledgements, filtered":        {"orders.> $JS.ACK.>", "orders.>", false},
		"acknowledgements, through a token": {"orders.> $JS.ACK.>", "*.ACK.>", true},
		"those of a domain":                 {"$JS.ACK.hub.*.S.C.>", "", true},
		"those of another consumer":         {"$JS.ACK.S.D.1.2", "", false},
		"users' own":                        {"orders.> $KV.users.>", "", false},
	}
	for name, tt := range tests {
		if got, _ := echoes(strings.Fields(tt.subjects), strings.Fields(tt.filters), "_INBOX.", "S",
			"C"); (got != "") != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// published counts publishes by topic.
type published struct {
	mu sync.Mutex
	by map[string]int
	n  int
}

func (p *published) sink(r *pipeline.Request) pipeline.Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[string]int{}
	}
	p.by[r.Topic]++
	p.n++
	return accepted(r)
}

func (p *published) count(topic string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.by[topic]
}

func (p *published) all() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// everything is a server with a stream S of everything, or one D that has S as its source, and a message in it.
func everything(t *testing.T, user *server.User) (conn *nats.Conn, stream jetstream.Stream) {
	t.Helper()
	_, conn, stream = everythingOn(t, user)
	return conn, stream
}

// everythingOn is everything, with the server.
func everythingOn(t *testing.T, user *server.User) (s *server.Server, conn *nats.Conn, stream jetstream.Stream) {
	t.Helper()
	admin := &server.User{Username: "admin", Password: "p"}
	s = startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{admin, user}})
	at := func(user string) *nats.Conn { return connect(t, ConnectConfig{URL: userURL(s, user)}) }
	root := at("admin")
	js := jetStream(t, root)
	var err error
	if stream, err = js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{">"},
		NoAck: true,
	}); err != nil {
		t.Fatal(err)
	}
	derived := jetstream.StreamConfig{Name: "D", Sources: []*jetstream.StreamSource{{Name: "S", FilterSubject: "a.>"}}}
	if _, err = js.CreateStream(t.Context(), derived); err != nil {
		t.Fatal(err)
	}
	if err := root.Publish("a.b", []byte("x")); err != nil {
		t.Fatal(err)
	}
	return s, at(user.Username), stream
}

// One message in a stream of everything made 121 872 publishes in 9 s. A filter does not help: what is delivered to
// an inbox is stored anew, under its own subject.
func TestStreamOfEverythingIsRefusedInsteadOfFed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stream, filter string
		most           int // Publishes before it is noticed.
	}{
		"whole":              {"S", "", 0},
		"through a filter":   {"S", "a.>", 1000},
		"through a wildcard": {"S", "*.b", 0},
		"through a stream that has it as its source": {"D", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, stream := everything(t, &server.User{Username: "bridge", Password: "p"})
			src := newJetStream(t, conn)
			src.cfg.Stream, src.cfg.Subject, src.cfg.Template = tt.stream, tt.filter, subjectTemplate(t, ">")
			eventually(t, "found by a check", func() bool { // The server may be slow once.
				err := inspected(t.Context(), src)
				return err != nil && strings.Contains(err.Error(), "each message that is consumed would be stored anew")
			})
			got := &published{}
			s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, got.sink)
			eventually(t, "refused", func() bool {
				_, why := src.Ready()
				return strings.Contains(why,
					"the stream "+tt.stream+" takes what is delivered to the inboxes of consumers (_INBOX.>), by "+
						"its subject >")
			})
			before := lastOf(t, stream)
			time.Sleep(100 * time.Millisecond)
			if n := lastOf(t, stream) - before; n > 50 {
				t.Errorf("the stream grows by %d", n)
			}
			s.stop()
			if n := got.all(); n > tt.most {
				t.Errorf("%d publishes", n)
			}
		})
	}
}

// Who may not look at the stream learns it from the first message that is not a user's.
func TestMessageOfNATSItselfStopsTheRoute(t *testing.T) {
	t.Parallel()
	deny := &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.INFO.>"}}}
	conn, stream := everything(t, &server.User{Username: "bridge", Password: "p", Permissions: deny})
	src := newJetStream(t, conn)
	src.cfg.Subject, src.cfg.Template = "", subjectTemplate(t, ">")
	got := &published{}
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, got.sink)
	eventually(t, "stopped with a reason", func() bool {
		_, why := src.Ready()
		return strings.Contains(why, "the stream S holds messages of NATS itself") &&
			strings.Contains(why, "set the route's subject")
	})
	eventually(t, "quiet", func() bool {
		before := lastOf(t, stream)
		time.Sleep(300 * time.Millisecond)
		return lastOf(t, stream)-before < 6
	})
	if n := got.all(); n > 2 || got.count("a.b") != n {
		t.Errorf("%d publishes of one message: %v", n, got.by)
	}
	s.stop()
}

// lastOf is the stream's last sequence. Asking adds some to a stream of everything.
func lastOf(t *testing.T, stream jetstream.Stream) uint64 {
	t.Helper()
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.State.LastSeq
}

func TestCoreRouteOfEverythingLeavesTheTrafficOfNATSAlone(t *testing.T) {
	t.Parallel()
	srv := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	conn := connect(t, ConnectConfig{URL: srv.ClientURL()})
	newStream(t, conn, 50)
	got, other := &published{}, &published{}
	core := NewCore(conn, CoreConfig{
		Route: "core", Subject: ">", Queue: "q", Template: subjectTemplate(t, ">"),
		MaxBytes: 1 << 20,
	}, quiet())
	all := startStage(t, core, pipeline.RouteConfig{Drops: true}, 1000, got.sink)
	eventually(t, "subscribed", func() bool { ok, _ := core.Ready(); return ok })
	s := startStage(t, newJetStream(t, conn), pipeline.RouteConfig{Returnable: true}, 1000, other.sink)
	eventually(t, "the stream carried", func() bool { return other.all() == 50 })
	if err := conn.Publish("orders.1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.stop()
	eventually(t, "a message of a user", func() bool { return got.count("orders.1") == 1 })
	all.stop()
	if got.all() != 1 {
		t.Errorf("published %v, want orders.1 alone", got.by)
	}
}

// Replicas that report each second would take a part of the quota that grows with their number.
func TestCoreRouteOfEverythingLeavesWhatBridgesTellEachOtherAlone(t *testing.T) {
	t.Parallel()
	users := []string{
		"mb.orders", "mb.orders.1", "mb.g.12345678.x", "mb.g.1234567g.r", "mb.g.shop.r", "mb.g.canary-yellow",
		"mb.g.canary.2.bird", "mb.canary", "amb.g.canary",
	}
	bridges := []string{
		"mb.g.canary", "mb.g.canary.0123456789abcdef", "mb.g.12345678.r", "mb.other.0a1b2c3d.l", "mb.g.12345678.h",
		"mb.g.12345678.n.check",
	}
	for filter, want := range map[string][]string{
		">": users, "*.g.>": users[2:], "mb.g.>": slices.Concat(bridges, users[2:]),
	} {
		t.Run(filter, func(t *testing.T) {
			t.Parallel()
			srv := startServer(t, server.Options{})
			conn := connect(t, ConnectConfig{URL: srv.ClientURL()})
			got := &published{}
			core := NewCore(conn, CoreConfig{
				Route: "core", Subject: filter, Queue: "q", Template: subjectTemplate(t, filter), MaxBytes: 1 << 20,
			}, quiet())
			s := startStage(t, core, pipeline.RouteConfig{Drops: true}, 1000, got.sink)
			eventually(t, "subscribed", func() bool { ok, _ := core.Ready(); return ok })
			const last = "mb.g.last"
			for _, to := range append(slices.Concat(bridges, users), last) {
				if err := conn.Publish(to, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the last", func() bool { return got.count(last) == 1 })
			s.stop()
			for _, to := range slices.Concat(bridges, users) {
				expected := subject.Overlap(filter, to) && slices.Contains(want, to)
				if carried := got.count(to) == 1; carried != expected {
					t.Errorf("%s: it is published: %t", to, carried)
				}
			}
		})
	}
}
