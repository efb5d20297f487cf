package main

import (
	"encoding/json"
	"strings"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"

	"github.com/nats-io/nats-server/v2/server"
)

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
	var all admin.GroupAnswers
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
