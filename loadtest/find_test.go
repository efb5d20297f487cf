package loadtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
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

// Few connections carry little when each answer takes its time. That is no limit of the endpoint.
func TestDimensionThatTheGeneratorCannotKeepUpWithIsNotKnown(t *testing.T) {
	t.Parallel()
	rate, _ := rateTest(t, emulator.Config{Settings: emulator.Settings{Rate: 100, Burst: 20, Latency: 40 * time.Millisecond}}, 0, 0)
	cfg := FindConfig{Target: rate.Target, Search: search.Default(), Effort: Quick, Dimensions: []string{"connections"}}
	cfg.Search.Start = 60
	cfg.Limit()
	r, err := Find(t.Context(), cfg)
	if err != nil || len(r.Dimensions) != 1 {
		t.Fatalf("%v: %+v", err, r)
	}
	if d := r.Dimensions[0]; d.Counts || !strings.Contains(d.Unfit, "sent in time") || r.Unit != "publishes; it is not known whether by connections" {
		t.Errorf("%+v: it counts %q", d, r.Unit)
	}
}

// The trial before may have left nothing of the quota.
func TestLatencyIsMeasuredOnceTheRateIsHeld(t *testing.T) {
	t.Parallel()
	rate, _ := rateTest(t, emulator.Config{Settings: emulator.Settings{Rate: 60, Burst: 1}}, 0, 0)
	cfg := FindConfig{Target: rate.Target, Search: search.Default(), Effort: Quick, Latency: true}
	cfg.Search.Start = 40
	cfg.Limit()
	r, err := Find(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	n, fit, refused := 0, 0, 0
	for _, trial := range r.Trials {
		if trial.Name != "latency" {
			continue
		}
		n++
		if trial.Rate < 40 && trial.Unfit == "" { // A busy machine may send two publishes at once, which this quota refuses,
			fit++ // but not in each trial.
			refused += min(1, trial.Refused)
		}
	}
	if n != 3 || fit > 1 && refused == fit {
		t.Errorf("%d rates; of %d low ones %d were refused: %+v", n, fit, refused, r.Trials)
	}
}
