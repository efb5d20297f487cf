package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

// pasted returns the permissions that check --online prints.
func pasted(t *testing.T, config string) string {
	t.Helper()
	var out, log syncBuffer
	if err := run(t.Context(), []string{"check", "--online", "-c", config}, &out, &log); err != nil {
		t.Logf("check = %v", err) // Streams may be missing.
	}
	_, block, ok := strings.Cut(out.String(), "permissions: {\n")
	block, _, closed := strings.Cut(block, "\n               }\n")
	if !ok || !closed {
		t.Fatalf("check prints no permissions:\n%s", out.String())
	}
	return "permissions: {\n" + block + "\n}"
}

// What check prints is what two replicas need that carry an ordered route by a lease, and others in any order.
func TestPrintedPermissionsSufficeForReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	w.stream("S", "s.*")
	const more, routes = "coordination: {create: true, lease: 2s}", `  - {name: s, stream: S, subject: "s.*", cache: c}
  - {name: any, stream: S, consumer: any, subject: "s.*", cache: c, ordering: none}
  - {name: core, subject: "core.*", cache: c}
`
	block := pasted(t, w.config(more, routes))
	conf := filepath.Join(t.TempDir(), "server.conf")
	text := fmt.Sprintf("jetstream {store_dir: %q}\naccounts {A {jetstream: enabled, users [\n"+
		"{user: admin, password: p}\n{user: bridge, password: p, %s}\n]}}\n", t.TempDir(), block)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(conf)
	if err != nil {
		t.Fatalf("what is printed is no configuration: %v\n%s", err, text)
	}
	s := daemontest.StartNATS(t, options)
	as := func(user string) string { return strings.Replace(s.ClientURL(), "nats://", "nats://"+user+":p@", 1) }
	admin, err := nats.Connect(as("admin"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	js, err := jetstream.New(admin)
	if err != nil {
		t.Fatal(err)
	}
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.*"}})
	if err != nil {
		t.Fatal(err)
	}
	config := w.config(more, routes)
	first := startDaemon(t, "-c", config, "--nats-url", as("bridge"))
	first.awaitReady()
	eventually(t, "the first one carries the route", func() bool { return first.held("s") })
	second := startDaemon(t, "-c", config, "--nats-url", as("bridge"))
	second.awaitReady()
	eventually(t, "the second one stands by", func() bool {
		return second.metric(`route_state{route="s",state="standby"}`) == 1
	})
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second one takes over", func() bool { return second.held("s") })
	if _, err := js.Publish(t.Context(), "s.1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it publishes", func() bool {
		return second.metric(`messages_settled_total{outcome="published",route="s"}`) == 1
	})
	for _, p := range []*process{first, second} {
		if strings.Contains(p.log.String(), "ermission") || strings.Contains(p.log.String(), "may not") {
			t.Errorf("something is refused:\n%s", p.log)
		}
	}
}

func TestOnlineCheckTellsOfLeases(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	w.stream("S", "s.*")
	const route = "  - {name: s, stream: S, subject: \"s.*\", cache: c}\n"
	check := func(more string) string {
		var out, log syncBuffer
		if err := run(t.Context(), []string{"check", "--online", "-c", w.config(more, route)}, &out, &log); err != nil {
			t.Errorf("check = %v: %s%s", err, out.String(), log.String())
		}
		return out.String()
	}
	f := func(more string, wants ...string) {
		t.Helper()
		text := check(more)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("with %q check does not say %q:\n%s", more, want, text)
			}
		}
	}
	f("", "✓ leases: there is no bucket momento-bridge: one replica needs none",
		"nats kv add momento-bridge --history=1 --storage=file --replicas=3",
		"one at a time carries s: more of them take over, and do not make it faster", `"mb.momento-bridge.>"`)
	f("coordination: {create: true}", "bucket momento-bridge does not exist yet: run creates it",
		`"$JS.API.STREAM.CREATE.KV_momento-bridge"`)
	if _, err := w.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "momento-bridge"}); err != nil {
		t.Fatal(err)
	}
	f("", "✓ leases: bucket momento-bridge, on 1 of the servers")
}
