package pipeline

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/bench/rig"
)

// BenchmarkObserve is what the histograms of one accepted message cost. It is part of what BenchmarkPipeline measures.
// It is inside the package because nothing outside can observe without publishing.
//
//	go test -run '^$' -bench BenchmarkObserve -count 6 ./pipeline
func BenchmarkObserve(b *testing.B) {
	cfg := Config{Routes: []RouteConfig{{Name: "r", Cache: "c"}}, Delays: DefaultDelays()}
	p := New(cfg, nil, slog.New(slog.DiscardHandler), NewMetrics(prometheus.NewRegistry()))
	now := time.Unix(1_700_000_000, 0)
	flying := parcel{lane: p.d.routes[0].lane("topic")}
	flying.add(&entry{})
	meter, n := rig.Start(b), 0
	for b.Loop() { // Latencies of 0.5 to 8.5 ms, as they are on the way to an endpoint.
		n++
		flying.sent = now.Add(-time.Duration(500_000 + n%8*1_000_000))
		flying.first.came = flying.sent
		flying.observe(now, true, nil)
	}
	meter.Stop(n)
}
