package status

import (
	"strings"
	"testing"

	"momento-bridge/admin"
)

func TestACanaryThatDoesNotGetThroughDegradesWhatSeemsWell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		canary string
		before admin.State
		after  admin.State
		told   bool
	}{
		{admin.CanaryLosing, admin.Publishing, admin.Degraded, true},
		{admin.CanaryRefused, admin.Idle, admin.Degraded, true},
		{admin.CanaryLosing, admin.Down, admin.Down, true},
		{admin.CanaryLosing, admin.Stopping, admin.Stopping, false},
		{admin.CanaryDeaf, admin.Publishing, admin.Publishing, false},
		{admin.CanaryLate, admin.Publishing, admin.Publishing, false},
		{admin.CanaryWaiting, admin.Publishing, admin.Publishing, false},
		{admin.CanaryOK, admin.Publishing, admin.Publishing, false},
		{"", admin.Publishing, admin.Publishing, false},
	} {
		s := &admin.Status{Canary: &admin.Canary{State: c.canary, Reason: "because"}}
		if c.canary == "" {
			s.Canary = nil
		}
		state, text := witness(s, c.before, "All is well.")
		if state != c.after || strings.Contains(text, "because") != c.told || !strings.Contains(text, "All is well.") {
			t.Errorf("%+v: it is %s: %s", c, state, text)
		}
	}
}
