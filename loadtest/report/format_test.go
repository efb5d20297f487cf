package report

import (
	"testing"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(optional(nil), "n too small")
	f(signed(0.1), "+10 %")
	f(signed(-0.2204), "-22 %")
	f(span(started, started.Add(time.Hour)), "2026-11-25 10:12 to 11:12 UTC")
	f(span(started, started.Add(20*time.Hour)), "2026-11-25 10:12 to 2026-11-26 06:12 UTC")
	f(figure.Number(between(498.2, 501.7), 4), "500")
	f(figure.Number(between(9.96, 10.04), 4), "10")
	f(figure.Number(between(7280, 7330), 4), "7 300")
	f(roundDown(488.236), "488")
	f(roundDown(9.768), "9.76")
	f(roundDown(7154.2), "7154")
	f(Shell("a/report.json"), "a/report.json")
	f(Shell("my dir/it's"), `'my dir/it'\''s'`)
	f(printable.Text("a\x1b[31mb\r\n\u2028\u202ec"), `a\x1b[31mb\r\n\u2028\u202ec`)
}

// On the way up a burst lets pass what is far above the limit.
func TestRateThatPassedOnTheWayUpIsNoLimit(t *testing.T) {
	r := sampleFind()
	r.Verdict, r.PlateauRate, r.CleanSent, r.CleanRate, r.FailingRate = NotProved, nil, 0, new(64.0), new(128.0)
	if got := r.limit(); got != "below 128/s" {
		t.Errorf("%q", got)
	}
}
