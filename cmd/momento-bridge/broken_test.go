package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/daemon"
	"momento-bridge/terminal"
)

var update = flag.Bool("update", false, "write the golden files anew; read the difference")

// Each file in testdata/broken is a configuration that is wrong in one way, and beside it stands exactly what check
// says of it.
func TestBrokenConfigurationIsExplained(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "another-servers-key")
	t.Setenv("NATS_URL", "")
	t.Setenv("MOMENTO_ENDPOINT", "")
	t.Chdir("testdata/broken")
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d broken configurations, %v: want at least 100", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			var out, log syncBuffer
			if status := exitStatus(run(t.Context(), []string{"check", "-c", file}, &out,
				&log)); status != statusUsage {
				t.Errorf("exit status %d, want %d; output %s", status, statusUsage, out.String())
			}
			if n := strings.Count(log.String(), "\n"); out.String() != "✗ "+terminal.Plural(n,
				"problem")+" in the configuration\n" {
				t.Errorf("%d problems end with the verdict %q", n, out.String())
			}
			wantGolden(t, strings.TrimSuffix(file, ".yaml")+".golden", log.String())
		})
	}
}

// wantGolden holds a text against a file.
func wantGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("shown is\n%swant\n%s", got, want)
	}
}

func TestExampleConfigurationIsAccepted(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "e30.eyJ0IjoiZyJ9.c2ln") // A v2 key as far as anybody can tell without its signature.
	var example, out, log syncBuffer
	if err := run(t.Context(), []string{"config", "example"}, &example, &log); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "example.yaml")
	if err := os.WriteFile(file, []byte(example.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"check", "-c", file}, &out, &log); err != nil {
		t.Errorf("check = %v\n%s", err, log.String())
	}
	for _, words := range []string{
		"✓ configuration: 2 routes\n", "✓ endpoint: https://api.cache.cell-us-east-1-1.prod.a.momentohq.com\n",
		"✓ key: v2\n",
		"✓ route orders: stream ORDERS orders.> → my-cache/orders-{{wildcard(1)}}",
		"momento-bridge-orders, created when missing: ack explicit, ack_wait 1m0s, max_deliver -1, " +
			"max_ack_pending 5000",
		"✓ route ticks: core NATS ticks.* (queue momento-bridge) → my-cache/{{subject}}",
		"\n✓ ready to run, as far as the configuration tells: --online tries",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("check does not say %q:\n%s", words, out.String())
		}
	}
}

// What a route says about the beginning, messages without bytes and rejected ones is told before it runs.
func TestCheckTellsWhereARouteStartsAndWhatBecomesOfItsMessages(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "k")
	for settings, words := range map[string]string{
		"stream: S":               "created when missing: ack explicit",
		"stream: S, deliver: new": "created when missing, to start with new messages: ack explicit",
		"stream: S, deliver: 7":   "created when missing, to start at sequence 7: ack explicit",
		"stream: S, deliver: 2026-01-31T06:00:00Z": "created when missing, to start at 2026-01-31T06:00:00Z: " +
			"ack explicit",
		"stream: S, empty: skip": "empty      messages without bytes are skipped: acknowledged, " +
			"and counted as dropped\n",
		"stream: S, envelope: cloudevents": "envelope   CloudEvents 1.0 in JSON, of source /nats/S and type " +
			"momento-bridge.a unless they say theirs",
		"subject: s.x.>, envelope: cloudevents, batch: {format: json}":  "of source /nats/s.x and",
		"subject: s, envelope: cloudevents, carry: [subject, X-Tenant]": "; attributes xtenant (X-Tenant); max_payload",
		"subject: s, envelope: cloudevents, carry: [\"header:*\"]":      "; attributes of all headers but",
		"subject: s, empty: dead-letter, dead_letter: {subject: d}": "empty      messages without bytes " +
			"become dead letters\n",
		"stream: S, topic: \"{{header(Region)}}-{{header(Kind,any)}}\"": "headers    the topic needs Region: " +
			"messages without are rejected as unfit; the topic has a default for messages without Kind\n",
		"stream: S, give_up_after: 0s, dead_letter: {subject: d}": "rejected   messages are kept in d\n",
		"stream: S, subject: s, give_up_after: 5m, dead_letter: {subject: d}": "rejected   messages are kept in d, " +
			"also those that fail for 5m0s while others are accepted",
	} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		text := "momento: {endpoint: \"http://127.0.0.1:1\"}\nroutes: [{name: a, cache: c, " + settings + "}]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, log syncBuffer
		if err := run(t.Context(), []string{"check", "-c", file}, &out, &log); err != nil ||
			!strings.Contains(out.String(), words) {
			t.Errorf("check of %s = %v, want %q in it:\n%s%s", settings, err, words, out.String(), log.String())
		}
	}
}

func TestFlagsComeBeforeTheEnvironmentAndTheFile(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "k")
	t.Setenv("NATS_URL", "nats://env:1")
	t.Setenv("MOMENTO_ENDPOINT", "http://127.0.0.1:3")
	f := func(want string, args ...string) {
		t.Helper()
		var out, log syncBuffer
		_ = run(t.Context(), append([]string{"check"}, args...), &out, &log)
		if !strings.Contains(out.String()+log.String(), want) {
			t.Errorf("check %v says %s, want %q in it", args, out.String()+log.String(), want)
		}
	}
	route := []string{"--subject", "a", "--cache", "c"}
	f("nats       nats://env:1\n", route...)
	f("✓ endpoint: http://127.0.0.1:3\n", route...)
	f("nats       nats://flag:2\n", append(route, "--nats-url", "nats://flag:2")...)
	f("✓ endpoint: http://127.0.0.1:4\n", append(route, "--endpoint", "http://127.0.0.1:4")...)
	f("nats       nats://xxxxx@host:1\n", append(route, "--nats-url", "nats://user:secret@host:1")...)
	f("--rate: \"fast\" is not a rate", append(route, "--rate", "fast")...)
	f("--topic: topic template \"{{wildcard(1)}}\": {{wildcard(1)}}: filter \"a\" has no wildcards",
		append(route, "--topic", "{{wildcard(1)}}")...)
	f("MOMENTO_API_KEY: the API key is neither", append(route, "--region", "us-east-1")...)
	f("! endpoint: http://10.0.0.1:4: plain HTTP on another machine",
		append(route, "--endpoint", "http://10.0.0.1:4")...)
	f("there is no route: list at least one under routes, or give --subject and --cache")
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("nats: {url: \"nats://file:1\"}\nroutes: [{name: a, subject: a, cache: c}]\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	f("nats       nats://file:1\n", "-c", file)
	f("nats       nats://flag:2\n", "-c", file, "--nats-url", "nats://flag:2")
	f("--cache describes a route; with --config, routes are in the file", "-c", file, "--cache", "x")
}
