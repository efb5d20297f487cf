package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/loadtest/report"
)

// reportFile writes the report of a search that has found a limit between two rates; a failing rate of 0 is none.
func reportFile(t *testing.T, clean, failing float64) string {
	t.Helper()
	r := &report.Report{
		Schema: report.Schema, Test: report.Find, Verdict: report.NotProved,
		Reason: "there was too little time", CleanRate: &clean, Limiter: "bucket",
	}
	if failing > 0 {
		r.Verdict, r.Reason, r.FailingRate = report.Proved, "", &failing
	}
	path := filepath.Join(t.TempDir(), "report.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := report.WriteJSON(f, r); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCompareEndsWithAStatusForCI(t *testing.T) {
	a, soakFile := reportFile(t, 498, 502), filepath.Join(t.TempDir(), "soak.json")
	if err := os.WriteFile(soakFile, []byte(`{"schema": 1, "test": "soak", "verdict": "short"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		b      string
		status int
		text   string
	}{
		{a, statusOK, "unchanged"},
		{reportFile(t, 499, 503), statusOK, "unchanged"},
		{reportFile(t, 400, 404), statusUnmet, "CHANGED"},
		{reportFile(t, 498, 0), statusUnproved, "NOT COMPARABLE"},
		{filepath.Join(t.TempDir(), "none.json"), statusUsage, "none.json"},
		{soakFile, statusUsage, "a soak has no limit; compare two reports of `loadtest find`"},
	} {
		var out syncBuffer
		err := run(t.Context(), []string{"loadtest", "compare", a, c.b}, &out, &out)
		if exitStatus(err) != c.status || !strings.Contains(out.String(), c.text) || strings.Contains(out.String(),
			"exit status") {
			t.Errorf("want %d and %s: ended with %d, %s", c.status, c.text, exitStatus(err), out.String())
		}
	}
	var out, log syncBuffer
	if err := run(t.Context(), []string{"loadtest", "compare", a, a, "--format", "json"}, &out, &log); err != nil ||
		!json.Valid([]byte(out.String())) {
		t.Errorf("%v: %s", err, out.String())
	}
	if err := run(t.Context(), []string{"loadtest", "compare", a}, &out, &log); exitStatus(err) != statusUsage {
		t.Errorf("with one report it ended with %v", err)
	}
}

func TestReportIsWrittenAgain(t *testing.T) {
	file, dir := reportFile(t, 498, 502), filepath.Join(t.TempDir(), "again")
	var out, log syncBuffer
	if err := run(t.Context(), []string{"loadtest", "report", file, "--out", dir}, &out, &log); err != nil ||
		!strings.Contains(out.String(), "498") {
		t.Errorf("%v: %s", err, out.String())
	}
	again, err1 := os.ReadFile(filepath.Join(dir, "report.json"))
	before, err2 := os.ReadFile(file)
	if err1 != nil || err2 != nil || string(again) != string(before) {
		t.Errorf("%v, %v: %s became %s", err1, err2, before, again)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
	var printed syncBuffer
	if err := run(t.Context(), []string{"loadtest", "report", file, "--format", "json"}, &printed, &log); err != nil ||
		printed.String() != string(before) {
		t.Errorf("%v: printed %s", err, printed.String())
	}
}
