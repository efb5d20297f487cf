//go:build unix

package source

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// identity is a key pair: its seed and its public key.
type identity struct {
	pair         nkeys.KeyPair
	seed, public string
}

func newIdentity(t *testing.T, prefix nkeys.PrefixByte) identity {
	t.Helper()
	pair, err := nkeys.CreatePair(prefix)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return identity{pair, string(seed), public}
}

// jwt returns a JWT of this identity for another.
func (i identity) jwt(t *testing.T, subject identity, kind string, expires time.Time, body map[string]any) string {
	t.Helper()
	body["type"], body["version"] = kind, 2
	claims := map[string]any{
		"jti": "x", "iat": time.Now().Unix(), "iss": i.public, "sub": subject.public, "name": kind,
		"nats": body,
	}
	if !expires.IsZero() {
		claims["exp"] = expires.Unix()
	}
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]string{"typ": "JWT", "alg": "ed25519-nkey"}) + "." + part(claims)
	signature, err := i.pair.Sign([]byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// awaitAnother waits until the connection has been made once more.
func awaitAnother(t *testing.T, conn *nats.Conn, before uint64) {
	t.Helper()
	eventually(t, "connected again", func() bool { return conn.Stats().Reconnects > before && conn.IsConnected() })
}

func TestCredentialsReplacedTogetherWithTheServersUserAreUsed(t *testing.T) {
	t.Parallel()
	first, second := newIdentity(t, nkeys.PrefixByteUser), newIdentity(t, nkeys.PrefixByteUser)
	for _, tt := range []struct {
		name          string
		before, after server.Options
		old, new      string
		client        ConnectConfig
		file          func(*ConnectConfig) *string
	}{
		{
			"nkey_file",
			server.Options{Nkeys: []*server.NkeyUser{{Nkey: first.public}}},
			server.Options{Nkeys: []*server.NkeyUser{{Nkey: second.public}}},
			first.seed, second.seed,
			ConnectConfig{},
			func(c *ConnectConfig) *string { return &c.NKeyFile },
		},
		{
			"password_file",
			server.Options{Username: "u", Password: "one"},
			server.Options{Username: "u", Password: "two"},
			"one", "two\n",
			ConnectConfig{User: "u"},
			func(c *ConnectConfig) *string { return &c.PasswordFile },
		},
		{
			"token_file",
			server.Options{Authorization: "one"},
			server.Options{Authorization: "two"},
			"one", "two\n",
			ConnectConfig{},
			func(c *ConnectConfig) *string { return &c.TokenFile },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, tt.before)
			path := file(t, tt.old)
			*tt.file(&tt.client) = path
			tt.client.URL = s.ClientURL()
			conn := connect(t, tt.client)
			write(t, path, tt.new)
			tt.after.Host, tt.after.NoSigs, tt.after.NoLog, tt.after.Port = "127.0.0.1", true, true,
				s.Addr().(*net.TCPAddr).Port
			if err := s.ReloadOptions(&tt.after); err != nil {
				t.Fatal(err)
			}
			awaitAnother(t, conn, 0)
		})
	}
}

func TestReplacedCredsFileIsUsed(t *testing.T) {
	t.Parallel()
	operator, account := newIdentity(t, nkeys.PrefixByteOperator), newIdentity(t, nkeys.PrefixByteAccount)
	resolver := &server.MemAccResolver{}
	limits := map[string]any{
		"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
		"conn": -1, "leaf": -1,
	}
	if err := resolver.Store(account.public, operator.jwt(t, account, "account", time.Time{},
		map[string]any{"limits": limits})); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, server.Options{TrustedKeys: []string{operator.public}, AccountResolver: resolver})
	creds := func(expires time.Time) string {
		user := newIdentity(t, nkeys.PrefixByteUser)
		jwt := account.jwt(t, user, "user", expires, map[string]any{"subs": -1, "data": -1, "payload": -1})
		return fmt.Sprintf("-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n"+
			"-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n",
			jwt, user.seed)
	}
	path := file(t, creds(time.Now().Add(2*time.Second)))
	conn, err := Connect(ConnectConfig{URL: s.ClientURL(), CredsFile: path}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	eventually(t, "connected", func() bool { // With some that expire soon.
		if !conn.IsConnected() {
			write(t, path, creds(time.Now().Add(2*time.Second)))
		}
		return conn.IsConnected()
	})
	write(t, path, creds(time.Time{}))
	awaitAnother(t, conn, 0)
}

// Of several servers some are tried without a wait between them.
func TestReplacedNKeyIsUsedWithSeveralServers(t *testing.T) {
	t.Parallel()
	first, second := newIdentity(t, nkeys.PrefixByteUser), newIdentity(t, nkeys.PrefixByteUser)
	s := startServer(t, server.Options{Nkeys: []*server.NkeyUser{{Nkey: first.public}}})
	other := startServer(t, server.Options{Nkeys: []*server.NkeyUser{{Nkey: second.public}}})
	path := file(t, first.seed)
	conn := connect(t, ConnectConfig{URL: s.ClientURL() + "," + other.ClientURL(), NKeyFile: path})
	write(t, path, second.seed)
	s.Shutdown()
	awaitAnother(t, conn, 0)
}

func TestCredentialsThatCannotBeReadAnyMoreAreUsedAsTheyWere(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, path string){
		"missing": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"hanging": func(t *testing.T, path string) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(pipe, path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, server.Options{Username: "u", Password: "p"})
			path := file(t, "p")
			conn := connect(t, ConnectConfig{URL: s.ClientURL(), User: "u", PasswordFile: path})
			spoil(t, path)
			if err := conn.ForceReconnect(); err != nil {
				t.Fatal(err)
			}
			awaitAnother(t, conn, 0)
		})
	}
}
