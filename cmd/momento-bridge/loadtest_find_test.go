package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
)

// findLimit runs a search against a world's endpoint and returns what it printed and how it ended.
func findLimit(ctx context.Context, w *world, args ...string) (stdout, stderr string, err error) {
	var out, log syncBuffer
	all := append([]string{"loadtest", "find", "--endpoint", w.endpoint, "--api-key-file", w.keyFile, "--cache", "c", "--topic", "t"}, args...)
	err = run(ctx, all, &out, &log)
	return out.String(), log.String(), err
}

func TestQuickSearchEstimatesTheLimitAndProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 300, Burst: 60}})
	dir := filepath.Join(t.TempDir(), "results")
	out, log, err := findLimit(t.Context(), w, "--yes", "--effort", "quick", "--start", "100", "--format", "json", "--out", dir, "--label", "run=7", "--expect", ">=1/s")
	if exitStatus(err) != statusUnproved {
		t.Fatalf("exit status %d: %v\n%s", exitStatus(err), err, log)
	}
	r, err := report.Read(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != report.NotProved || !strings.Contains(r.Reason, "estimate") || r.PlateauRate == nil || *r.PlateauRate < 270 || *r.PlateauRate > 330 {
		t.Errorf("%s: %s, plateau %v: %+v", r.Verdict, r.Reason, r.PlateauRate, r.Trials)
	}
	s := w.emulator.Stats()
	if sent := s.Accepted + s.Rejected[429]; r.Requests != sent {
		t.Errorf("%d requests are reported, the endpoint saw %d", r.Requests, sent)
	}
	if r.Settings.Labels["run"] != "7" || r.AsExpected == nil || !*r.AsExpected || len(r.Refusals) != 1 || r.Generator.Ceiling < 1000 {
		t.Errorf("%+v %+v %+v", r.Settings, r.Refusals, r.Generator)
	}
	if text := log; !strings.Contains(text, "at most") || !strings.Contains(text, "plateau at ") || strings.Contains(text+out, testKey) {
		t.Errorf("the log has %s", text)
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
	out, _, _ := findLimit(t.Context(), w, "--yes", "--format", "json", "--effort", "quick", "--start", "40", "--max-requests", "30")
	var object map[string]any
	if err := json.Unmarshal([]byte(out), &object); err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq("schema verdict reason clean_rate failing_rate plateau_rate burst limiter window_seconds rejections_cost unit requests " +
		"duration_seconds trials latency") {
		if _, ok := object[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	if s := w.emulator.Stats(); s.Accepted+s.Rejected[429] > 30 {
		t.Errorf("the endpoint saw %d publishes", s.Accepted+s.Rejected[429])
	}
	if object["verdict"] != "not_proved" || !strings.Contains(object["reason"].(string), "--max-requests") || object["requests"].(float64) > 30 {
		t.Errorf("%v: %v, %v requests", object["verdict"], object["reason"], object["requests"])
	}
}

func TestSearchEndsAsItsStatusSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	f := func(wantStatus int, wantError string, args ...string) {
		t.Helper()
		_, _, err := findLimit(t.Context(), w, args...)
		if exitStatus(err) != wantStatus || wantError != "" && !strings.Contains(err.Error(), wantError) {
			t.Errorf("%v: status %d: %v, want %d %s", args, exitStatus(err), err, wantStatus, wantError)
		}
	}
	f(statusUsage, "add --yes")
	f(statusUsage, "write quick, standard or proof", "--effort", "huge")
	f(statusUsage, "write a rate such as", "--expect", "500")
	f(statusUsage, `--goal: "60%": write a share of refusals`, "--goal", "0%", "--goal", "60%")
	f(statusUsage, "several goals need an overload", "--goal", "0%,1%", "--no-overload")
	f(statusUsage, "--dimensions: unknown dimension", "--yes", "--dimensions", "colour")
	f(statusUsage, "needs a second cache", "--yes", "--dimensions", "caches")
	f(statusFailed, "the cache does not exist", "--yes", "--cache", "d", "--cache", "c")
	f(statusUnmet, "", "--yes", "--expect", ">=500/s", "--max-rate", "100", "--max-duration", "2s")
	f(statusUnproved, "", "--yes", "--max-rate", "100", "--max-duration", "2s")
	w.emulator.SetAPIKey("another")
	f(statusFailed, "the API key is refused", "--yes")
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
	if err := (&findOptions{}).confirm(cmd); exitStatus(err) != statusInterrupted {
		t.Errorf("exit status %d: %v", exitStatus(err), err)
	}
}

// The clean rate is always somewhat below the limit, so that it alone would never be enough where the limit is what
// is expected.
func TestExpectationIsUnmetWhenTheLimitIsLess(t *testing.T) {
	f := func(verdict, expected string, met bool) {
		t.Helper()
		o := findOptions{expect: expected, effort: "quick", start: 8, width: 1, goals: []string{"0"}, maxRate: 100, maxRequests: 1, maxDuration: time.Hour}
		if err := o.check(); err != nil {
			t.Fatal(err)
		}
		r := &report.Report{Verdict: verdict, CleanRate: new(497.8), FailingRate: new(502.2)}
		if o.judge(r); *r.AsExpected != met {
			t.Errorf("%s, %s: met %v", verdict, expected, *r.AsExpected)
		}
	}
	f(report.Proved, ">=500/s", true)
	f(report.Proved, ">=502.2/s", true)
	f(report.Proved, ">=503/s", false)
	f(report.NotProved, ">=500/s", false)
	f(report.NotProved, ">=497/s", true)
}

func TestInterruptedSearchStillWritesItsReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 100, Burst: 20}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		eventually(t, "a search under way", func() bool { return w.emulator.Stats().Accepted > 20 })
		time.Sleep(300 * time.Millisecond)
		cancel()
	}()
	out, _, err := findLimit(ctx, w, "--yes", "--format", "json")
	if exitStatus(err) != statusInterrupted {
		t.Errorf("exit status %d: %v", exitStatus(err), err)
	}
	r, err := report.Read(strings.NewReader(out))
	if err != nil || !r.Interrupted || r.Verdict != report.NotProved || r.Requests < 20 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestSearchTellsWhatTheLimitCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 200, Burst: 20, Unit: "operations"}}) // Little, so that 8 connections can overload it on a busy machine.
	out, log, err := findLimit(t.Context(), w, "--yes", "--format", "json", "--effort", "quick", "--start", "200", "--dimensions", "size,connections,subscribers")
	if exitStatus(err) != statusUnproved {
		t.Fatalf("%v\n%s", err, log)
	}
	r, err := report.Read(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if r.Unit != "publishes, by size and subscribers" {
		t.Errorf("the limit counts %q", r.Unit)
	}
	for _, d := range r.Dimensions {
		want := 200.0
		switch d.Value {
		case "4096 bytes":
			want = 50
		case "1 subscriber for each topic":
			want = 100
		}
		// A rate of the real clock is nearer to what it should be than to its double or half. It is asserted on
		// virtual time elsewhere.
		if d.Plateau < want/math.Sqrt2 || d.Plateau > want*math.Sqrt2 || d.Counts != (want < 200) {
			t.Errorf("%s: %s are accepted at %.0f/s, counts %v; want %.0f/s", d.Name, d.Value, d.Plateau, d.Counts, want)
		}
	}
	if len(r.Dimensions) != 4 {
		t.Errorf("%+v", r.Dimensions)
	}
}
