package report

import (
	"testing"
	"time"

	"momento-bridge/printable"
)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(countText(0), "0")
	f(countText(999), "999")
	f(countText(29892), "29 892")
	f(countText(1234567), "1 234 567")
	f(rateText(0), "0/s")
	f(rateText(0.2), "0.2/s")
	f(rateText(9.9635), "9.963/s")
	f(rateText(498.2), "498.2/s")
	f(rateText(7312.4), "7 312/s")
	f(secondsText(0), "0 us")
	f(secondsText(0.00008), "80 us")
	f(secondsText(0.0051), "5.10 ms")
	f(secondsText(0.25), "250 ms")
	f(secondsText(0.9996), "1.00 s")
	f(secondsText(12), "12.0 s")
	f(optional(nil), "n too small")
	f(durationText(1.1), "1.1 s")
	f(durationText(59.4), "59 s")
	f(durationText(208.4), "3 min 28 s")
	f(durationText(7260), "2 h 1 min")
	f(percent(0), "0 %")
	f(percent(1), "100 %")
	f(percent(0.99993), "99.993 %")
	f(percent(0.9999999), "99.99999 %")
	f(percent(0.023262), "2.33 %")
	f(bound(0.00009998), "0.01 %")
	f(bound(0.0002501), "0.026 %")
	f(signed(0.1), "+10 %")
	f(signed(-0.2204), "-22 %")
	f(span(started, started.Add(time.Hour)), "2026-11-25 10:12 to 11:12 UTC")
	f(span(started, started.Add(20*time.Hour)), "2026-11-25 10:12 to 2026-11-26 06:12 UTC")
	f(number(between(498.2, 501.7), 4), "500")
	f(number(between(9.96, 10.04), 4), "10")
	f(number(between(7280, 7330), 4), "7 300")
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
