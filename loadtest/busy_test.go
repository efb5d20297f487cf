package loadtest

import (
	"fmt"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/virtual"
)

// The engine sends late what may be late, and the search counts it: as package search is tested with a model of it.
func TestFindProvesALimitOnABusyMachine(t *testing.T) {
	for kind, limit := range map[string]emulator.Settings{
		"bucket":       {Rate: 50, Burst: 50},
		"fixed-window": {Rate: 50, Limiter: emulator.LimiterFixedWindow, Window: time.Second},
		"sliding":      {Rate: 50, Limiter: emulator.LimiterSliding, Window: time.Second},
	} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
				target.machine.Sleep = virtual.NewBusy(2, 1).Sleep
				cfg := FindConfig{Target: target, Search: search.Default(), Effort: Standard}
				cfg.Limit()
				r, err := Find(t.Context(), cfg)
				if err != nil || r.Verdict != report.Proved || *r.CleanRate > 50 || *r.FailingRate < 50 ||
					*r.CleanRate < 49 || *r.FailingRate > 51 || r.Limiter != kind || r.LimiterConfidence != "high" {
					t.Errorf("%v: %s, %s: %s (%s)", err, r.Verdict, r.Reason, r.Limiter, r.LimiterConfidence)
				}
				t.Logf("%.0f s: %s", r.DurationSeconds, fmt.Sprint(r.LimiterEvidence, r.BurstEvidence))
			})
		})
	}
}
