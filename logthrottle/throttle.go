// Package logthrottle keeps what repeats from filling a log: an event is logged at once the first time, and then at
// most once an interval, with the number of those that were passed over.
package logthrottle

import (
	"context"
	"log/slog"
	"time"
)

const (
	// Interval is the usual least time between two lines of one kind.
	Interval = 10 * time.Second
	// Attribute is the name under which a line says how many before it were not logged.
	Attribute = "not_logged_before"
)

// Repeat is one kind of event. The zero value is one that has not come. It may not be used concurrently.
type Repeat struct {
	last   time.Time
	passed int
}

// Due reports whether an event is to be told: the first one, and then one an interval. If it is, passed is how many
// before it were not.
func (r *Repeat) Due(now time.Time, interval time.Duration) (passed int, due bool) {
	if !r.last.IsZero() && now.Sub(r.last) < interval {
		r.passed++
		return 0, false
	}
	passed = r.passed
	*r = Repeat{last: now}
	return passed, true
}

// Counter is a slog.Handler that counts records, and so wants to know of those that are not logged.
type Counter interface {
	// Passed is called for each record that is passed over. It may be called concurrently.
	Passed(ctx context.Context, r slog.Record)
}

// Pass tells the log's handler of an event that Due says is not to be told, if it counts such.
func Pass(log *slog.Logger, level slog.Level, text string, attrs ...slog.Attr) {
	if c, ok := log.Handler().(Counter); ok {
		r := slog.NewRecord(time.Now(), level, text, 0)
		r.AddAttrs(attrs...)
		c.Passed(context.Background(), r)
	}
}

// After returns a logger whose line says how many before it were not logged; log itself if none were.
func After(log *slog.Logger, passed int) *slog.Logger {
	if passed == 0 {
		return log
	}
	return log.With(Attribute, passed)
}
