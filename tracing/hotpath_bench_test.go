package tracing

import (
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// BenchmarkTraced is what traces cost a message in CPU of all threads, the exporter's and the collector's included: of
// one that is not chosen, and of one that is, with its three spans.
//
//	go test -run '^$' -bench BenchmarkTraced ./tracing
func BenchmarkTraced(b *testing.B) {
	for _, share := range []string{"0", "1"} {
		b.Run("share="+share, func(b *testing.B) {
			collector := newServer(b, func(http.ResponseWriter, *http.Request) {})
			b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
			b.Setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
			b.Setenv("OTEL_TRACES_SAMPLER_ARG", share)
			b.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1000000")
			traces, err := New("v1", slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			m, a := aMessage(nil), attempt(204, nil)
			before := usage(b)
			b.ReportAllocs()
			for b.Loop() {
				if a.Traced[0].Trace = traces.Taken(m); a.Traced[0].Trace != nil {
					traces.Attempted(a)
				}
			}
			traces.Close(time.Now().Add(time.Minute))
			b.ReportMetric(float64(usage(b)-before)/float64(b.N), "cpu-ns/op")
			if lost := traces.exporter.lost(); lost > 0 {
				b.Errorf("%d spans were dropped", lost)
			}
		})
	}
}

var _ pipeline.Tracer = (*Tracing)(nil)

// usage is the CPU time of the process.
func usage(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
