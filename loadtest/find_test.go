package loadtest

import (
	"context"
	"testing"

	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/sink/emulator"
)

func TestInterruptionAfterTheSearchIsTold(t *testing.T) {
	t.Parallel()
	rate, _ := rateTest(t, emulator.Config{Settings: emulator.Settings{Rate: 300, Burst: 60}}, 0, 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg := FindConfig{Target: rate.Target, Search: search.Default(), Effort: Quick, Latency: true}
	cfg.Search.Start = 200
	cfg.Limit()
	cfg.Progress = func(p FindProgress) {
		if p.Step.Name == "latency" {
			cancel()
		}
	}
	r, err := Find(ctx, cfg)
	if err != nil || !r.Interrupted || r.PlateauRate == nil || r.Verdict != report.NotProved {
		t.Errorf("%v: interrupted %v, plateau %v: %s", err, r.Interrupted, r.PlateauRate, r.Reason)
	}
}
