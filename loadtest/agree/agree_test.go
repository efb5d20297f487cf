package agree

import (
	"strings"
	"testing"

	"momento-bridge/loadtest/report"
	"momento-bridge/test/long"
)

// Every way in which a report can end is among them, ends times over.
func TestNoFactOfAReportHasTwoValuesInItsFormats(t *testing.T) {
	t.Parallel()
	n := uint64(5 * ends)
	if long.Asked() {
		n = 40 * ends
	}
	for seed := range n {
		problems, err := Problems(made(seed))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, p := range problems {
			t.Errorf("seed %d: %s", seed, p)
		}
		if t.Failed() && seed%ends == ends-1 {
			t.FailNow() // They are alike.
		}
	}
}

// What is compared must be seen to differ: each of these is a contradiction that reports once had.
func TestContradictionsAreSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seed   uint64
		change func(s *seen)
		want   string
	}{
		"two shares": {asUnfit, func(s *seen) {
			s.text.all += "\n100 % of all publishes sent in time\n"
		}, "sent in time has several values"},
		"a share of no trial": {asUnfit, func(s *seen) {
			s.object["reason"] = "only 12.3 % of the publishes were sent in time"
		}, "no trial's share"},
		"two offered rates": {asRate, func(s *seen) {
			s.markdown.all += "\nof 1.25/s offered"
		}, "offered has several values"},
		"a chart with more": {asRate, func(s *seen) {
			s.object["seconds"].([]any)[0].(map[string]any)["offered"] = 3.0
		}, "the chart adds up to"},
		"a green banner": {asUnfit, func(s *seen) { s.page.tone = "good" }, "the banner is"},
		"another rounding": {asProved, func(s *seen) {
			s.page.all += " 77.7777/s"
		}, "which is no fact's"},
		"a burst that nothing shows": {asQuick, func(s *seen) {
			s.object["burst"], s.object["burst_confidence"] = 17.0, ""
		}, "but burst is 17"},
		"advice that nothing shows": {asQuick, func(s *seen) { s.text.advice = "limits:\n  burst: 1" }, "it advises"},
		"another preflight": {asProved, func(s *seen) {
			s.object["generator"].(map[string]any)["burst_seconds"] = 3.0
		}, "the preflight is"},
		"another timing": {asProved, func(s *seen) {
			s.object["generator"].(map[string]any)["timing"].([]any)[0].(map[string]any)["on_time"] = 0.123
		}, "the preflight does not say"},
		"another word": {asProved, func(s *seen) {
			s.markdown.facts[0].name = "Clean"
		}, "facts differ"},
	} {
		s := &seen{}
		if err := s.read(made(c.seed)); err != nil {
			t.Fatal(err)
		}
		c.change(s)
		s.compare()
		if all := strings.Join(s.problems, "\n"); !strings.Contains(all, c.want) {
			t.Errorf("%s is not seen: %s", name, all)
		}
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := Problems(&report.Report{}); err == nil {
		t.Error("a report without a test has no format")
	}
}
