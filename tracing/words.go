package tracing

import (
	"context"
	"log/slog"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
)

// listen has the log tell what the SDK finds wrong in the environment.
func listen(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("traces: OpenTelemetry says", "error", err)
	}))
	otel.SetLogger(logr.FromSlogHandler(words{log}))
}

// words passes on what the SDK's own log says is wrong, without the values that it adds: they may be secrets. It is a
// slog.Handler.
type words struct{ log *slog.Logger }

// Enabled implements slog.Handler.
func (w words) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

// Handle implements slog.Handler.
func (w words) Handle(_ context.Context, r slog.Record) error {
	w.log.Warn("traces: OpenTelemetry cannot read one of its variables", "error", r.Message, "advice",
		"check those that begin with OTEL_")
	return nil
}

// WithAttrs implements slog.Handler.
func (w words) WithAttrs([]slog.Attr) slog.Handler { return w }

// WithGroup implements slog.Handler.
func (w words) WithGroup(string) slog.Handler { return w }
