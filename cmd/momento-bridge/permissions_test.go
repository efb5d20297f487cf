package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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
	_, js := daemontest.Connect(t, as("admin"))
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
	for range 2 { // What the first one has written is in nobody's way.
		f("", "✓ leases: bucket momento-bridge, on 1 of the servers; a key was written, watched and removed",
			"✓ group: replicas may hear each other on mb.momento-bridge.>")
	}
	kv, err := w.js.KeyValue(t.Context(), "momento-bridge")
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := kv.Keys(t.Context()); !errors.Is(err, jetstream.ErrNoKeysFound) {
		t.Errorf("it has left %v, %v", keys, err)
	}
	if _, err := w.js.UpdateKeyValue(t.Context(), jetstream.KeyValueConfig{
		Bucket: "momento-bridge", History: 5, TTL: time.Hour,
	}); err != nil {
		t.Fatal(err)
	}
	f("", "! leases: the bucket momento-bridge keeps 5 values of each key", "lets its values expire after 1h0m0s")
	_, err = w.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{
		Bucket: "volatile", Storage: jetstream.MemoryStorage,
	})
	if err != nil {
		t.Fatal(err)
	}
	f("coordination: {bucket: volatile}", "! leases: the bucket volatile is kept in memory")
}

// Each line that is missing is named as it would have to stand in the server's configuration.
func TestOnlineCheckNamesEachMissingPermission(t *testing.T) {
	t.Parallel()
	all := []string{
		"$JS.API.STREAM.INFO.KV_momento-bridge", "$KV.momento-bridge.>",
		"$JS.API.CONSUMER.CREATE.KV_momento-bridge.>", "$JS.API.CONSUMER.DELETE.KV_momento-bridge.>",
	}
	const group = "mb.momento-bridge.>"
	others := []string{"$JS.API.CONSUMER.>", "$JS.API.STREAM.INFO.S", "$JS.ACK.>", "$JS.API.STREAM.NAMES", group}
	users := []*server.User{{Username: "admin", Password: "p"}}
	user := func(name string, publish, subscribe []string, denied ...string) {
		users = append(users, &server.User{Username: name, Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: publish, Deny: denied},
			Subscribe: &server.SubjectPermission{Allow: subscribe},
		}})
	}
	listens := []string{"_INBOX.>", group}
	for i := range all {
		user(fmt.Sprintf("without%d", i), append(slices.Clone(all), others...), listens, all[i])
	}
	user("deaf", append(slices.Clone(all), others...), listens[:1])
	user("mute", append(slices.Clone(all), others...), listens, group)
	user("all", append(slices.Clone(all), others...), listens)
	w := &world{t: t, keyFile: filepath.Join(t.TempDir(), "key")}
	w.writeKey(testKey)
	w.server = startServer(t, &server.Options{JetStream: true, StoreDir: t.TempDir(), Users: users})
	_, w.endpoint = daemontest.StartEmulator(t, emulator.Config{APIKey: testKey, Caches: []string{"c"}})
	as := func(user string) string {
		return strings.Replace(w.server.ClientURL(), "nats://", "nats://"+user+":p@", 1)
	}
	_, w.js = daemontest.Connect(t, as("admin"))
	w.stream("S", "s.*")
	if _, err := w.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "momento-bridge"}); err != nil {
		t.Fatal(err)
	}
	config := w.config("", "  - {name: s, stream: S, subject: \"s.*\", cache: c}\n")
	check := func(user string) string {
		var out, log syncBuffer
		args := []string{"check", "--online", "-c", config, "--nats-url", as(user)}
		if err := run(t.Context(), args, &out, &log); err != nil {
			t.Errorf("check as %s = %v: %s%s", user, err, out.String(), log.String())
		}
		return out.String()
	}
	for i, subject := range all {
		text := check(fmt.Sprintf("without%d", i))
		if !strings.Contains(text, "! leases: the NATS user may not publish to "+subject+": ") ||
			!strings.Contains(text, fmt.Sprintf("publish: [%q]", subject)) || strings.Contains(text, "✓ leases") {
			t.Errorf("without %s check says\n%s", subject, text)
		}
	}
	for user, action := range map[string]string{"deaf": "subscribe", "mute": "publish"} {
		text := check(user)
		if !strings.Contains(text, "! group: the NATS user may not "+action+" to "+group) ||
			!strings.Contains(text, fmt.Sprintf("%s: [%q]", action, group)) {
			t.Errorf("as %s check says\n%s", user, text)
		}
	}
	if text := check("all"); !strings.Contains(text, "✓ leases: bucket") || !strings.Contains(text, "✓ group:") {
		t.Errorf("with all permissions check says\n%s", text)
	}
}
