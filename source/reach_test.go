package source

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// poisonOne rejects the message 1.
func poisonOne(r *pipeline.Request) pipeline.Answer {
	if string(r.Payload) == "1" {
		return pipeline.Answer{Verdict: pipeline.Reject, Result: pipeline.Result400, Status: 400, Reason: "bad_request"}
	}
	return accepted(r)
}

// carry carries three messages of the stream S over a connection, of which one becomes a dead letter, and waits until
// the stream's own server knows.
func carry(t *testing.T, conn *nats.Conn, stream jetstream.Stream, ordered bool) {
	t.Helper()
	dead, err := NewDeadLetters(conn, "dead.r", quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Check(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	src := newJetStream(t, conn)
	src.cfg.Ordered = ordered
	if err := inspected(t.Context(), src); err != nil {
		t.Error(err)
	}
	st := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: ordered, DeadLetters: dead},
		100, poisonOne)
	eventually(t, "settled", func() bool {
		settled := st.pipe.Stats().Routes[0].Settled
		return settled[pipeline.Published] == 2 && settled[pipeline.DeadLettered] == 1
	})
	st.stop()
	eventually(t, "acknowledged", func() bool {
		consumer, err := stream.Consumer(t.Context(), "momento-bridge-r")
		return err == nil && consumer.CachedInfo().NumAckPending == 0 && consumer.CachedInfo().NumPending == 0
	})
	replay, err := NewReplay(conn, "dead.r", func(Letter) bool { return true }, quiet())
	if err != nil {
		t.Fatal(err)
	}
	letters := 0
	if err := replay.List(t.Context(), func(Letter) { letters++ }); err != nil || letters != 1 {
		t.Errorf("replay finds %d dead letters, %v, want 1", letters, err)
	}
}

// startLeaf returns a hub with JetStream in the domain hub, and a leaf node that is connected to it, with JetStream
// of its own.
func startLeaf(t *testing.T) (hub, leaf *server.Server) {
	t.Helper()
	o := server.Options{ServerName: "hub", JetStream: true, StoreDir: t.TempDir(), JetStreamDomain: "hub"}
	o.LeafNode.Host, o.LeafNode.Port = "127.0.0.1", server.RANDOM_PORT
	hub = startServer(t, o)
	state, err := hub.Varz(nil)
	if err != nil {
		t.Fatal(err)
	}
	address := &url.URL{Scheme: "nats-leaf", Host: fmt.Sprint("127.0.0.1:", state.LeafNode.Port)}
	o = server.Options{ServerName: "leaf", JetStream: true, StoreDir: t.TempDir(), JetStreamDomain: "leaf"}
	o.LeafNode.Remotes = []*server.RemoteLeafOpts{{URLs: []*url.URL{address}}}
	leaf = startServer(t, o)
	eventually(t, "the leaf node connected", func() bool { return hub.NumLeafNodes() == 1 && leaf.NumLeafNodes() == 1 })
	return hub, leaf
}

func TestStreamOfAnotherDomainIsReached(t *testing.T) {
	t.Parallel()
	for name, api := range map[string]API{"domain": {Domain: "hub"}, "api_prefix": {Prefix: "$JS.hub.API"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub, leaf := startLeaf(t)
			there := connect(t, ConnectConfig{URL: hub.ClientURL()})
			stream := newStream(t, there, 3)
			carry(t, connect(t, ConnectConfig{URL: leaf.ClientURL(), API: api}), stream, name == "domain")
		})
	}
}

// What another replica had been given, and has not acknowledged, is taken in hand across domains, too.
func TestUnacknowledgedOfAnotherDomainIsSettledInOrder(t *testing.T) {
	t.Parallel()
	hub, leaf := startLeaf(t)
	stream := newStream(t, connect(t, ConnectConfig{URL: hub.ClientURL()}), 5)
	src := newJetStream(t, connect(t, ConnectConfig{URL: leaf.ClientURL(), API: API{Domain: "hub"}}))
	src.cfg.Ordered = true
	desired, _, err := src.cfg.Desired()
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.CreateConsumer(t.Context(), desired)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.Fetch(3)
	if err != nil {
		t.Fatal(err)
	}
	for range batch.Messages() { // They are never acknowledged.
	}
	sink := topicsOf{got: map[string]string{}}
	st := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 100, sink.accept)
	eventually(t, "published in order", func() bool { return sink.all()["a.b"] == "01234" })
	st.stop()
}

// inspected is why a route could not run.
func inspected(ctx context.Context, j *JetStream) error {
	var errs []error
	for _, found := range j.Inspect(ctx) {
		errs = append(errs, found.Err)
	}
	return errors.Join(errs...)
}

