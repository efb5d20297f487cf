package report

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// found is a search that proved a limit between two rates.
func found(clean, failing float64) *Report {
	r := sampleFind()
	r.CleanRate, r.FailingRate, r.PlateauRate = &clean, &failing, new((clean+failing)/2)
	return r
}

func TestALimitHasChangedWhenTheIntervalOfTheChangeLeavesOutZero(t *testing.T) {
	f := func(clean, failing float64, outcome string, low, high float64) {
		t.Helper()
		c := Compare(found(498, 502), found(clean, failing))
		if c.Outcome != outcome || c.Changed() != (outcome == Changed) || !c.Proved() || c.Reason != "" {
			t.Errorf("%g to %g: %+v, want %s", clean, failing, c, outcome)
		}
		if math.Abs(*c.Low-low) > 1e-9 || math.Abs(*c.High-high) > 1e-9 || *c.Change <= *c.Low || *c.Change >= *c.High {
			t.Errorf("%g to %g: change %g, %g to %g, want %g to %g", clean, failing, *c.Change, *c.Low,
				*c.High, low, high)
		}
	}
	f(498, 502, Unchanged, 498.0/502-1, 502.0/498-1)
	f(501, 505, Unchanged, 501.0/502-1, 505.0/498-1)
	f(502, 506, Unchanged, 0, 506.0/498-1)
	f(503, 507, Changed, 503.0/502-1, 507.0/498-1)
	f(400, 404, Changed, 400.0/502-1, 404.0/498-1)
	f(990, 1010, Changed, 990.0/502-1, 1010.0/498-1)
}

func TestWhatIsNotProvedIsNotCompared(t *testing.T) {
	soft, rate, none := sampleSoft(), sampleRate(), sampleSoft()
	none.CleanRate, none.FailingRate, none.PlateauRate = nil, nil, nil
	f := func(a, b *Report, hasChange bool, reasons ...string) {
		t.Helper()
		c := Compare(a, b)
		if c.Proved() || c.Changed() || (c.Change != nil) != hasChange || (c.Low != nil) != hasChange ||
			(c.High != nil) != hasChange {
			t.Errorf("%+v", c)
		}
		for _, reason := range reasons {
			if !strings.Contains(c.Reason, reason) {
				t.Errorf("reason is %q, without %q", c.Reason, reason)
			}
		}
	}
	f(sampleFind(), soft, true, "the limit of B is not proved", "refusals begin at")
	f(soft, sampleFind(), true, "the limit of A is not proved")
	f(soft, soft, true, "neither limit is proved")
	f(sampleFind(), none, false, "the limit of B is not proved")
	f(sampleFind(), rate, false, "rate test")
	f(rate, rate, false, "rate test")
}

func TestDifferentTargetsAreWarnedOf(t *testing.T) {
	if c := Compare(sampleFind(), sampleFind()); len(c.Warnings) > 0 {
		t.Errorf("the same twice: %q", c.Warnings)
	}
	other := sampleFind()
	other.Target.Bytes, other.Target.Connections, other.Target.Endpoint, other.Unit = 4096, 8,
		"http://127.0.0.1:8080?token=secret", "operations"
	other.Started = other.Started.Add(-time.Hour)
	all := strings.Join(Compare(sampleFind(), other).Warnings, "; ")
	for _, want := range []string{
		"payload size (bytes) differs: 100 and 4096", "connections differs: 64 and 8",
		"endpoint differs", "counts differs: not tested and operations", "B is older",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("warnings are %q, without %q", all, want)
		}
	}
	if strings.Contains(all, "secret") {
		t.Errorf("warnings tell the key: %q", all)
	}
}

func TestComparisonsAreThoseOfTheGoldenFiles(t *testing.T) {
	later := found(397.2, 401.1)
	later.Target.Bytes, later.Started = 4096, started.Add(24*time.Hour)
	for name, pair := range map[string][2]*Report{
		"unchanged": {sampleFind(), found(499, 503)}, "changed": {sampleFind(), later}, "soft": {
			sampleFind(),
			sampleSoft(),
		}, "rate": {sampleFind(), sampleRate()},
	} {
		c := Compare(pair[0], pair[1])
		golden(t, "compare-"+name+".txt", written(t, c.WriteText))
	}
}

func TestAComparisonIsWrittenForMachinesToo(t *testing.T) {
	c := Compare(sampleFind(), found(397.2, 401.1))
	var back map[string]any
	if err := json.NewDecoder(bytes.NewReader(written(t, func(w io.Writer) error { return c.WriteJSON(w) }))).Decode(
		&back); err != nil {
		t.Fatal(err)
	}
	if back["outcome"] != Changed || back["change"] != *c.Change || back["change_at_least"] != *c.Low ||
		back["b"].(map[string]any)["clean_rate"] != 397.2 {
		t.Errorf("%v", back)
	}
}
