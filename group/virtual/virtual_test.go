package virtual_test

import (
	"testing"
	"time"

	"momento-bridge/group/virtual"
)

// The lines are wider here than those of bench/group, which takes the medians of several seeds.
func TestReplicasShareAQuota(t *testing.T) {
	t.Parallel()
	for _, c := range virtual.Cases() {
		if c.Line == (virtual.Figures{}) || c.Large {
			continue
		}
		began := time.Now()
		f, _ := c.Run(1)
		t.Logf("%-45s used %5.1f %% refused %.2f %% Jain %.3f peak %.2f (%v)", c.Name, 100*f.Used, 100*f.Refused, f.Jain,
			f.Peak, time.Since(began))
		if !c.Holds(f) {
			t.Errorf("%s: %+v, want %+v", c.Name, f, c.Line)
		}
	}
}
