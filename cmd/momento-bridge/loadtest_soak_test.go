package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/soak"
	"momento-bridge/testbed"
)

// soaked runs the command for some seconds, and returns the report that it printed.
func (w *world) soaked(ctx context.Context, args ...string) (*soak.Report, string, error) {
	w.t.Helper()
	var out, log syncBuffer
	err := run(ctx, slices.Concat([]string{
		"loadtest", "soak", "--endpoint", w.endpoint, "--api-key-file", w.keyFile, "--cache", "c", "--topic", "t",
		"--every", "200ms", "--format", "json", "--yes",
	}, w.natsOfSlim(), args), &out, &log)
	r, ok, failed := soak.Read([]byte(out.String()))
	if failed != nil || ok != (out.String() != "") {
		w.t.Errorf("it printed no report: %v\n%s", failed, out.String())
	}
	return r, log.String(), err
}

// natsOfSlim names NATS to a build that has none in it.
func (w *world) natsOfSlim() []string {
	if testbed.HasNATS {
		return nil
	}
	return []string{"--nats-url", w.server.ClientURL()}
}

func TestSoakLeadsThroughAWholeBridge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	dir := filepath.Join(t.TempDir(), "soak")
	for name, args := range map[string][]string{
		"NATS in this process": {"--quota", "100", "--share", "30%", "--out", dir},
		"the user's NATS":      {"--rate", "20", "--nats-url", w.server.ClientURL()},
	} {
		r, log, err := w.soaked(t.Context(), append(args, "--duration", "2s")...)
		if err != nil || r == nil {
			t.Fatalf("%s: %v\n%s", name, err, log)
		}
		d := r.Delivery
		if r.Verdict != soak.Short || d.Sent == 0 || d.Delivered != d.Sent || d.Lost+d.Duplicates+d.Reordered != 0 ||
			d.Latency.Count != d.Delivered || len(r.At) == 0 {
			t.Errorf("%s: %s, %+v", name, r.Verdict, d)
		}
		if !strings.Contains(log, "publishes and as many deliveries") || strings.Contains(log, testKey) {
			t.Errorf("%s: the log has\n%s", name, log)
		}
	}
	for name := range w.js.StreamNames(t.Context()).Name() {
		t.Errorf("the stream %s is left", name)
	}
	for _, name := range []string{"report.json", "report.html", "report.md", "report.txt"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || strings.Contains(string(text), testKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var object map[string]any
	if text, err := os.ReadFile(filepath.Join(dir, "report.json")); err != nil || json.Unmarshal(text, &object) != nil {
		t.Errorf("%v: %s", err, text)
	}
	for name := range strings.FieldsSeq("schema test verdict started ended duration_seconds interrupted target " +
		"settings delivery series at") {
		if _, ok := object[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	var out, log syncBuffer
	err := run(t.Context(), []string{"loadtest", "report", filepath.Join(dir, "report.json")}, &out, &log)
	if err != nil || !strings.HasPrefix(out.String(), "TOO SHORT") ||
		!strings.Contains(out.String(), "30 % of the quota") {
		t.Errorf("%v: %s%s", err, out.String(), log.String())
	}
}

func TestSoakWithLossEndsWithAStatusForCI(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	w := newWorld(t, emulator.Config{Script: func(string, string, []byte) int {
		if n.Add(1)%8 == 0 { // The bridge takes it for the message's fault, and there is no dead letter.
			return 400
		}
		return 0
	}})
	r, log, err := w.soaked(t.Context(), "--rate", "20", "--duration", "2s", "--topics", "1", "--settle", "2s")
	if exitStatus(err) != statusUnmet || r == nil || r.Verdict != soak.Lost || r.Delivery.Lost == 0 ||
		r.Delivery.Delivered+r.Delivery.Lost != r.Delivery.Sent {
		t.Errorf("exit status %d: %v, %+v\n%s", exitStatus(err), err, r, log)
	}
}

func TestCtrlCEndsASoakWithAReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	r, log, err := w.soaked(w.cancelledAfter(30), "--rate", "20", "--duration", "8h")
	if exitStatus(err) != statusInterrupted || r == nil || !r.Interrupted ||
		r.Delivery.Delivered+r.Delivery.UnderWay == 0 {
		t.Errorf("exit status %d: %v, %+v\n%s", exitStatus(err), err, r, log)
	}
}

func TestSoakSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	unproved := reportFile(t, 498, 0)
	for _, c := range []struct {
		args, want string
		status     int
	}{
		{"", "--quota is missing", statusUsage},
		{"--share 0% --quota 10", `--share "0%"`, statusUsage},
		{"--share 120% --quota 10", `--share "120%"`, statusUsage},
		{"--rate 5 --share 50%", "leave one out", statusUsage},
		{"--quota 5 --from " + unproved, "leave one out", statusUsage},
		{"--from " + unproved, "proves no rate", statusUsage},
		{"--from nothing.json", "nothing.json", statusUsage},
		{"--rate 1e9", "the rate is", statusUsage},
		{"--rate 5 --duration 1ms", "--duration is 1ms", statusUsage},
		{"--rate 5 --every 1ms", "--every is 1ms", statusUsage},
		{"--rate 5 --size 4097", "--size is 4097", statusUsage},
		{"--rate 5 --cache d", "--cache is there 2 times", statusUsage},
		{"--rate 5 --topics 101", "an account have 100", statusUsage},
		{"--rate 5 --nats-url nats://127.0.0.1:1", "connect to NATS nats://127.0.0.1:1", statusFailed},
	} {
		r, log, err := w.soaked(t.Context(), strings.Fields(c.args)...)
		if r != nil || exitStatus(err) != c.status || !strings.Contains(log, c.want) {
			t.Errorf("%s: exit status %d: %v\n%s", c.args, exitStatus(err), err, log)
		}
	}
	if n := w.emulator.Stats().Accepted; n != 0 {
		t.Errorf("%d publishes", n)
	}
	log, err := answered(t.Context(), "n\n", slices.Concat([]string{
		"soak", "--endpoint", w.endpoint, "--api-key-file", w.keyFile, "--cache", "c", "--from",
		reportFile(t, 498, 502),
	}, w.natsOfSlim())...)
	if exitStatus(err) != statusUsage || !strings.Contains(log, "249/s for 8h0m0s") ||
		!strings.Contains(log, "Begin?") {
		t.Errorf("exit status %d: %v\n%s", exitStatus(err), err, log)
	}
}
