package terminal

import (
	"io"
	"log/slog"
)

// NewLogger writes for people to a terminal and JSON elsewhere, unless the format says otherwise.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readableDuration}
	switch {
	case format == "text":
		return slog.New(slog.NewTextHandler(w, options))
	case format != "json" && Is(w):
		return slog.New(newHandler(w, level))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// readableDuration writes durations as 1m30s in JSON too.
func readableDuration(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}
