package grafana

import (
	"fmt"
	"slices"
	"testing"

	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

// conditions are caused at the same time, each in a world of its own, and say what alerts they have seen fire and
// resolve.
var conditions = []struct {
	name   string
	alerts []string
	run    func(w *world)
	args   []string // Of the emulator.
}{
	{"normal", nil, normal, nil},
	{"stopped", []string{"MomentoBridgeEndpointDown", "MomentoBridgeNotPublishing"}, stopped, nil},
	{
		"key",
		[]string{"MomentoBridgeKeyRefused", "MomentoBridgeKeyExpiring", "MomentoBridgeKeyExpiringToday"},
		key,
		[]string{"--api-key", "the-key"},
	},
	{"vended", []string{"MomentoBridgeKeyNotRenewed"}, vended, nil},
	{"forbidden", []string{"MomentoBridgeForbidden", "MomentoBridgeRouteParked"}, forbidden, nil},
	{"throttled", []string{"MomentoBridgeThrottled"}, throttled, nil},
	{"quota", []string{"MomentoBridgeFallingBehind"}, quota, []string{"--rate", "20", "--burst", "5"}},
	{"throughput", nil, throughput, nil},
	{"poison", []string{"MomentoBridgeDeadLetters", "MomentoBridgeRejectedAndDropped"}, poison, nil},
	{"flood", []string{"MomentoBridgeCoreDrops"}, flood, nil},
	{"unclear", []string{"MomentoBridgeAmbiguous"}, unclear, nil},
	{
		"nats",
		[]string{"MomentoBridgeHeartbeatsMissed", "MomentoBridgeNATSDisconnected", "MomentoBridgeNotConsuming"},
		natsTrouble, nil,
	},
	{"again", []string{"MomentoBridgeRedelivered"}, again, nil},
	{"old", []string{"MomentoBridgeMessagesOld"}, old, nil},
	{"members", []string{"MomentoBridgeTwoKeepers", "MomentoBridgeOtherRoutes"}, members, nil},
	{"leases", []string{"MomentoBridgeLeasesFlap", "MomentoBridgeNobodyHoldsLease"}, leases, nil},
	{"canary", []string{"MomentoBridgeCanaryNotArriving", "MomentoBridgeCanaryImpaired"}, canaries, nil},
	{"restarts", []string{"MomentoBridgeRestarting", "MomentoBridgeDown"}, restarts, nil},
}

// absent needs Prometheus to itself: it ends when the first daemon is scraped.
const absent = "MomentoBridgeAbsent"

// Each alert of alerts.yaml fires in its condition and resolves after, nothing fires in normal operation, and every
// query of the dashboard has had data.
func TestAlertsAndDashboardAgainstRealPrometheus(t *testing.T) {
	long.Only(t)
	s := startPrometheus(t)
	lab.Eventually(t, patience, absent+" fires while nothing is scraped", func() bool { return s.fires(t, absent, "") })
	s.shown = watchDashboard(t, s)
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
	s.shown.finish(t)
}

// The short form: Prometheus takes what a daemon exports, evaluates the rules, understands every query of the
// dashboard, and what is published is seen in its panel.
func TestPrometheusReadsADaemonAndTheDashboardAsksIt(t *testing.T) {
	t.Parallel()
	s := startPrometheus(t)
	w := newWorld(t, s)
	w.stream("S", "s.>")
	lint(t, string(w.daemon("a", "", route("")).Metrics()))
	w.fill(100, "s.%d")
	lab.Eventually(t, patience, "the published messages are seen", func() bool {
		got, err := s.query(fmt.Sprintf("momento_bridge_messages_settled_total{outcome=\"published\", job=%q}", w.job))
		return err == nil && len(got) == 1 && got[0].number() == 100
	})
	b := dashboard(t)
	for name, expr := range b.queries() {
		if _, err := s.query(chosen(expr, w.job, ".*", ".*")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	variablesHaveValues(t, s)
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
