package terminal

import (
	"io"
	"log/slog"

	"momento-bridge/printable"
)

// NewLogger writes for people to a terminal and JSON elsewhere, unless the format says otherwise. Each event is one
// line that is safe to show, whatever is in its attributes.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readableDuration}
	switch {
	case format == "text":
		return slog.New(slog.NewTextHandler(printable.LinesTo(w), options))
	case format != "json" && Is(w):
		return slog.New(newHandler(w, level))
	}
	return slog.New(slog.NewJSONHandler(printable.JSONTo(w), options))
}

// readableDuration writes durations as 1m30s in JSON too.
func readableDuration(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}
