package daemon

import (
	"strings"
	"testing"
	"time"

	"momento-bridge/daemon/state"
	"momento-bridge/pipeline"
)

// A quota that a reload lets be learned goes on from what was kept of it; one that it lets be learned no more is kept
// as it was.
func TestWhatIsKeptOfQuotasFollowsTheReload(t *testing.T) {
	t.Parallel()
	const routes = "  - {name: r, subject: r, cache: c}\n"
	w := newReloadedWorld(t, routes)
	dir := t.TempDir()
	w.head += "state_dir: " + dir + "\n"
	w.start()
	unlimited := w.head
	auto := strings.Replace(unlimited, "rate: unlimited", "rate: auto, caches: {c: {rate: auto}}", 1)
	measured := time.Now().Add(-3 * time.Hour).UTC().Truncate(time.Second)
	var quotas []state.Quota
	for scope, rate := range map[string]float64{pipeline.ScopeRegion: 4870, pipeline.ScopeOf("c"): 310} {
		quotas = append(quotas, state.Quota{
			Account: w.daemon.plan.account(), Scope: scope, PerSecond: rate, Found: 3, Measured: measured,
		})
	}
	if err := state.WriteQuotas(dir, measured, quotas); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.reloadHead(auto)
		stats := w.daemon.pipe.Stats()
		for _, kept := range quotas {
			found := false
			for _, q := range stats.Quotas {
				if found = q.Scope == kept.Scope; found {
					if q.Rate < 0.9*kept.PerSecond || q.Rate >= kept.PerSecond {
						t.Errorf("%s starts at %g/s, want a little below %g/s", q.Scope, q.Rate, kept.PerSecond)
					}
					break
				}
			}
			if !found {
				t.Errorf("there is no quota %s", kept.Scope)
			}
		}
		w.daemon.keeper.look(time.Now())
		w.reloadHead(unlimited)
		w.daemon.keeper.look(time.Now())
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	kept, err := state.ReadQuotas(dir, time.Now())
	if err != nil || len(kept) != len(quotas) {
		t.Fatalf("kept %+v, %v", kept, err)
	}
	for _, q := range kept {
		if !q.Measured.Equal(measured) {
			t.Errorf("%s became younger: %v, want %v", q.Scope, q.Measured, measured)
		}
	}
}

// reloadHead reloads with the same routes under other settings.
func (w *reloadedWorld) reloadHead(head string) {
	w.t.Helper()
	w.mu.Lock()
	w.head = head
	w.mu.Unlock()
	w.mustReload(w.routes)
}
