package grafana

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// conditions are caused at the same time, each in a world of its own, and say what alerts they have seen fire and resolve.
var conditions = []struct {
	name   string
	alerts []string
	run    func(w *world)
	args   []string // Of the emulator.
}{
	{"normal", nil, normal, nil},
	{"stopped", []string{"MomentoBridgeEndpointDown", "MomentoBridgeNotPublishing"}, stopped, nil},
	{"key", []string{"MomentoBridgeKeyRefused", "MomentoBridgeKeyExpiring", "MomentoBridgeKeyExpiringToday"}, key, []string{"--api-key", "the-key"}},
	{"vended", []string{"MomentoBridgeKeyNotRenewed"}, vended, nil},
	{"forbidden", []string{"MomentoBridgeForbidden", "MomentoBridgeRouteParked"}, forbidden, nil},
	{"throttled", []string{"MomentoBridgeThrottled"}, throttled, nil},
	{"quota", []string{"MomentoBridgeFallingBehind"}, quota, []string{"--rate", "20", "--burst", "5"}},
	{"throughput", nil, throughput, nil},
	{"poison", []string{"MomentoBridgeDeadLetters", "MomentoBridgeRejectedAndDropped"}, poison, nil},
	{"flood", []string{"MomentoBridgeCoreDrops"}, flood, nil},
	{"unclear", []string{"MomentoBridgeAmbiguous"}, unclear, nil},
	{"nats", []string{"MomentoBridgeHeartbeatsMissed", "MomentoBridgeNATSDisconnected", "MomentoBridgeNotConsuming"}, natsTrouble, nil},
	{"again", []string{"MomentoBridgeRedelivered"}, again, nil},
	{"old", []string{"MomentoBridgeMessagesOld"}, old, nil},
	{"restarts", []string{"MomentoBridgeRestarting", "MomentoBridgeDown"}, restarts, nil},
}

// absent needs Prometheus to itself: it ends when the first daemon is scraped.
const absent = "MomentoBridgeAbsent"

// Each alert of alerts.yaml fires in its condition and resolves after, nothing fires in normal operation, and every query of the dashboard has had data.
func TestAlertsAndDashboardAgainstRealPrometheus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	s := startPrometheus(t)
	eventually(t, 30*time.Second, absent+" fires while nothing is scraped", func() bool { return s.fires(t, absent, "") })
	shown := watchDashboard(t, s)
	t.Run("conditions", func(t *testing.T) {
		for _, c := range conditions {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(newWorld(t, s, c.args...))
			})
		}
	})
	if s.fires(t, absent, "") {
		t.Errorf("%s fires although daemons are scraped", absent)
	}
	shown.finish(t)
}

// Nobody adds an alert without causing its condition.
func TestEveryAlertHasACondition(t *testing.T) {
	tested := []string{absent}
	for _, c := range conditions {
		tested = append(tested, c.alerts...)
	}
	for _, name := range alertNames(t) {
		if !slices.Contains(tested, name) {
			t.Errorf("no condition causes %s", name)
		}
	}
	if len(tested) != len(alertNames(t)) {
		t.Errorf("%d alerts are caused, %d exist", len(tested), len(alertNames(t)))
	}
}

// route is a route s of the stream S, with further keys.
func route(more string) string {
	return fmt.Sprintf(`  - {name: s, stream: S, subject: "s.>", cache: c%s}`, more)
}
