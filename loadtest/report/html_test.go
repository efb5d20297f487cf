package report

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/test/long"
)

func htmlOf(t *testing.T, r *Report) string {
	t.Helper()
	return string(written(t, func(w io.Writer) error { return WriteHTML(w, r) }))
}

func TestThePolicyAllowsThePagesOwnScriptsOnly(t *testing.T) {
	page := htmlOf(t, sampleFind())
	allowed := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if allowed == nil {
		t.Fatal("no policy")
	}
	policy := html.UnescapeString(allowed[1])
	for _, m := range regexp.MustCompile(`(?s)<(?:script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page,
		-1) {
		sum := sha256.Sum256([]byte(m[1]))
		hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !strings.Contains(policy, hash) {
			t.Errorf("not in the policy %s: %.60s", policy, m[1])
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
		strings.Count(policy, "'sha256-") != 3 {
		t.Errorf("policy is %s", policy)
	}
}

func TestThePageAsksForNothingElse(t *testing.T) {
	for name, sample := range samples {
		if found := regexp.MustCompile(`(?i)\s(?:src|href|style|on\w+)\s*=\s*["'][^"']*|@import|url\(`).FindString(
			strings.Replace(htmlOf(t, sample()), plotScript, "", 1)); found != "" {
			t.Errorf("%s: the page has %s", name, found)
		}
	}
}

func TestThePageHoldsTheReportItself(t *testing.T) {
	for name, sample := range samples {
		r := sample()
		data := regexp.MustCompile(`(?s)<script type="application/json" id="report">(.*?)</script>`).FindStringSubmatch(
			htmlOf(t, r))
		if data == nil {
			t.Fatal(name, "no data")
		}
		back, err := Read(strings.NewReader(data[1]))
		if err != nil {
			t.Fatal(name, err)
		}
		if got, want := written(t, jsonOf(back)), written(t, jsonOf(r)); string(got) != string(want) {
			t.Errorf("%s: the data of the page are not the report", name)
		}
	}
}

// drawn returns the page as a browser has it after its scripts have run.
func drawn(t *testing.T, page string) string {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("no chromium")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir,
			"profile"), "--enable-logging=stderr", "--virtual-time-budget=3000",
		"--dump-dom", "file://"+path)
	var log strings.Builder
	cmd.Stderr = &log
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, ":CONSOLE") {
			t.Errorf("console: %s", line)
		}
	}
	return string(dom)
}

func TestABrowserDrawsThePlotsFromTheNumbersOfTheReport(t *testing.T) {
	t.Parallel()
	for name, sample := range samples {
		if name != "find" && !long.Asked() { // A browser takes seconds to start.
			continue
		}
		r := tidy(sample())
		dom := drawn(t, htmlOf(t, r))
		plots := map[string]int{"find": 6, "soft": 6, "rate": 3}[name]
		if !strings.Contains(dom, `data-drawn="`+strconv.Itoa(plots)+`"`) || strings.Contains(dom, "data-error") {
			t.Errorf("%s: not all plots are drawn", name)
		}
		if n := strings.Count(dom, "<canvas"); n != plots {
			t.Errorf("%s: %d canvases, want %d", name, n, plots)
		}
		sameFigures(t, dom, r)
		for figure, want := range sumsOf(r) {
			m := regexp.MustCompile(`<figure id="` + figure + `" data-sums="([^"]*)"`).FindStringSubmatch(dom)
			if m == nil {
				t.Errorf("%s: no plot %s", name, figure)
				continue
			}
			var got [][2]any
			if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &got); err != nil {
				t.Fatal(err)
			}
			for i, sum := range want {
				if i >= len(got) || !near(got[i][1].(float64), sum) {
					t.Errorf("%s, %s: the lines' sums are %v, want %v", name, figure, got, want)
					break
				}
			}
		}
	}
}

