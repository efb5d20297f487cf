package admin

import (
	"strings"
	"testing"
	"time"
)

func TestValuesAreWrittenForPeople(t *testing.T) {
	now := time.Date(2026, 11, 25, 17, 36, 4, 0, time.UTC)
	f := func(got, want string) {
		t.Helper()
		if got = strings.NewReplacer(unit, "~", apart, "_").Replace(got); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(formatCount(0), "0")
	f(formatCount(uint64(1234567)), "1_234_567")
	f(formatRate(0), "0")
	f(formatRate(0.004), "0.00")
	f(formatRate(0.125), "0.13")
	f(formatRate(9.95), "10.0")
	f(formatRate(12345.6), "12_346")
	f(formatLatency(new(0.00042)), "0.42~ms")
	f(formatLatency(new(0.0421)), "42~ms")
	f(formatLatency(new(2.5)), "2.50~s")
	f(formatLatency(nil), "–")
	f(formatBytes(1023), "1_023~B")
	f(formatBytes(64<<20), "64.0~MiB")
	f(formatDuration(59), "59~s")
	f(formatDuration(26*3600), "1~d 2~h")
	f(formatAgo(now.Add(time.Second), now), "0~s ago")
	f(formatWhose(""), "all")
	f(formatLimit(""), "nothing")
	f(formatLimit("order"), "order within topics")
	f(formatLimits([]Route{{LimitedBy: "quota"}, {LimitedBy: "nothing"}, {LimitedBy: "quota"}}), "quota")
	f(formatForecast([]Route{{DrainSeconds: new(0.0)}, {DrainSeconds: new(90.0)}}), "drained in 1~min 30~s")
	f(formatForecast([]Route{{DrainSeconds: nil}, {DrainSeconds: new(90.0)}}), "never drained")
	f(formatQuota("throughput", new(5e6)), "4.8~MiB/s")
	f(formatQuota("region", nil), "no limit")
	f(formatLearned(&Quota{Scope: "region", Learned: 10}), "10.0/s")
	f(formatExpiry(&Key{Expires: &now, Vended: true}, now),
		"expired 0~s ago, replaced before (2026-11-25 17:36:04)")
}

func TestTonesSayHowSomethingIsToBeTaken(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(tone(LevelWarning), "warn")
	f(tone(Throttled), "warn")
	f(tone("anything"), "bad")
	f(routeTone(&Route{State: "running"}), "good")
	f(routeTone(&Route{State: "running", Reason: "no stream"}), "warn")
	f(routeTone(&Route{State: "parked", Reason: "no cache"}), "bad")
}
