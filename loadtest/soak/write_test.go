package soak_test

import (
	"bytes"
	"html"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"momento-bridge/loadtest"
	"momento-bridge/loadtest/drift"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/soak"
)

// sample is a report in which everything has happened.
func sample() *soak.Report {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	since := at.Add(2 * time.Hour)
	values := []*float64{new(0.010), nil, new(0.012)}
	return &soak.Report{
		Schema: soak.Schema, Test: soak.Test, Verdict: soak.Lost, Reason: "the key is refused", Started: at,
		Ended: at.Add(4 * time.Hour), DurationSeconds: 14400, Interrupted: true,
		Target:   report.Target{Version: "1.2", Endpoint: "http://here", Caches: []string{"c"}, Topic: "t|<b>\x1b[31m"},
		Settings: soak.Settings{Rate: 50, Quota: 100, Share: 0.5, Topics: 5, EverySeconds: 10, NATS: "embedded"},
		Delivery: soak.Delivery{
			Sent: 720_000, NotTaken: 3, NotSent: 4, Delivered: 719_998, Lost: 2, Late: 1, Duplicates: 5, Reordered: 6,
			Latency: report.Latency{Count: 719_998, P50: new(0.010), P99: new(0.020), Max: new(0.5)},
		},
		At: []float64{10, 20, 30},
		Series: []soak.Series{
			{Name: "rate", Unit: "/s", Values: values, Drift: soak.Drift{
				Shape: drift.None, P: 0.5, First: new(50.), Last: new(50.),
			}},
			{Name: "latency p50", Unit: "s", Values: values, Drift: soak.Drift{
				Shape: drift.Step, P: 0.0005, Since: &since, Before: new(0.010), After: new(0.012), Change: new(0.2),
				First: new(0.010), Last: new(0.012),
			}},
			{Name: "memory", Unit: "bytes", Values: values, Drift: soak.Drift{
				Shape: drift.Slope, P: 0.001, Since: &since, Before: new(1e8), After: new(1.2e8), Change: new(0.2),
				PerHour: new(1e7), First: new(1e8), Last: new(1.2e8),
			}},
			{Name: "open files", Values: []*float64{nil, nil, nil}, Drift: soak.Drift{Shape: "not known", P: 1}},
		},
	}
}

