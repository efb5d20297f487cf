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
	f(shell("a/report.json"), "a/report.json")
	f(shell("my dir/it's"), `'my dir/it'\''s'`)
	f(printable.Text("a\x1b[31mb\r\n\u2028\u202ec"), `a\x1b[31mb\r\n\u2028\u202ec`)
}

func TestTheRecommendedSettingIsWithinTheLimit(t *testing.T) {
	f := func(change func(*Report), want string) {
		t.Helper()
		r := sampleFind()
		change(r)
		if got := r.setting(); got.line != want || got.why == "" {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	f(func(*Report) {}, "limits: {rate: 488, burst: 450}")
	f(func(r *Report) { r.Burst = new(30_000.0) }, "limits: {rate: 488, burst: 488}")
	f(func(r *Report) { r.Burst = new(1.0) }, "limits: {rate: 488, burst: 1}")
	f(func(r *Report) { r.Burst = nil }, "limits: {rate: 488, burst: 1}")
	f(func(r *Report) { r.Limiter, r.WindowSeconds = "fixed-window", new(10.0) }, "limits: {rate: 488, burst: 99}")
	f(func(r *Report) { r.Limiter, r.WindowSeconds = "sliding", new(1.0) }, "limits: {rate: 488, burst: 9}")
	f(func(r *Report) { r.CleanRate, r.FailingRate = new(9.96), new(10.04); r.Burst = new(10.0) },
		"limits: {rate: 9.76, burst: 9}")
	f(func(r *Report) { r.Verdict = NotProved }, "limits: {rate: 448, burst: 1}")
	f(func(r *Report) { r.Verdict, r.PlateauRate = NotProved, nil }, "limits: {rate: 448, burst: 1}")
	f(func(r *Report) { r.Verdict, r.PlateauRate, r.CleanSent = NotProved, nil, 0 }, "limits: {rate: auto}")
	f(func(r *Report) { r.Verdict, r.FailingRate = NotProved, nil }, "limits: {rate: auto}")
	f(func(r *Report) { r.Verdict, r.CleanRate = NotProved, nil }, "limits: {rate: auto}")
}

// On the way up a burst lets pass what is far above the limit.
func TestRateThatPassedOnTheWayUpIsNoLimit(t *testing.T) {
	r := sampleFind()
	r.Verdict, r.PlateauRate, r.CleanSent, r.CleanRate, r.FailingRate = NotProved, nil, 0, new(64.0), new(128.0)
	if got := r.limit(); got != "below 128/s" {
		t.Errorf("%q", got)
	}
}