// sameFigures compares how the page's script writes numbers with how the rest of the report does.
func sameFigures(t *testing.T, dom string, r *Report) {
	t.Helper()
	want := map[string]string{}
	for _, row := range r.timings() {
		for _, q := range row.Spectrum {
			if q.Share < 1 {
				want[row.what+row.name] = figure.Time(q.Seconds) // Of the last point that is drawn.
			}
		}
	}
	for name, what := range map[string][]string{"spectra": {"response", "service"}, "delay": {"send delay"}} {
		m := regexp.MustCompile(`<figure id="` + name + `"[^>]* data-last="([^"]*)"`).FindStringSubmatch(dom)
		if m == nil {
			t.Errorf("no plot %s", name)
			continue
		}
		var got [][2]string
		if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &got); err != nil {
			t.Fatal(err)
		}
		for _, g := range got {
			known := false
			for _, w := range what {
				known = known || want[w+g[0]] == g[1]
			}
			if !known && g[0] != "end to end" {
				t.Errorf("the script writes the last time of %s as %s, the report otherwise: %v", g[0], g[1], want)
			}
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-6*(1+b) && b-a < 1e-6*(1+b) }

// sumsOf adds up the values of the lines of each plot.
func sumsOf(r *Report) map[string][]float64 {
	var offered, accepted, refused, plateau, delay float64
	for _, s := range r.Seconds {
		offered, accepted, refused = offered+float64(s.Offered), accepted+float64(s.Accepted),
			refused+float64(s.Refused)
	}
	for _, p := range r.Plateau {
		plateau += float64(p.Accepted)
	}
	for _, q := range r.Generator.SendDelay.Spectrum {
		if q.Share < 1 {
			delay += q.Seconds
		}
	}
	sums := map[string][]float64{"time": {offered, accepted, refused}, "delay": {delay}}
	var times []float64
	for _, t := range r.timings() {
		sum := 0.0
		for _, q := range t.Spectrum {
			if q.Share < 1 {
				sum += q.Seconds
			}
		}
		if sum > 0 && t.what != "send delay" {
			times = append(times, sum)
		}
	}
	sums["spectra"] = times
	if r.Test == Find {
		all := 0.0
		for _, t := range r.Trials {
			all += share(t.Refused, t.counted())
		}
		sums["load"], sums["plateau"] = []float64{all}, []float64{plateau}
	}
	return sums
}

func TestTheTablesHoldTheNumbersOfTheReport(t *testing.T) {
	r := tidy(sampleFind())
	page := htmlOf(t, r)
	for _, want := range []float64{*r.CleanRate, *r.FailingRate, *r.PlateauRate, *r.Burst, float64(r.Requests)} {
		if !strings.Contains(page, `data-v="`+raw(want)+`"`) {
			t.Errorf("%g is not on the page", want)
		}
	}
	for name, l := range r.Latency {
		for _, v := range []*float64{l.Min, l.Mean, l.P50, l.P90, l.P99, l.P999, l.Max} {
			if !strings.Contains(page, `data-v="`+raw(v)+`"`) {
				t.Errorf("%s: %s is not on the page", name, raw(v))
			}
		}
	}
	if rows := strings.Count(page, "<tr>"); rows < len(r.Seconds)+len(r.Plateau)+len(r.Trials) {
		t.Errorf("%d rows are on the page, want %d at least", rows, len(r.Seconds)+len(r.Plateau)+len(r.Trials))
	}
}

func TestAnAlmostEmptyReportIsDrawnToo(t *testing.T) {
	long.Only(t)
	r := &Report{Schema: Schema, Test: Find, Verdict: NotProved, Reason: "the endpoint refused the key (401)"}
	dom := drawn(t, htmlOf(t, r))
	if !strings.Contains(dom, "not found") || strings.Contains(dom, "data-error") {
		t.Error("it is not")
	}
}

func TestNothingHostileRunsInABrowser(t *testing.T) {
	long.Only(t)
	dom := drawn(t, htmlOf(t, hostile(sampleFind())))
	if strings.Contains(dom, "data-error") || strings.Count(dom, "<canvas") != 6 || strings.Contains(dom, "<img") {
		t.Error("the page does not draw what it should, or holds what it should not")
	}
}
