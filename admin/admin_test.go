package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func get(t *testing.T, cfg Config, method, path string) (int, string) {
	t.Helper()
	cfg.Metrics = prometheus.NewRegistry()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, nil)
	r.Host = "127.0.0.1:9464"
	New(cfg).ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	ready := func() []string { return nil }
	alive := func() string { return "" }
	f := func(cfg Config, method, path string, wantCode int, wantBody string) {
		t.Helper()
		if code, body := get(t, cfg, method, path); code != wantCode || body != wantBody {
			t.Errorf("%s %s = %d %q, want %d %q", method, path, code, body, wantCode, wantBody)
		}
	}
	f(Config{NotReady: ready, Stuck: alive}, http.MethodGet, "/livez", 200, "ok")
	f(Config{NotReady: ready, Stuck: alive}, http.MethodGet, "/readyz", 200, "ready")
	noisy := func() []string { return []string{"3 % are refused"} }
	f(Config{NotReady: ready, Remarks: noisy, Stuck: alive}, http.MethodGet, "/readyz", 200, "ready\n3 % are refused")
	f(Config{NotReady: func() []string { return []string{"nats: away", "route a: no stream"} }, Stuck: alive},
		http.MethodGet, "/readyz", 503, "nats: away\nroute a: no stream")
	f(Config{NotReady: func() []string { return []string{"nats: away"} }, Stuck: alive}, http.MethodGet,
		"/livez", 200, "ok")
	f(Config{NotReady: ready, Stuck: func() string { return "no worker has moved" }}, http.MethodGet, "/livez", 503,
		"no worker has moved")
	f(Config{NotReady: ready, Stuck: alive}, http.MethodPost, "/readyz", 405, "Method Not Allowed")
	f(Config{NotReady: ready, Stuck: alive}, http.MethodGet, "/nothing", 404, "404 page not found")
}
