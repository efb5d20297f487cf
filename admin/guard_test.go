package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// ask sends a request for a host to a listener with this configuration.
func ask(cfg Config, method, host, path string, header ...string) *httptest.ResponseRecorder {
	cfg.Metrics = prometheus.NewRegistry()
	cfg.NotReady = func() []string { return nil }
	cfg.Stuck = func() string { return "" }
	cfg.Status = func() Status { return Status{State: Idle} }
	cfg.Pause = func(Pausing) (string, error) { return "paused", nil }
	cfg.History = &History{}
	r := httptest.NewRequest(method, path, nil)
	r.Host, r.RemoteAddr = host, "127.0.0.1:54321"
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	New(cfg).ServeHTTP(w, r)
	return w
}

func TestOnlyOurOwnNamesAreAnswered(t *testing.T) {
	f := func(cfg Config, host, path string, want int) {
		t.Helper()
		if got := ask(cfg, http.MethodGet, host, path).Code; got != want {
			t.Errorf("%s for %q is %d, want %d", path, host, got, want)
		}
	}
	loopback := Config{Hosts: []string{"bridge.internal"}}
	for _, host := range []string{
		"127.0.0.1:9464", "[::1]:9464", "::1", "10.0.0.7", "localhost", "LocalHost:9464",
		"localhost.:9464", "bridge.internal:9464", "Bridge.Internal", "",
	} {
		f(loopback, host, "/api/v1/status", 200)
	}
	for _, host := range []string{
		"evil.example", "evil.example:9464", "localhost.evil.example",
		"127.0.0.1.evil.example", "bridge.internal.evil.example",
	} {
		for _, path := range []string{
			"/api/v1/status", "/api/v1/events", "/metrics", "/readyz", "/livez",
			"/debug/pprof/",
		} {
			f(loopback, host, path, 421)
		}
	}
	open := Config{Open: true} // Probes and scrapers use names that their platform made up.
	f(open, "pod.ns.svc:9464", "/metrics", 200)
	f(open, "pod.ns.svc:9464", "/livez", 200)
	f(open, "pod.ns.svc:9464", "/readyz", 200)
	f(open, "pod.ns.svc:9464", "/api/v1/status", 421)
}

func TestChangesNeedPostAndTheHeader(t *testing.T) {
	f := func(method string, header []string, want int) {
		t.Helper()
		if got := ask(Config{}, method, "localhost", "/api/v1/pause", header...).Code; got != want {
			t.Errorf("%s with %v is %d, want %d", method, header, got, want)
		}
	}
	f(http.MethodPost, []string{"X-Momento-Bridge", "1"}, 200)
	f(http.MethodPost, []string{"X-Momento-Bridge", "0"}, 403)
	f(http.MethodPost, nil, 403)
	f(http.MethodGet, []string{"X-Momento-Bridge", "1"}, 405)
	f(http.MethodPut, []string{"X-Momento-Bridge", "1"}, 405)
	f(http.MethodDelete, nil, 405)
}

func TestProfilesAreServedOnlyWhenAskedFor(t *testing.T) {
	if got := ask(Config{}, http.MethodGet, "localhost", "/debug/pprof/").Code; got != 404 {
		t.Errorf("without: %d, want 404", got)
	}
	if got := ask(Config{Pprof: true}, http.MethodGet, "localhost", "/debug/pprof/heap").Code; got != 200 {
		t.Errorf("with: %d, want 200", got)
	}
}

func TestBrowsersAreToldToBeStrict(t *testing.T) {
	for _, path := range []string{"/livez", "/api/v1/status", "/nothing"} {
		h := ask(Config{}, http.MethodGet, "localhost", path).Header()
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") ||
			strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: the policy is %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers are %v", path, h)
		}
	}
}
