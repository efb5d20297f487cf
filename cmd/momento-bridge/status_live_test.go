package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

func TestLiveAsksWhetherTheDaemonMakesProgress(t *testing.T) {
	t.Parallel()
	var stuck atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/livez":
			http.NotFound(w, r)
		case stuck.Load():
			http.Error(w, "no worker has moved", http.StatusServiceUnavailable)
		default:
			_, _ = w.Write([]byte("ok\n"))
		}
	}))
	t.Cleanup(server.Close)
	live := func(args ...string) (string, error) {
		var out, log syncBuffer
		err := run(t.Context(), append([]string{"status", "--live"}, args...), &out, &log)
		return out.String() + log.String(), err
	}
	// Where nothing is mounted there is no configuration.
	to := []string{"--admin", server.Listener.Addr().String(), "-c", filepath.Join(t.TempDir(), "config.yaml")}
	if text, err := live(to...); err != nil || text != "ok\n" {
		t.Errorf("%v, %q", err, text)
	}
	stuck.Store(true)
	if text, err := live(to...); exitStatus(err) != statusFailed || !strings.Contains(text, "no worker has moved") {
		t.Errorf("a stuck daemon: %v, %q", err, text)
	}
	if _, err := live(append(to, "--watch")...); exitStatus(err) != statusUsage {
		t.Errorf("with --watch: %v", err)
	}
}
