// Package examples runs the examples: each one's own files, with addresses of this machine that are free.
package examples

import (
	"context"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// rig has the programs.
var rig *lab.Lab

func TestMain(m *testing.M) {
	os.Exit(lab.RunTests(m, "", "4", func(l *lab.Lab) { rig = l }))
}

// credentials are files that systemd or Compose makes for a service.
var credentials = regexp.MustCompile(`/run/(credentials|secrets)/\S+`)

// patience is how long something may take that takes a moment, on a machine that does much else.
const patience = time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// streams starts a NATS server with streams that take NAME.>, in lower case, and are named in capital letters.
func streams(t *testing.T, names ...string) (*lab.NATS, jetstream.JetStream) {
	t.Helper()
	server, err := rig.StartNATS(t.Context())
	must(t, err)
	t.Cleanup(server.Close)
	conn, js, err := lab.Connect(server)
	must(t, err)
	t.Cleanup(conn.Close)
	for _, name := range names {
		_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
			Name: strings.ToUpper(name), Subjects: []string{name + ".>"},
		})
		must(t, err)
	}
	return server, js
}

func startEmulator(t *testing.T, args ...string) *lab.Emulator {
	t.Helper()
	e, err := rig.StartEmulator(t.Context(), args...)
	must(t, err)
	t.Cleanup(e.Kill)
	return e
}

// configured writes a file of an example anew, with other addresses: the old one and the new one of each in turn.
func configured(t *testing.T, file string, addresses ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	for i := 0; i < len(addresses); i += 2 {
		if !strings.Contains(string(text), addresses[i]) {
			t.Fatalf("%s does not have %s", file, addresses[i])
		}
	}
	written, err := rig.Write(filepath.Base(file), strings.NewReplacer(addresses...).Replace(string(text)))
	must(t, err)
	return written
}

// run starts a daemon at the top of the repository, as the README says, and waits until it is ready.
func run(t *testing.T, config string) *lab.Daemon {
	t.Helper()
	d := rig.NewDaemon("-c", config)
	d.Prepare = func(cmd *exec.Cmd) { cmd.Dir = ".." }
	must(t, d.Start())
	t.Cleanup(func() {
		d.Kill()
		if t.Failed() {
			t.Log(lab.Brief(d.Output()))
		}
	})
	lab.Eventually(t, patience, "the daemon is ready", d.Ready)
	return d
}

// command runs the program at the top of the repository, and returns what it prints.
func command(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), rig.Bridge, args...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "MOMENTO_API_KEY=any")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", args, err, out)
	}
	return string(out)
}

func publish(t *testing.T, js jetstream.JetStream, subject, payload string, header nats.Header) {
	t.Helper()
	_, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: subject, Data: []byte(payload), Header: header})
	must(t, err)
}

// accepted returns how many messages an emulator has accepted for each topic.
func accepted(t *testing.T, e *lab.Emulator) map[string]int {
	t.Helper()
	var stats struct {
		Topics []struct {
			Topic    string
			Accepted int
		}
	}
	must(t, e.Stats(&stats))
	topics := map[string]int{}
	for _, one := range stats.Topics {
		topics[one.Topic] = one.Accepted
	}
	return topics
}

func TestConfigurationsOfTheExamplesPassTheCheck(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.yaml")
	must(t, err)
	key, err := rig.Write("key", base64.StdEncoding.EncodeToString([]byte(
		`{"endpoint":"cell-us-east-1-1.prod.a.momentohq.com","api_key":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.bm8"}`)))
	must(t, err)
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if !strings.Contains(string(text), "\nroutes:") || strings.Contains(string(text), "\nservices:") {
			continue // Of Compose or Kubernetes.
		}
		checked++
		written, err := rig.Write("config.yaml", credentials.ReplaceAllString(string(text), key))
		must(t, err)
		if out := command(t, "check", "-c", written); strings.Contains(out, "✗") {
			t.Errorf("%s:\n%s", file, out)
		}
	}
	if checked < 5 {
		t.Errorf("only %d configurations were found", checked)
	}
}

func TestTwoRegionsGetEverythingEachAtItsOwnPace(t *testing.T) {
	t.Parallel()
	server, js := streams(t, "orders")
	east, west := startEmulator(t), startEmulator(t)
	run(t, configured(t, "two-regions/east.yaml", "127.0.0.1:4222", server.Address, "127.0.0.1:8081", east.Address))
	run(t, configured(t, "two-regions/west.yaml", "127.0.0.1:4222", server.Address, "127.0.0.1:8082", west.Address))
	has := func(e *lab.Emulator, n int) func() bool {
		return func() bool { return accepted(t, e)["orders.1"] == n }
	}
	publish(t, js, "orders.1", "first", nil)
	lab.Eventually(t, patience, "both have the first message", func() bool { return has(east, 1)() && has(west, 1)() })
	must(t, west.Set(context.WithoutCancel(t.Context()), `{"fault": "500:100%"}`))
	for range 50 {
		publish(t, js, "orders.1", "more", nil)
	}
	lab.Eventually(t, patience, "the east goes on", has(east, 51))
	if !has(west, 1)() {
		t.Errorf("the west has %v while it is down", accepted(t, west))
	}
	must(t, west.Set(context.WithoutCancel(t.Context()), `{"fault": ""}`))
	lab.Eventually(t, patience, "the west catches up", has(west, 51))
}

func TestDeadLettersAreReplayedOnceTheCauseIsMended(t *testing.T) {
	t.Parallel()
	server, js := streams(t, "orders", "dead")
	e := startEmulator(t)
	addresses := []string{"127.0.0.1:4222", server.Address, "127.0.0.1:8080", e.Address}
	before := configured(t, "dead-letter-replay/before.yaml", addresses...)
	after := configured(t, "dead-letter-replay/after.yaml", addresses...)
	d := run(t, before)
	publish(t, js, "orders.1", "first", nats.Header{"Tenant": {"acme"}})
	publish(t, js, "orders.2", "second", nil)
	lab.Eventually(t, patience, "one is kept as a dead letter", func() bool {
		return d.Metric("momento_bridge_messages_settled_total", `outcome="dead_lettered"`) == 1 &&
			accepted(t, e)["orders-acme"] == 1
	})
	if out := command(t, "replay", "-c", before, "--dry-run"); !strings.Contains(out, "unfit") ||
		!strings.HasSuffix(out, "1 would be replayed\n") {
		t.Errorf("replay --dry-run says\n%s", out)
	}
	if out := command(t, "replay", "-c", after); !strings.HasSuffix(out, "replayed=1 rejected=0 skipped=0 left=0\n") {
		t.Errorf("replay says\n%s", out)
	}
	if topics := accepted(t, e); topics["orders-nobody"] != 1 {
		t.Errorf("accepted: %v", topics)
	}
	dead, err := js.Stream(t.Context(), "DEAD")
	must(t, err)
	if n := dead.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d dead letters are left", n)
	}
}
