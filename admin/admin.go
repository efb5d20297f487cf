// Package admin serves what operators and orchestrators ask the daemon: health, metrics, the status and its page. It
// knows nothing of sources and sinks; what it shows is handed in.
package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what the listener shows.
type Config struct {
	Metrics prometheus.Gatherer
	// NotReady returns the reasons why the daemon does not carry messages now; none means ready. It may be called
	// concurrently.
	NotReady func() []string
	// Remarks returns what is worth knowing while it is ready; nil: nothing ever is.
	Remarks func() []string
	// Stuck returns why the daemon makes no progress through its own fault; empty otherwise. An outage outside is none.
	Stuck func() string
	// Status returns what the daemon is doing. It may be called concurrently.
	Status func() Status
	// History is what the status page draws: a sample each second.
	History *History
	// Pause pauses or resumes a route, or all of them. It returns what is to be said of it: "paused" or "resumed" in
	// the first line. An error says that there is no such route, and which there are.
	Pause func(Pausing) (string, error)
	// Reload reads the configuration again and puts it in force as far as that goes while the daemon runs; nil: it
	// cannot. A configuration with problems changes nothing, and the error has all of them.
	Reload func(ctx context.Context) (Reloaded, error)
	// Control says who may pause, resume and reload.
	Control Control
	// Hosts are the names, in lower case, that requests may be for, besides addresses and localhost.
	Hosts []string
	// Open says that the listener is open to other machines: health and metrics are then given by any name.
	Open bool
	// Pprof adds /debug/pprof.
	Pprof bool
}

// New returns the listener's handler: the status page, /livez, /readyz, /metrics, and /api/v1 with the status, its
// changes and what can be changed.
func New(cfg Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if why := cfg.Stuck(); why != "" {
			answer(w, http.StatusServiceUnavailable, why)
			return
		}
		answer(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reasons := cfg.NotReady(); len(reasons) > 0 {
			answer(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
			return
		}
		lines := []string{"ready"}
		if cfg.Remarks != nil {
			lines = append(lines, cfg.Remarks()...)
		}
		answer(w, http.StatusOK, strings.Join(lines, "\n"))
	})
	mux.HandleFunc("GET /{$}", cfg.servePage)
	mux.HandleFunc("GET /assets/{version}/{file}", serveAsset)
	mux.HandleFunc("GET /api/v1/status", cfg.serveStatus)
	mux.HandleFunc("GET /api/v1/events", cfg.serveEvents(newWatchers()))
	mux.HandleFunc("POST /api/v1/pause", cfg.servePause(true))
	mux.HandleFunc("POST /api/v1/resume", cfg.servePause(false))
	mux.HandleFunc("POST /api/v1/reload", cfg.serveReload)
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	if cfg.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return cfg.guard(mux)
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
