package tracing

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter counts spans, and tells the log of failures. The SDK calls it from one goroutine of its own.
type exporter struct {
	inner sdk.SpanExporter
	log   *slog.Logger

	made, sent atomic.Int64 // Spans.
}

// ExportSpans implements sdk.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.inner.ExportSpans(ctx, spans); err != nil {
		e.log.Warn("traces cannot be sent: messages are published all the same", "error", short(err), "advice",
			"check OTEL_EXPORTER_OTLP_ENDPOINT, and whether a collector takes OTLP over HTTP there")
		return nil
	}
	e.sent.Add(int64(len(spans)))
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (e *exporter) Shutdown(ctx context.Context) error { return e.inner.Shutdown(ctx) }

// lost is how many spans were made and not sent.
func (e *exporter) lost() int64 { return e.made.Load() - e.sent.Load() }

// longest is how much of an error the log shows, in bytes.
const longest = 200

// short returns what an error says without what a collector, or something before it, has answered: that may repeat
// credentials it was sent.
func short(err error) string {
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(err.Error(), "body: ")
	return strings.ToValidUTF8(strings.TrimRight(text[:min(len(text), longest)], " ("), "")
}
