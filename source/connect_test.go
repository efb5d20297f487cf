package source

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"momento-bridge/pipeline"
	"momento-bridge/test/lab"
)

// file writes a secret into a file and returns its name.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryKindOfCredentialConnects(t *testing.T) {
	t.Parallel()
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := user.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	secured := httptest.NewTLSServer(nil) // For its certificate only.
	defer secured.Close()
	ca := file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secured.Certificate().Raw})))
	tests := map[string]struct {
		server server.Options
		client ConnectConfig
	}{
		"user and password": {
			server.Options{Username: "u", Password: "p"},
			ConnectConfig{User: "u", PasswordFile: file(t, "p\n")},
		},
		"token": {server.Options{Authorization: "tok"}, ConnectConfig{TokenFile: file(t, " tok\n")}},
		"nkey": {
			server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}},
			ConnectConfig{NKeyFile: file(t, string(seed))},
		},
		"tls": {
			server.Options{TLS: true, TLSConfig: &tls.Config{
				Certificates: secured.TLS.Certificates,
				MinVersion:   tls.VersionTLS12,
			}},
			ConnectConfig{CAFile: ca},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.client.URL = startServer(t, tt.server).ClientURL()
			connect(t, tt.client)
		})
	}
}

func TestReplacedPasswordIsReadAtTheNextAttempt(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{Username: "u", Password: "right"})
	password := file(t, "wrong")
	conn, err := Connect(ConnectConfig{URL: s.ClientURL(), User: "u", PasswordFile: password}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if conn.IsConnected() {
		t.Fatal("connected with a wrong password")
	}
	if err := os.WriteFile(password, []byte("right"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected", conn.IsConnected)
}

func TestConsumptionGoesOnAfterTheServerHasRestarted(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), portOf(lab.FreeAddress())
	s := startServer(t, server.Options{JetStream: true, StoreDir: dir, Port: port})
	conn := connect(t, ConnectConfig{URL: s.ClientURL()})
	newStream(t, conn, 10)
	src := newJetStream(t, conn)
	st := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "published", st.published(10))
	s.Shutdown()
	s.WaitForShutdown()
	startServer(t, server.Options{JetStream: true, StoreDir: dir, Port: port})
	js := jetStream(t, conn)
	eventually(t, "stored after the restart", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := js.Publish(ctx, "a.b", []byte("after"))
		return err == nil
	})
	eventually(t, "published after the restart", st.published(11))
	st.stop()
}

// restricted starts a server with an admin and a daemon of these permissions, and returns how they connect.
func restricted(t *testing.T, daemon *server.Permissions) (as func(user string) ConnectConfig) {
	t.Helper()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{
		{Username: "daemon", Password: "p", Permissions: daemon}, {Username: "admin", Password: "p"},
	}})
	password := file(t, "p")
	return func(user string) ConnectConfig {
		return ConnectConfig{URL: s.ClientURL(), User: user, PasswordFile: password}
	}
}

// docs/permissions.md lists what the daemon's user needs. Here it has that and nothing else.
func TestListedPermissionsSuffice(t *testing.T) {
	t.Parallel()
	as := restricted(t, &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			"$JS.API.CONSUMER.INFO.S.momento-bridge-r", "$JS.API.CONSUMER.CREATE.S.momento-bridge-r.>",
			"$JS.API.CONSUMER.MSG.NEXT.S.momento-bridge-r", "$JS.ACK.>", "dead.r", "$JS.API.STREAM.NAMES",
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
	})
	stream := newStream(t, connect(t, as("admin")), 3)
	conn := connect(t, as("daemon"))
	dead, err := NewDeadLetters(conn, "dead.r", quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Check(t.Context(), ""); err != nil {
		t.Error(err)
	}
	st := startStage(t, newJetStream(t, conn), pipeline.RouteConfig{Returnable: true, DeadLetters: dead}, 100,
		func(r *pipeline.Request) pipeline.Answer {
			if string(r.Payload) == "1" {
				return pipeline.Answer{
					Verdict: pipeline.Reject, Result: pipeline.Result400, Status: 400,
					Reason: "bad_request",
				}
			}
			return accepted(r)
		})
	eventually(t, "settled", func() bool {
		settled := st.pipe.Stats().Routes[0].Settled
		return settled[pipeline.Published] == 2 && settled[pipeline.DeadLettered] == 1
	})
	st.stop()
	awaitAcknowledged(t, stream)
	if err := conn.LastError(); err != nil {
		t.Errorf("the server refused something: %v", err)
	}
}

func TestBrokenURLIsExplainedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	if conn, err := Connect(ConnectConfig{URL: "nats://user:pass%word@127.0.0.1:4222"}, quiet()); err == nil {
		conn.Close()
		t.Error("a broken URL is accepted")
	} else if strings.Contains(err.Error(), "word") {
		t.Errorf("the error shows the password: %v", err)
	}
}
