package report

import (
	"time"

	"momento-bridge/loadtest/figure"
)

const tooFew = "n too small"

// optional writes a percentile.
func optional(seconds *float64) string {
	if seconds == nil {
		return tooFew
	}
	return figure.Time(*seconds)
}

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

const (
	minuteLayout = "2006-01-02 15:04"
	secondLayout = "2006-01-02 15:04:05"
)

// span writes the time of a test, in minutes UTC.
func span(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	layout := minuteLayout
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		layout = "15:04"
	}
	return from.Format(minuteLayout) + " to " + to.Format(layout) + " UTC"
}
