package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"momento-bridge/admin"
	"momento-bridge/daemon"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
	"momento-bridge/terminal"

	"github.com/nats-io/nats-server/v2/server"
)

// exampleGroup is three members of which one is silent, and one route that nobody carries.
func exampleGroup() *groupAnswer {
	members := []admin.Member{
		{ID: "a", Host: "bridge-7d9f-abcde", Started: statusNow.Add(-3 * time.Hour), Keeper: true},
		{
			ID: "b", Host: "bridge-7d9f-fghij", Started: statusNow.Add(-time.Hour),
			Heard: statusNow.Add(-2 * time.Second),
		},
		{ID: "c", Host: "bridge-7d9f-klmno", Started: statusNow.Add(-time.Minute)},
	}
	rates := func(share float64) []admin.GroupRate {
		return []admin.GroupRate{{Scope: "region", Rate: new(500.0), Share: new(share)}, {Scope: "throughput"}}
	}
	free := admin.Lease{Route: "free", State: "standby"}
	return &groupAnswer{
		Answers: []admin.Answer{{
			ID: "a", Host: "bridge-7d9f-abcde", Version: "1.2.3", Now: statusNow, Started: members[0].Started,
			State: admin.Publishing, Summary: "Publishing 300 messages/s.", Rates: admin.Rates{Out: 300},
			Queue: admin.Queue{Waiting: 1200}, Routes: []admin.RouteAnswer{{Name: "orders", Waiting: 1200}},
			Group: admin.Group{
				Name: "momento-bridge", Self: "a", Members: members, Rates: rates(380), Leases: []admin.Lease{
					{Route: "orders", Partition: 1, Mine: true, State: "publishing"},
					{Route: "orders", Partition: 2, Mine: true, State: "settling"},
					free,
				},
			},
		}, {
			ID: "c", Host: "bridge-7d9f-klmno", Version: "1.2.4", Now: statusNow, Started: members[2].Started,
			State: admin.Parked, Summary: "1 of 2 routes is standing still: audit: the cache does not exist.",
			Queue:  admin.Queue{Waiting: 1300},
			Routes: []admin.RouteAnswer{{Name: "orders", Waiting: 1100}, {Name: "audit", Waiting: 100}},
			Group: admin.Group{
				Name: "momento-bridge", Self: "c", Members: members, Rates: rates(20), Leases: []admin.Lease{
					{Route: "audit", Mine: true, State: "publishing"},
					free,
				},
			},
		}},
		Silent: members[1:2],
	}
}

func TestGroupIsShownForPeople(t *testing.T) {
	t.Parallel()
	g := exampleGroup()
	lines := g.lines(terminal.Plain(false))
	wantGolden(t, filepath.Join("testdata", "status", "group.golden"), strings.Join(lines, "\n")+"\n\n"+g.line()+"\n")
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > terminal.Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestStatusOfAGroupAsksAllReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	config := w.config("limits: {group: ours}", "  - {name: r, subject: r, cache: c}\n")
	for range 2 {
		startDaemon(t, "-c", config).awaitReady()
	}
	startDaemon(t, "-c", w.config("limits: {group: others}", "  - {name: r, subject: r, cache: c}\n")).awaitReady()
	status := func(args ...string) string {
		var out, log syncBuffer
		args = append([]string{"status", "--group", "-c", config}, args...)
		if err := run(t.Context(), args, &out, &log); err != nil {
			t.Errorf("%v = %v, %s", args, err, log.String())
		}
		return out.String()
	}
	var all daemon.GroupAnswers
	eventually(t, "two members that know of each other", func() bool {
		err := json.Unmarshal([]byte(status("--json")), &all)
		return err == nil && len(all.Answers) == 2
	})
	if text := status(); !strings.HasPrefix(text, "✓ group ours: 2 members, out 0/s, backlog 0") {
		t.Errorf("status --group shows\n%s", text)
	}
	var out, log syncBuffer
	err := run(t.Context(), []string{"status", "--group", "--nats-url", w.server.ClientURL()}, &out, &log)
	if exitStatus(err) != statusUnreached ||
		!strings.Contains(log.String(), "no member of the group momento-bridge on NATS") {
		t.Errorf("of a group without members: %v, %s", err, log.String())
	}
}

func TestStatusOfAGroupSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := func(status int, want string, args ...string) {
		t.Helper()
		var out, log syncBuffer
		err := run(t.Context(), append([]string{"status", "--group"}, args...), &out, &log)
		if exitStatus(err) != status || !strings.Contains(log.String(), want) || out.String() != "" {
			t.Errorf("status --group %v ends with %d, says %q and prints %q", args, exitStatus(err), log.String(),
				out.String())
		}
	}
	f(statusUsage, "--group asks all of them over NATS", "--admin", "127.0.0.1:1")
	f(statusUsage, "there is no configuration file missing.yaml", "-c", "missing.yaml")
	f(statusUnreached, "nothing listens there: start NATS", "--nats-url", "nats://"+refusingAddress(t))
	s := daemontest.StartNATS(t, &server.Options{Users: []*server.User{{
		Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"x"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"x"}},
		},
	}}})
	f(statusUnreached, "allow it to publish and to subscribe to mb.momento-bridge.>", "--nats-url",
		strings.Replace(s.ClientURL(), "nats://", "nats://u:p@", 1))
}
