package sink

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f := func(want time.Duration, date string, values ...string) {
		t.Helper()
		if got := readRetryAfter(values, date, now); got != want {
			t.Errorf("Retry-After %q of an answer of %q = %v, want %v", values, date, got, want)
		}
	}
	f(0, "")
	f(0, "", "")
	f(3*time.Second, "", "3")
	f(3*time.Second, "", " 3 ")
	f(500*time.Millisecond, "", "0.5")
	f(0, "", "0")
	f(0, "", "-1")
	f(0, "", "-1e300")
	f(0, "", "NaN")
	f(0, "", "soon")
	f(longestRetryAfter, "", "301")
	f(longestRetryAfter, "", "1e300")
	f(longestRetryAfter, "", "99999999999999999999")
	f(longestRetryAfter, "", "Inf")

	f(time.Minute, "", "Mon, 23 Nov 2026 12:01:00 GMT")
	f(time.Minute, "", "Monday, 23-Nov-26 12:01:00 GMT")
	f(0, "", "Mon, 23 Nov 2026 11:01:00 GMT")
	f(longestRetryAfter, "", "Mon, 23 Nov 2099 11:01:00 GMT")

	const ahead, behind = "Mon, 23 Nov 2026 14:00:00 GMT", "Mon, 23 Nov 2026 10:00:00 GMT"
	f(2*time.Second, ahead, "Mon, 23 Nov 2026 14:00:02 GMT")
	f(2*time.Second, behind, "Mon, 23 Nov 2026 10:00:02 GMT")
	f(0, ahead, "Mon, 23 Nov 2026 13:59:59 GMT")
	f(time.Minute, "yesterday", "Mon, 23 Nov 2026 12:01:00 GMT")
	f(3*time.Second, ahead, "3")

	f(7*time.Second, "", "soon", "7", "9")
	f(7*time.Second, "", "-1", "NaN", "7")
	f(0, "", "0", "7")
	f(time.Minute, "", "", "Mon, 23 Nov 2026 12:01:00 GMT", "7")
	f(longestRetryAfter, time.Time{}.Format(http.TimeFormat), "Fri, 31 Dec 9999 23:59:59 GMT")
}
