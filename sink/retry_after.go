package sink

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestRetryAfter bounds an endpoint's wish, so that a mistake there does not stop the daemon for long.
const longestRetryAfter = 5 * time.Minute

// readRetryAfter returns the first of an answer's wishes that can be read, 0 if none can. Dates count from the
// answer's own date, as its clock need not be ours; without one from now.
func readRetryAfter(values []string, date string, now time.Time) time.Duration {
	for _, value := range values {
		if wish, ok := parseRetryAfter(strings.TrimSpace(value), date, now); ok {
			return min(max(wish, 0), longestRetryAfter)
		}
	}
	return 0
}

func parseRetryAfter(value, date string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		ok := seconds >= 0 // Not so for NaN.
		return time.Duration(min(seconds, longestRetryAfter.Seconds()) * float64(time.Second)), ok
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if of, err := http.ParseTime(date); err == nil {
		now = of
	}
	return at.Sub(now), true
}
