package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/daemon"
	"momento-bridge/emulator"
)

func TestOnlineCheckTriesEverythingAndCreatesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	path := w.config("", "  - {name: s, stream: S, cache: c, dead_letter: {subject: dead}}\n"+
		"  - {name: n, stream: NOPE, cache: c}\n")
	var out, log syncBuffer
	err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log)
	if exitStatus(err) != statusFailed {
		t.Errorf("check = %v, want a failure for the missing stream", err)
	}
	for _, words := range []string{
		"✓ connect to the endpoint http://127.0.0.1:", " (the API itself is tried by the first publish)\n",
		"✓ connect to NATS nats://127.0.0.1:",
		"✗ route s: dead letters to dead: no stream takes the dead letters' subject dead: create one",
		"✓ route s: consumer momento-bridge-s does not exist yet: run creates it", "✗ route n: stream NOPE: " +
			"stream NOPE does not exist: create it",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("check does not say %q:\n%s", words, out.String())
		}
	}
	if stats := w.emulator.Stats(); stats.Accepted != 0 || len(stats.Rejected) != 0 {
		t.Errorf("the endpoint had requests: %+v", stats)
	}
}

// checkOnce runs check --online with one route by flags, and returns how it ended and what it said.
func checkOnce(t *testing.T, args ...string) (status int, text string) {
	t.Helper()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte("a-key"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log syncBuffer
	err := run(t.Context(), append([]string{"check", "--online", "--cache", "c", "--api-key-file", keyFile},
		args...), &out, &log)
	return exitStatus(err), out.String() + log.String()
}

// Each failure that a newcomer meets has its own advice.
func TestOnlineCheckSaysWhatToDo(t *testing.T) {
	t.Parallel()
	plain := startServer(t, &server.Options{})
	guarded := startServer(t, &server.Options{Username: "u", Password: "p"})
	secured := httptest.NewTLSServer(nil)
	t.Cleanup(secured.Close)
	natsTLS := startServer(t, &server.Options{TLS: true, TLSConfig: &tls.Config{
		Certificates: secured.TLS.Certificates,
		MinVersion:   tls.VersionTLS12,
	}})
	closed := "http://" + refusingAddress(t)
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	if _, err := w.js.CreateConsumer(t.Context(), "S", jetstream.ConsumerConfig{
		Durable:   "taken",
		AckPolicy: jetstream.AckNonePolicy,
	}); err != nil {
		t.Fatal(err)
	}
	core := []string{"--subject", "a"}
	f := func(want string, args ...string) {
		t.Helper()
		status, text := checkOnce(t, args...)
		if status != statusFailed || !strings.Contains(text, want) || !strings.Contains(text, " checks failed\n") {
			t.Errorf("check %v ends with %d and says\n%swant %q", args, status, text, want)
		}
	}
	endpoint := []string{"--endpoint", w.endpoint}
	onNATS := func(more ...string) []string {
		return append(append(endpoint, "--nats-url", w.server.ClientURL()), more...)
	}
	f("→ nothing listens there: start the endpoint", append(core, "--endpoint", closed, "--nats-url",
		w.server.ClientURL())...)
	f("→ the certificate is of an authority that is not known here: put its root into momento.tls.ca_file",
		append(core, "--endpoint", secured.URL, "--nats-url", w.server.ClientURL())...)
	f("→ the server does not speak TLS on that port: correct the scheme or the port in momento.endpoint\n",
		append(core, "--endpoint", strings.Replace(w.endpoint, "http:", "https:", 1), "--nats-url",
			w.server.ClientURL())...)
	f("→ no such host: correct momento.endpoint", append(core, "--endpoint", "http://"+noSuchHost(),
		"--nats-url", w.server.ClientURL())...)
	f("→ nothing listens there: start NATS", append(append(core, endpoint...), "--nats-url",
		strings.Replace(closed, "http:", "nats:", 1))...)
	f("→ the server refuses the credentials: check nats.creds_file", append(append(core, endpoint...), "--nats-url",
		guarded.ClientURL())...)
	f("→ the certificate is of an authority that is not known here: put its root into nats.tls.ca_file",
		append(append(core, endpoint...), "--nats-url", natsTLS.ClientURL())...)
	f("JetStream is not enabled on the server or for the account: enable it",
		append(endpoint, "--nats-url", plain.ClientURL(), "--stream", "S")...)
	f("stream NOPE does not exist: create it, for example with `nats stream add NOPE", onNATS("--stream", "NOPE")...)
	f("its ack_policy is none, it must be explicit", onNATS("--stream", "S", "--consumer", "taken")...)
	status, text := checkOnce(t, onNATS("--stream", "S")...)
	if status != statusOK || !strings.Contains(text, "\n✓ ready to run: what only a publish shows") {
		t.Errorf("check ends with %d and says\n%s", status, text)
	}
}

func TestOnlineCheckTriesTheVendingMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	url, give := vendor(t)
	path := w.writeConfig("nats: {url: \"" + w.server.ClientURL() + "\"}\nmomento: {endpoint: \"" + w.endpoint +
		"\", api_key_url: \"" + url + "\"}\nroutes:\n  - {name: a, subject: a, cache: c}\n")
	check := func() (int, string) {
		var out, log syncBuffer
		err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log)
		return exitStatus(err), out.String() + log.String()
	}
	if status, text := check(); status != statusFailed ||
		!strings.Contains(text, "✗ the key: fetch an API key from ") ||
		!strings.Contains(text, "it answered 503, want 200") || strings.Contains(text, "secret=s") {
		t.Errorf("check ends with %d and says\n%s", status, text)
	}
	give(`{"authToken":"e30.eyJ0IjoiZyJ9.c2ln"}`)
	if status, text := check(); status != statusOK || !strings.Contains(text, "✓ fetch an API key: v2\n") {
		t.Errorf("check ends with %d and says\n%s", status, text)
	}
}

