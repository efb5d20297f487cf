package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/sink/emulator"
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
	got := newRecord()
	w := newWorld(t, emulator.Config{OnAccept: got.accepted})
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
	got := newRecord()
	w := newWorld(t, emulator.Config{OnAccept: got.accepted})
	w.stream("S", "s")
	w.publish("s", "x")
	url, give := vendor(t)
	p := startDaemon(t, "-c", w.vendedConfig(url, `  - {name: s, stream: S, cache: c}`))
	p.awaitNotReady("key: fetch an API key from http://127.0.0.1:")
	give(fmt.Sprintf(`{"api_key":%q,"valid_until":%d}`, testKey, time.Now().Add(time.Hour).Unix()))
	eventually(t, "published", func() bool { return got.total() == 1 })
	p.awaitReady()
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
}

// vendedConfig is config with a vending machine instead of a key file.
func (w *world) vendedConfig(url, routes string) string {
	w.t.Helper()
	endpoint := ""
	if w.endpoint != "" {
		endpoint = fmt.Sprintf("endpoint: %q, ", w.endpoint)
	}
	return w.writeConfig(fmt.Sprintf("nats: {url: %q}\nmomento: {%sapi_key_url: %q, connections: 8}\nroutes:\n%s", w.server.ClientURL(), endpoint, url, routes))
}
