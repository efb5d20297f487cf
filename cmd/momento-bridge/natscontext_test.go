package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/config"
	"momento-bridge/daemon"
)

// contexts makes the directory in which the nats command line keeps its contexts.
func contexts(t *testing.T, files map[string]string) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("NATS_URL", "")
	dir := filepath.Join(home, "nats", "context")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestContextFillsWhatIsNotSet(t *testing.T) {
	dir := contexts(t, map[string]string{
		"creds": `{"description": "d", "url": "one:4222,two", "creds": "~/c", "nkey": "", "token": "", "user": "", "color_scheme": "green",
			"ca": "$CAS/ca", "jetstream_domain": "hub", "inbox_prefix": "_INBOX_x", "tls_first": true, "socks_proxy": "", "windows_ca_certs_match": null}`,
		"user":  `{"url": "nats://one", "user": "u", "password": "hunter2", "jetstream_api_prefix": "JS.acc.API."}`,
		"token": `{"token": "hunter2"}`,
	})
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "context.txt"), []byte("creds"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "/home/somebody")
	t.Setenv("CAS", "/etc/cas")
	t.Setenv("NATS_URL", "nats://environment")
	usual := config.Default().NATS
	usual.URL = "nats://environment"
	with := func(change func(*config.NATS)) config.NATS {
		n := usual
		change(&n)
		return n
	}
	creds := with(func(n *config.NATS) {
		n.Context, n.URL, n.CredsFile, n.Domain, n.InboxPrefix = "creds", "one:4222,two", "/home/somebody/c",
			"hub", "_INBOX_x"
		n.TLS.CAFile, n.TLS.HandshakeFirst = "/etc/cas/ca", true
	})
	for _, tt := range []struct {
		file string
		want config.NATS
	}{
		{"{}", usual}, // The one that is selected is not asked for.
		{"{context: creds}", creds},
		{"{context: user}", with(func(n *config.NATS) {
			n.Context, n.URL, n.User, n.PasswordFile, n.APIPrefix = "user", "nats://one", "u",
				filepath.Join(dir, "user.json"), "JS.acc.API"
		})},
		{
			"{context: token}",
			with(func(n *config.NATS) { n.Context, n.TokenFile = "token", filepath.Join(dir, "token.json") }),
		},
		{
			"{context: user, url: mine, nkey_file: k, domain: d, inbox_prefix: I}",
			with(func(n *config.NATS) {
				n.Context, n.URL, n.NKeyFile, n.Domain, n.InboxPrefix = "user", "mine", "k", "d", "I"
			}),
		},
	} {
		f := config.Read("f", []byte("nats: "+tt.file+"\nroutes: [{name: a, subject: a, cache: c}]"))
		daemon.ApplyContext(f)
		applyEnvironment(f)
		f.Validate()
		if err := f.Err(); err != nil {
			t.Errorf("%s: %v", tt.file, err)
		}
		if f.NATS != tt.want {
			t.Errorf("%s: got\n%+v, want\n%+v", tt.file, f.NATS, tt.want)
		}
	}
}

func TestContextThatCannotBeUsedIsExplained(t *testing.T) {
	contexts(t, map[string]string{
		"nsc":    `{"url": "one", "nsc": "nsc://op/acc/user", "socks_proxy": "socks5://x", "token": "hunter2"}`,
		"jwt":    `{"user_jwt": "hunter2", "user_seed": "hunter2"}`,
		"future": `{"new_key": {"a": 1}, "another": 7}`,
		"op":     `{"creds": "op://vault/item"}`,
		"env":    `{"user": "u", "password": "env://SECRET"}`,
		"broken": `{"token": "hunter2"`,
		"twice":  `{"user": "u", "password": "hunter2", "token": "hunter2"}`,
		"url":    `{"url": "http://u:hunter2@host"}`,
		"type":   `{"url": 7, "tls_first": "hunter2"}`,
	})
	for name, want := range map[string]string{
		"missing": `there are broken, env, future`,
		"../nsc":  `"../nsc" is not the name of a context`,
		"nsc":     "the context nsc sets nsc, socks_proxy, which the bridge does not know",
		"jwt":     "the context jwt sets user_jwt, user_seed, which",
		"future":  "the context future sets another, new_key, which",
		"op":      "the context op refers to its creds by a URL",
		"env":     "the context env refers to its password by a URL",
		"broken":  "is not a JSON object: `nats context edit broken`",
		"twice":   "context twice: nats.user and nats.token_file are both set",
		"url":     "context url: nats.url has the scheme http://",
		"type":    "the context type sets tls_first, url, which",
	} {
		f := config.Read("f", fmt.Appendf(nil, "nats: {context: %q}\nroutes: [{name: a, subject: a, cache: c}]", name))
		daemon.ApplyContext(f)
		f.Validate()
		if err := f.Err(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(),
			"hunter2") {
			t.Errorf("%s: %v, want %q in it and no secret", name, err, want)
		}
	}
}

// A password in a context is read again at each attempt, as one in a file of its own is.
func TestDaemonReachesNATSByAContext(t *testing.T) {
	s := startServer(t, &server.Options{Username: "u", Password: "right"})
	dir := contexts(t,
		map[string]string{"prod": fmt.Sprintf(`{"url": %q, "user": "u", "password": "wrong"}`, s.Addr())})
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(testKey), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf("nats: {context: prod}\nmomento: {endpoint: \"http://127.0.0.1:1\", api_key_file: %q}\n"+
		"routes: [{name: a, subject: a, cache: c}]", key)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startDaemon(t, "-c", path)
	p.awaitNotReady("Authorization Violation")
	right := fmt.Sprintf(`{"url": %q, "user": "u", "password": "right"}`, s.Addr())
	if err := os.WriteFile(filepath.Join(dir, "prod.json"), []byte(right), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected", func() bool { return p.metric("nats_connected") == 1 })
	if strings.Contains(p.log.String(), "wrong") {
		t.Error("the log shows a password")
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
