package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

// vendor is a token vending machine; what it gives can be changed.
func vendor(t *testing.T) (url string, give func(body string)) {
	t.Helper()
	var body atomic.Value
	body.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if body.Load() == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, body.Load())
	}))
	t.Cleanup(server.Close)
	return server.URL + "/token?secret=s", func(text string) { body.Store(text) }
}

func TestVendedKeyMayNameTheEndpoint(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	key := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"endpoint":%q,"api_key":"x"}`, w.endpoint))
	w.emulator.SetAPIKey(key)
	w.stream("S", "s")
	w.publish("s", "x")
	url, give := vendor(t)
	give(fmt.Sprintf(`{"authToken":%q,"expiresAt":%d}`, key, time.Now().Add(time.Hour).Unix()))
	w.endpoint = ""
	p := startDaemon(t, "-c", w.vendedConfig(url, `  - {name: s, stream: S, cache: c}`))
	eventually(t, "published", func() bool { return got.total() == 1 })
	if left := p.metric("api_key_expiry_timestamp_seconds") - float64(time.Now().Unix()); left < 3500 || left > 3600 {
		t.Errorf("the key expires in %g s, want an hour", left)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	if log := p.log.String(); strings.Contains(log, key) || strings.Contains(log, "secret") {
		t.Error("the log shows a secret")
	}
}

func TestDaemonWaitsForItsFirstVendedKey(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s")
	w.publish("s", "x")
	url, give := vendor(t)
	p := startDaemon(t, "-c", w.vendedConfig(url, `  - {name: s, stream: S, cache: c}`))
	p.awaitNotReady("key: no API key yet: fetch an API key from http://127.0.0.1:")
	var s admin.Status
	eventually(t, "the halt", func() bool { s = p.status(); return s.Routes[0].LimitedBy == "key" })
	if s.State != admin.KeyRefused || len(s.NotReady) != 1 || s.Routes[0].Reason != "there is no API key yet" ||
		!strings.HasPrefix(s.Summary, "Nothing is published: no API key yet: fetch an API key from ") {
		t.Errorf("%s: %s, not ready: %q, route: %s", s.State, s.Summary, s.NotReady, s.Routes[0].Reason)
	}
	give(fmt.Sprintf(`{"api_key":%q,"valid_until":%d}`, testKey, time.Now().Add(time.Hour).Unix()))
	eventually(t, "published", func() bool { return got.total() == 1 })
	p.awaitReady()
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	log := p.log.String()
	if !strings.Contains(log, "no API key yet, still trying") || !strings.Contains(log, "a new API key is in use") {
		t.Errorf("the log does not say why nothing was published:\n%s", log)
	}
	for _, wrong := range []string{"the old one", "refuses the API key", "key file", "accepted again"} {
		if strings.Contains(log, wrong) {
			t.Errorf("there was no key, and the log says %q:\n%s", wrong, log)
		}
	}
}

// posted is a token vending machine as Momento Functions are: asked by POST. Its keys live for four seconds, which it
// tells in milliseconds.
type posted struct {
	mu     sync.Mutex // Guards the following.
	bodies []string
}

func (p *posted) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.bodies = append(p.bodies, string(body))
	w.WriteHeader(http.StatusCreated)
	end := time.Now().Add(4 * time.Second)
	fmt.Fprintf(w, `{"token":"posted-key-%d","expiresAtEpoch":%d}`, len(p.bodies), end.UnixMilli())
}

func (p *posted) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.bodies)
}

// postedWorld is a machine that is asked by POST, and an endpoint that takes its keys. settings are those of momento.
func postedWorld(t *testing.T) (p *posted, settings, bodyFile string) {
	t.Helper()
	p = &posted{}
	machine := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(machine.Close)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "posted-key-") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(endpoint.Close)
	bodyFile = filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(bodyFile, []byte(`{"password":"SECRET-1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	settings = fmt.Sprintf(
		"momento: {endpoint: %q, api_key_url: %q, api_key_url_method: POST, api_key_url_body_file: %q}\n",
		endpoint.URL, machine.URL, bodyFile)
	return p, settings, bodyFile
}

func TestVendingMachineIsAskedByPostAndTellsMilliseconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s")
	machine, settings, bodyFile := postedWorld(t)
	nats := fmt.Sprintf("nats: {url: %q}\n", w.server.ClientURL())
	p := startDaemon(t, "-c", w.writeConfig(nats+settings+"routes: [{name: s, stream: S, cache: c}]\n"))
	p.awaitReady()
	if left := p.metric("api_key_expiry_timestamp_seconds") - float64(time.Now().Unix()); left < -60 || left > 5 {
		t.Errorf("the key expires in %g s, want four", left)
	}
	if err := os.WriteFile(bodyFile, []byte(`{"password":"SECRET-2"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "keys for both bodies", func() bool {
		return slices.Contains(machine.asked(), `{"password":"SECRET-2"}`)
	})
	w.publish("s", "x")
	const published = `messages_settled_total{outcome="published",route="s"}`
	eventually(t, "published", func() bool { return p.metric(published) == 1 })
	if asked := machine.asked(); asked[0] != `{"password":"SECRET-1"}` {
		t.Errorf("asked with %q", asked)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	if log := p.log.String(); strings.Contains(log, "posted-key") || strings.Contains(log, "SECRET") {
		t.Error("the log shows a secret")
	}
}

func TestLoadTestLivesLongerThanItsVendedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	machine, settings, _ := postedWorld(t)
	file := w.writeConfig(settings + "routes: [{name: r, subject: a, cache: c}]\n")
	var out, log syncBuffer
	args := []string{"loadtest", "rate", "-c", file, "--cache", "c", "--rate", "20", "--duration", "5s", "--yes"}
	err := run(t.Context(), args, &out, &log)
	if n := len(machine.asked()); err != nil || n < 2 {
		t.Errorf("ended with %v after %d keys\n%s", err, n, log.String())
	}
}

// vendedConfig is config with a vending machine instead of a key file.
func (w *world) vendedConfig(url, routes string) string {
	w.t.Helper()
	endpoint := ""
	if w.endpoint != "" {
		endpoint = fmt.Sprintf("endpoint: %q, ", w.endpoint)
	}
	return w.writeConfig(fmt.Sprintf(
		"nats: {url: %q}\nmomento: {%sapi_key_url: %q, connections: 8}\nroutes:\n"+
			"%s", w.server.ClientURL(), endpoint, url, routes))
}