func TestCheckWarnsOfAKeyThatIsAboutToExpire(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	soon := time.Now().Add(20 * time.Minute).Unix()
	if err := os.WriteFile(key, []byte("e30."+base64Claims(soon)+".c2ln"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log syncBuffer
	if err := run(t.Context(), []string{
		"check", "--subject", "a", "--cache", "c", "--region", "us-east-1",
		"--api-key-file", key,
	}, &out, &log); err != nil {
		t.Fatalf("check = %v %s", err, log.String())
	}
	if !strings.Contains(out.String(), "! key: v2, expires ") || !strings.Contains(out.String(),
		": expires within a day, on ") || !strings.Contains(out.String(), "✓ ready to run, with 1 warning") {
		t.Errorf("check says\n%s", out.String())
	}
}

func TestCheckWarnsOfAFormerKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, key := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "key")
	text := "momento:\n  endpoint: http://127.0.0.1:1\n  api_key_file: " + key + "\n  pipeline: 4\n" +
		"routes: [{name: a, subject: a, cache: c}]\n"
	for path, text := range map[string]string{file: text, key: "a-key"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, log syncBuffer
	err := run(t.Context(), []string{"check", "-c", file}, &out, &log)
	said := strings.Join(strings.Fields(out.String()), " ")
	if err != nil || !strings.Contains(said, `:4:3: the key "pipeline" in momento is called "in_flight" now: rename it`) {
		t.Errorf("check = %v %s, and says\n%s", err, log.String(), out.String())
	}
}

// Docker's --env-file keeps quotes, and Windows' editors write a byte order mark.
func TestKeyWithinQuotesIsTakenWithoutThem(t *testing.T) {
	const key = "e30.eyJ0IjoiZyJ9.c2ln"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("\ufeff'"+key+"'\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(daemon.KeyEnv, `"`+key+`"`)
	for _, args := range [][]string{nil, {"--api-key-file", file}} {
		var out, log syncBuffer
		args = append([]string{"check", "--subject", "a", "--cache", "c", "--region", "us-east-1"}, args...)
		if err := run(t.Context(), args, &out, &log); err != nil || !strings.Contains(out.String(), "✓ key: v2\n") {
			t.Errorf("%v: %v\n%s%s", args, err, out.String(), log.String())
		}
	}
	t.Setenv(daemon.KeyEnv, `"`+key)
	var out, log syncBuffer
	err := run(t.Context(), []string{"check", "--subject", "a", "--cache", "c", "--region", "us-east-1"}, &out, &log)
	want := "MOMENTO_API_KEY: the API key has a stray quotation mark"
	if exitStatus(err) != statusUsage || !strings.Contains(log.String(), want) {
		t.Errorf("%v, %s, want %q", err, log.String(), want)
	}
}

func base64Claims(expires int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"t":"g","exp":%d}`, expires))
}

// What the streams themselves may lose is told with the command that changes it.
func TestOnlineCheckWarnsOfStreamsThatMayLoseMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	for _, cfg := range []jetstream.StreamConfig{
		{Name: "S", Subjects: []string{"s.*"}, Storage: jetstream.MemoryStorage, MaxAge: 10 * time.Minute},
		{Name: "DEAD", Subjects: []string{"dead"}, Retention: jetstream.InterestPolicy},
		{Name: "GOOD", Subjects: []string{"g.*"}},
	} {
		if _, err := w.js.CreateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	path := w.config("", "  - {name: s, stream: S, cache: c, dead_letter: {subject: dead}}\n"+
		"  - {name: g, stream: GOOD, cache: c}\n")
	var out, log syncBuffer
	if err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log); err != nil {
		t.Errorf("check = %v", err)
	}
	for _, words := range []string{
		"! route s: stream S: it is kept in memory: when its server restarts, messages that wait are lost",
		"! route s: stream S: it deletes messages after 10m0s (max_age): an outage that lasts longer loses what " +
			"waits; " +
			"`nats stream edit S --max-age 24h`",
		"! route s: dead letters: stream DEAD: it keeps what a consumer waits for (retention interest)",
		"✓ ready to run, with 3 warnings",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("check does not say %q:\n%s", words, out.String())
		}
	}
}
