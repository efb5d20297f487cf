//go:build !race

package virtual_test

import (
	"testing"

	"momento-bridge/group/virtual"
	"momento-bridge/test/long"
)

// These are medians of three seeds: a single one tells of its luck, such as when the learner tries for more.
func TestReplicasShareAQuota(t *testing.T) {
	t.Parallel()
	for _, c := range virtual.Cases() {
		if c.Line == (virtual.Figures{}) || c.Large || c.Config.Replicas > 12 || !c.Quick && !long.Asked() {
			continue
		}
		f, _ := c.Median(3)
		t.Logf("%-48s used %5.1f %%, refused %.2f %%, Jain %.3f, peak %.2f",
			c.Name, 100*f.Used, 100*f.Refused, f.Jain, f.Peak)
		if !c.Holds(f) {
			t.Errorf("%s: %+v, want %+v", c.Name, f, c.Line)
		}
	}
}
