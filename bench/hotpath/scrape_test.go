package hotpath

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"momento-bridge/admin"
	"momento-bridge/bench/rig"
	"momento-bridge/pipeline"
)

// BenchmarkScrape is what one reading of the metrics costs: a message is a scrape here.
//
//	go test -run '^$' -bench BenchmarkScrape -count 6 ./bench/hotpath
func BenchmarkScrape(b *testing.B) {
	for _, routes := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("routes=%d", routes), func(b *testing.B) {
			handler := admin.New(admin.Config{Metrics: registry(b, routes)})
			n := 0
			meter := rig.Start(b)
			for b.Loop() {
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", nil))
				if read, _ := io.Copy(io.Discard, answer.Body); answer.Code == http.StatusOK && read > 0 {
					n++
				}
			}
			meter.Stop(n)
		})
	}
}

// registry holds what the daemon shows, but for NATS's own figures.
func registry(b *testing.B, routes int) *prometheus.Registry {
	b.Helper()
	cfg := pipeline.Config{
		Workers: 1, MaxMessages: queue, MaxBytes: 64 << 20,
		Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: math.Inf(1)}},
		Delays: pipeline.DefaultDelays(),
	}
	for i := range routes {
		cfg.Routes = append(cfg.Routes, pipeline.RouteConfig{Name: fmt.Sprint("route-", i), Cache: "bench"})
	}
	metrics := prometheus.NewRegistry()
	pipe := pipeline.New(cfg, nil, quiet(), pipeline.NewMetrics(metrics))
	newSink(b, &rig.Endpoint{URL: "http://127.0.0.1:1"}).Register(metrics)
	metrics.MustRegister(pipe, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return metrics
}
