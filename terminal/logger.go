package terminal

import (
	"io"
	"log/slog"
	"time"

	"momento-bridge/excerpt"
	"momento-bridge/printable"
)

// NewLogger writes for people to a terminal and JSON elsewhere, unless the format says otherwise. Each event is one
// line that is safe to show, whatever is in its attributes.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	switch {
	case format == "text":
		return slog.New(slog.NewTextHandler(printable.LinesTo(w), options))
	case format != "json" && Is(w):
		return slog.New(newHandler(w, level))
	}
	return slog.New(slog.NewJSONHandler(printable.JSONTo(w), options))
}

// readable writes durations as 1m30s in JSON too, and of what looks like a key in the wrong place only the beginning.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case time.Duration:
		a.Value = slog.StringValue(v.String())
	case string:
		a.Value = slog.StringValue(excerpt.WithoutSecrets(v))
	case error:
		a.Value = slog.StringValue(excerpt.WithoutSecrets(v.Error()))
	}
	return a
}