func TestEveryFormatTellsTheSameFacts(t *testing.T) {
	t.Parallel()
	r := sample()
	all := formats(t, r)
	text, page := all["text"], all["page"]
	marked := strings.NewReplacer(`\|`, "|", `\*`, "*", `\_`, "_", `\[`, "[", `\\`, `\`, "&lt;", "<", "&gt;", ">")
	plain := marked.Replace(all["Markdown"])
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fact := strings.TrimSpace(line)
		if len(line) > 19 && !strings.HasPrefix(line, "LOST") {
			fact = strings.TrimSpace(line[19:])
		}
		if !strings.Contains(html.UnescapeString(page), fact) {
			t.Errorf("the page does not say %q", fact)
		}
		if !strings.Contains(plain, fact) {
			t.Errorf("Markdown does not say %q:\n%s", fact, plain)
		}
	}
	for _, want := range []string{
		"LOST: 2 of 720 000 messages were lost; drifting: latency p50, memory",
		"CHANGED at 14:00 UTC from 10.0 ms to 12.0 ms, by +20 % (p = 0.0005)",
		"DRIFTS by +10 % an hour since 14:00 UTC (p = 0.001)", "INTERRUPTED", "the key is refused",
		"50/s, 50 % of the quota of 100/s, to 5 topics",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
	for name, one := range all {
		if strings.Contains(one, "\x1b") || name != "text" && strings.Contains(one, "<b>") {
			t.Errorf("%s has what the topic's name brought", name)
		}
	}
}

func TestReportIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := sample()
	r.Target.Topic = "t"
	files, err := soak.WriteAll(dir, r)
	if err != nil || len(files) != 4 {
		t.Fatalf("%v: %v", err, files)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, ok, err := soak.Read(text)
	if !ok || err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%v, %v: %+v, want %+v", ok, err, got, r)
	}
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"another test":   {`{"schema":1,"test":"find"}`, false},
		"no JSON":        {`hello`, false},
		"another schema": {`{"schema":9,"test":"soak"}`, true},
		"no drift":       {strings.ReplaceAll(string(text), `"since"`, `"sent"`), true},
		"fewer values":   {strings.ReplaceAll(string(text), `"at"`, `"att"`), true},
		"another answer": {strings.ReplaceAll(string(text), `"verdict": "lost"`, `"verdict": "steady"`), true},
		"nothing lost":   {strings.ReplaceAll(string(text), `"lost": 2`, `"lost": 0`), true},
		"another type":   {strings.ReplaceAll(string(text), `"lost": 2`, `"lost": "x"`), true},
	} {
		if r, ok, err := soak.Read([]byte(c.text)); ok != c.ok || c.ok && err == nil {
			t.Errorf("%s: %v, %v, %+v", name, ok, err, r)
		}
	}
}

// A report that somebody else hands on may have anything for a text.
func TestHostileTextsDoNothingInAnyFormat(t *testing.T) {
	t.Parallel()
	r := sample()
	const nasty = "\xc3\xa9\x1b[31m\u202e<b>|"
	r.Verdict = soak.Drifted
	for i := range r.Series {
		r.Series[i].Name, r.Series[i].Unit = nasty, nasty
	}
	r.Series[3].Drift.Shape = nasty
	for _, text := range formats(t, r) {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\u202e") {
			t.Errorf("it does something:\n%q", text)
		}
	}
}

// formats are what people read of a report, by format.
func formats(t *testing.T, r *soak.Report) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for name, write := range map[string]func(io.Writer, *soak.Report) error{
		"text": func(w io.Writer, r *soak.Report) error { return soak.WriteText(w, r) },
		"page": soak.WriteHTML, "Markdown": soak.WriteMarkdown,
	} {
		var b bytes.Buffer
		if err := write(&b, r); err != nil {
			t.Fatal(err)
		}
		texts[name] = b.String()
	}
	return texts
}

// Green says that all is well: not that nobody knows.
func TestAPageIsGreenOnlyWhereASoakHasShownThatNothingDrifts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdict     string
		interrupted bool
		reason      string
		class       string
	}{
		{soak.Steady, false, "", ` class="met"`},
		{soak.Steady, true, "", ` class="open"`},
		{soak.Steady, false, "the key is refused", ` class="open"`},
		{soak.Short, false, "", ` class="open"`},
		{soak.Drifted, false, "", ""},
		{soak.Lost, false, "", ""},
	} {
		r := sample()
		r.Verdict, r.Interrupted, r.Reason = c.verdict, c.interrupted, c.reason
		var page bytes.Buffer
		if err := soak.WriteHTML(&page, r); err != nil || !strings.Contains(page.String(), "<h1"+c.class+">") {
			t.Errorf("%s, interrupted %v: no <h1%s>: %v", c.verdict, c.interrupted, c.class, err)
		}
	}
}

func TestNumbersAreWrittenAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Delivery.Lost = 1
	*r.Series[2].Drift.PerHour = 4.78e9
	*r.Series[1].Drift.Change = 12.34
	var text bytes.Buffer
	if err := soak.WriteText(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"LOST: 1 of 720 000 messages was lost", "DRIFTS by +4 780 % an hour", "by +1 234 % (p = 0.0005)",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text does not say %q:\n%s", want, text.String())
		}
	}
}

func TestAPlanSaysWhetherASoakIsLongEnoughToTellOfDrift(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lasts, every time.Duration
		short        bool
	}{
		{3 * time.Minute, 5 * time.Second, true},
		{6 * time.Minute, 10 * time.Second, false},
		{8 * time.Hour, 10 * time.Second, false},
		{8 * time.Hour, 20 * time.Minute, true},
	} {
		said := ""
		for _, line := range soak.Plan(&soak.Config{Rate: 1, Duration: c.lasts, Every: c.every}, true,
			loadtest.Price{}) {
			if line.Name == "drift" {
				said = line.Text
			}
		}
		if strings.Contains(said, "too short") != c.short {
			t.Errorf("%v, a sample each %v: it says %q", c.lasts, c.every, said)
		}
	}
}
