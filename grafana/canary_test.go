package grafana

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// canaries are a canary whose messages go nowhere for a while, and one whose subscriber is refused.
func canaries(w *world) {
	swallow := w.before(http.MethodPost, http.StatusNoContent)
	deaf := w.before(http.MethodGet, http.StatusForbidden)
	for instance, p := range map[string]*between{"a": swallow, "b": deaf} {
		w.daemon(instance, fmt.Sprintf("momento: {endpoint: %q, api_key_file: %q}\n"+
			"limits: {rate: unlimited, group: %s}\ncanary: {every: 1s}", p.URL, w.keyFile, instance), `  - {name: s, subject: "s.>", cache: c}`)
	}
	w.mustShow("Canary, from NATS to a subscriber")
	swallow.on.Store(true)
	deaf.on.Store(true)
	deaf.CloseClientConnections()
	w.mustFire("MomentoBridgeCanaryNotArriving", "MomentoBridgeCanaryImpaired")
	swallow.on.Store(false)
	deaf.on.Store(false)
	w.mustResolve("MomentoBridgeCanaryNotArriving", "MomentoBridgeCanaryImpaired")
}

// between is a proxy before the endpoint that may answer in its place.
type between struct {
	*httptest.Server

	on atomic.Bool
}

// before starts one that answers a method with a status while it is on.
func (w *world) before(method string, status int) *between {
	w.t.Helper()
	to, err := url.Parse(w.endpoint.URL)
	must(w.t, err)
	behind, p := httputil.NewSingleHostReverseProxy(to), &between{}
	behind.ErrorHandler = func(out http.ResponseWriter, _ *http.Request, _ error) {
		out.WriteHeader(http.StatusBadGateway)
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if p.on.Load() && r.Method == method && strings.Contains(r.URL.Path, "canary") {
			_, _ = io.Copy(io.Discard, r.Body)
			time.Sleep(time.Millisecond)
			out.WriteHeader(status)
			return
		}
		behind.ServeHTTP(out, r)
	}))
	w.t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}