func TestMissingStreamNamesTheDomain(t *testing.T) {
	t.Parallel()
	hub, leaf := startLeaf(t)
	newStream(t, connect(t, ConnectConfig{URL: hub.ClientURL()}), 1)
	for _, tt := range []struct {
		api  API
		want string
	}{
		{API{}, "set nats.domain where it is in another JetStream domain"},
		{API{Domain: "leaf"}, "asked in the domain leaf, nats.domain"},
		{API{Domain: "moon"}, "asked in the domain moon, nats.domain"},
		{API{Prefix: "JS.acc"}, "asked under JS.acc, nats.api_prefix"},
	} {
		src := newJetStream(t, connect(t, ConnectConfig{URL: leaf.ClientURL(), API: tt.api}))
		if err := inspected(t.Context(), src); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q in it", tt.api, err, tt.want)
		}
	}
}

// docs/permissions.md lists what the daemon's user needs. Here it has that and nothing else, and inboxes of its own.
func TestInboxPrefixOfARestrictedUserIsUsed(t *testing.T) {
	t.Parallel()
	as := restricted(t, &server.Permissions{
		Publish:   &server.SubjectPermission{Deny: []string{"_INBOX.>"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX_bridge.>"}},
	})
	stream := newStream(t, connect(t, as("admin")), 3)
	daemon := as("daemon")
	daemon.InboxPrefix = "_INBOX_bridge"
	conn := connect(t, daemon)
	carry(t, conn, stream, true)
	if err := conn.LastError(); err != nil {
		t.Errorf("the server refused something: %v", err)
	}
	usual := newJetStream(t, connect(t, as("daemon")))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := inspected(ctx, usual); err == nil || !strings.Contains(err.Error(), "subscribe to _INBOX.>") ||
		!strings.Contains(err.Error(), "nats.inbox_prefix") {
		t.Errorf("with the usual inboxes: %v, want that nats.inbox_prefix is named", err)
	}
}

func TestServerThatDoesTLSFirstIsReached(t *testing.T) {
	t.Parallel()
	secured := httptest.NewTLSServer(nil) // For its certificate only.
	defer secured.Close()
	ca := file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secured.Certificate().Raw})))
	s := startServer(t, server.Options{
		TLS: true, TLSTimeout: 0.3, TLSHandshakeFirst: true,
		TLSConfig: &tls.Config{Certificates: secured.TLS.Certificates, MinVersion: tls.VersionTLS12},
	})
	address := s.Addr().String()
	connect(t, ConnectConfig{URL: address, CAFile: ca, HandshakeFirst: true})
	failures := make(chan error, 16)
	conn, err := Connect(ConnectConfig{URL: address, CAFile: ca, Failed: func(err error) {
		select {
		case failures <- err:
		default:
		}
	}}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := <-failures; !strings.Contains(Advice(err), "nats.tls.handshake_first: true") {
		t.Errorf("without it the error is %v, the advice %q", err, Advice(err))
	}
}

func TestServersNeedNoScheme(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	connect(t, ConnectConfig{URL: s.Addr().String()})
	connect(t, ConnectConfig{URL: "127.0.0.1:1, " + s.Addr().String()})
}

// A server takes its own domain out of a subject before it looks at permissions.
func TestPermissionsWithinTheServersOwnDomainAreThePlainOnes(t *testing.T) {
	t.Parallel()
	may := func(subjects ...string) *server.Permissions {
		return &server.Permissions{Publish: &server.SubjectPermission{Allow: append(subjects, "$JS.ACK.>")}}
	}
	s := startServer(t, server.Options{
		JetStream: true, StoreDir: t.TempDir(), JetStreamDomain: "hub",
		Users: []*server.User{
			{Username: "admin", Password: "p"},
			{Username: "plain", Password: "p", Permissions: may("$JS.API.>")},
		},
	})
	as := func(user string) ConnectConfig { return ConnectConfig{URL: userURL(s, user), API: API{Domain: "hub"}} }
	newStream(t, connect(t, as("admin")), 0)
	src := newJetStream(t, connect(t, as("plain")))
	if err := inspected(t.Context(), src); err != nil {
		t.Errorf("with the plain subjects: %v", err)
	}
	const words = "may publish to $JS.hub.API.CONSUMER.> (to $JS.API.CONSUMER.> where the server itself is in the " +
		"domain hub)"
	// What those without them meet.
	if err := src.explain(context.DeadlineExceeded); !strings.Contains(err.Error(), words) {
		t.Errorf("no answer: %v, want %q in it", err, words)
	}
}
