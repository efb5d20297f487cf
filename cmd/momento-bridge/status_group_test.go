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
	status := func(args ...string) string { // Empty where a busy machine answers too late.
		var out, log syncBuffer
		_ = run(t.Context(), append([]string{"status", "--group", "-c", config}, args...), &out, &log)
		return out.String()
	}
	eventually(t, "two members that know of each other", func() bool {
		var all admin.GroupAnswers
		err := json.Unmarshal([]byte(status("--json")), &all)
		return err == nil && len(all.Answers) == 2
	})
	eventually(t, "both in the text", func() bool {
		return strings.HasPrefix(status(), "✓ group ours: 2 members, out 0/s, backlog 0")
	})
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
		ended, said, printed := 0, "", ""
		for range 10 { // A busy machine may not answer in time.
			var out, log syncBuffer
			err := run(t.Context(), append([]string{"status", "--group"}, args...), &out, &log)
			ended, said, printed = exitStatus(err), log.String(), out.String()
			if !strings.Contains(said, "has answered within") {
				break
			}
		}
		if ended != status || !strings.Contains(said, want) || printed != "" {
			t.Errorf("status --group %v ends with %d, says %q and prints %q", args, ended, said, printed)
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
