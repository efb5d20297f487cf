package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
	"momento-bridge/test/long"
)

// findLimit runs a search against a world's endpoint and returns what it printed and how it ended.
func findLimit(ctx context.Context, w *world, args ...string) (stdout, stderr string, err error) {
	var out, log syncBuffer
	all := append([]string{
		"loadtest", "find", "--endpoint", w.endpoint, "--api-key-file", w.keyFile, "--cache", "c",
		"--topic", "t",
	}, args...)
	err = run(ctx, all, &out, &log)
	return out.String(), log.String(), err
}

// What is found is tested on virtual time, in package loadtest.
func TestQuickSearchEstimatesTheLimitAndProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 200, Burst: 20}})
	dir := filepath.Join(t.TempDir(), "results")
	args := []string{
		"--yes", "--effort", "quick", "--start", "200", "--max-rate", "300", "--max-duration", "30s",
		"--format", "json", "--out", dir, "--label", "run=7",
	}
	if long.Asked() {
		args = append(args, "--dimensions", "subscribers")
	}
	out, log, err := findLimit(t.Context(), w, args...)
	if exitStatus(err) != statusUnproved {
		t.Fatalf("exit status %d: %v\n%s", exitStatus(err), err, log)
	}
	r, err := report.Read(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	s := w.emulator.Stats()
	if sent := s.Accepted + s.Rejected[429]; r.Requests != sent {
		t.Errorf("%d requests are reported, the endpoint saw %d", r.Requests, sent)
	}
	if r.Verdict != report.NotProved || r.Settings.Labels["run"] != "7" || r.AsExpected != nil {
		t.Errorf("%s: %+v %+v", r.Verdict, r.Settings, r.Generator)
	}
	if strings.Contains(r.Reason, "estimate") { // Otherwise the machine was too busy, which the reason says.
		if !(r.Generator.Ceiling > 0) || r.PlateauRate == nil || len(r.Refusals) != 1 ||
			!strings.Contains(log, "plateau at ") {
			t.Errorf("plateau %v, refusals %+v, the log has %s", r.PlateauRate, r.Refusals, log)
		}
	}
	for _, d := range r.Dimensions {
		if d.Name != "subscribers" || (d.Unfit == "") != (d.Plateau > 0) || !strings.HasPrefix(r.Unit, "publishes") {
			t.Errorf("the limit counts %q: %+v", r.Unit, d)
		}
	}
	if !strings.Contains(log, "at most") || !strings.Contains(log, "expected  where") ||
		strings.Contains(log+out, testKey) {
		t.Errorf("the log has %s", log)
	}
	for _, name := range []string{"report.json", "report.html", "report.md", "report.txt"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || strings.Contains(string(text), testKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The names that machines rely on.
func TestSearchPrintsOneObjectWithTheNamesOfTheInterface(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 50, Burst: 5}})
	out, _, _ := findLimit(t.Context(), w, "--yes", "--format", "json", "--effort", "quick", "--start", "40",
		"--max-requests", "30")
	var object map[string]any
	if err := json.Unmarshal([]byte(out), &object); err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(
		"schema verdict reason clean_rate failing_rate plateau_rate burst limiter window_seconds rejections_cost " +
			"unit requests " +
			"duration_seconds trials latency") {
		if _, ok := object[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	if s := w.emulator.Stats(); s.Accepted+s.Rejected[429] > 30 {
		t.Errorf("the endpoint saw %d publishes", s.Accepted+s.Rejected[429])
	}
	if object["verdict"] != "not_proved" || !strings.Contains(object["reason"].(string), "--max-requests") ||
		object["requests"].(float64) > 30 {
		t.Errorf("%v: %v, %v requests", object["verdict"], object["reason"], object["requests"])
	}
}

func TestSearchEndsAsItsStatusSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		status     int
		args       string
		key        string // That is refused.
	}{
		{"nobody is asked", "add --yes", statusUsage, "", ""},
		{"effort", "write quick, standard or proof", statusUsage, "--effort huge", ""},
		{"expectation", "write a rate such as", statusUsage, "--expect 500", ""},
		{"goal", `--goal: "60%": write a share of refusals`, statusUsage, "--goal 0% --goal 60%", ""},
		{"goals without overload", "several goals need an overload", statusUsage, "--goal 0%,1% --no-overload", ""},
		{"unknown dimension", "--dimensions: unknown dimension", statusUsage, "--yes --dimensions colour", ""},
		{"too few caches", "needs a second cache", statusUsage, "--yes --dimensions caches", ""},
		{"no such cache", "the cache does not exist", statusFailed, "--yes --cache d --cache c", ""},
		{"less than expected", "", statusUnmet, "--yes --expect >=500/s --max-rate 100 --max-duration 1s", ""},
		{"nothing is proved", "", statusUnproved, "--yes --max-rate 100 --max-duration 1s", ""},
		{"key", "the endpoint refuses the API key", statusFailed, "--yes", "another"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, emulator.Config{Caches: []string{"c"}})
			if c.key != "" {
				w.emulator.SetAPIKey(c.key)
			}
			_, _, err := findLimit(t.Context(), w, strings.Fields(c.args)...)
			if exitStatus(err) != c.status || c.text != "" && !strings.Contains(err.Error(), c.text) {
				t.Errorf("status %d: %v, want %d %s", exitStatus(err), err, c.status, c.text)
			}
		})
	}
}

func TestInterruptionEndsTheQuestion(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	in, line := io.Pipe()
	defer line.Close()
	cmd := newLoadtestFind()
	cmd.SetContext(ctx)
	cmd.SetIn(in)
	cmd.SetErr(io.Discard)
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := confirm(cmd); exitStatus(err) != statusInterrupted {
		t.Errorf("exit status %d: %v", exitStatus(err), err)
	}
}

func TestWhatIsExpectedIsReadAsARate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{">=500/s": 500, " >= 502.2 ": 502.2, "500/s": 0, ">=inf": 0, ">=0": 0} {
		o := findOptions{
			expect: text, effort: "quick", start: 8, width: 1, goals: []string{"0"}, maxRate: 100, maxRequests: 1,
			maxDuration: time.Hour,
		}
		err := o.check()
		if (err == nil) != (want > 0) || err == nil && o.expected != want {
			t.Errorf("%q is %g: %v", text, o.expected, err)
		}
	}
}

func TestInterruptedSearchStillWritesItsReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 100, Burst: 20}})
	out, _, err := findLimit(w.cancelledAfter(3), w, "--yes", "--format", "json")
	if exitStatus(err) != statusInterrupted {
		t.Errorf("exit status %d: %v", exitStatus(err), err)
	}
	r, err := report.Read(strings.NewReader(out))
	if err != nil || !r.Interrupted || r.Verdict != report.NotProved || r.Requests < 3 {
		t.Errorf("%v: %+v", err, r)
	}
}
