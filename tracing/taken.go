package tracing

import (
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"momento-bridge/pipeline"
)

// message is the trace of one message. The pipeline has it in one place at a time.
type message struct {
	t       *Tracing
	own     trace.SpanContext // Of its span "receive", whose children the others are.
	subject string
	since   time.Time // When it was taken, or its latest attempt was answered.
}

// ID implements pipeline.Trace.
func (m *message) ID() string { return m.own.TraceID().String() }

// Taken implements pipeline.Tracer. What the sampler does not choose costs next to nothing.
func (t *Tracing) Taken(m pipeline.Taken) pipeline.Trace {
	ctx := t.parentOf(m.Header)
	if ctx == nil {
		return nil
	}
	came := m.Came
	if came.After(m.Taken) { // By the server's clock.
		came = m.Taken
	}
	_, span := t.tracer.Start(ctx, "receive "+m.Subject, consumer, trace.WithTimestamp(came),
		trace.WithAttributes(taken(&m)...))
	if !span.IsRecording() {
		return nil
	}
	t.end(span, m.Taken)
	return &message{t: t, own: span.SpanContext(), subject: m.Subject, since: m.Taken}
}

var consumer = trace.WithSpanKind(trace.SpanKindConsumer)

// parentOf returns a context with the span that has published a message, if its headers name one, or with the id of the
// trace that begins with the message; nil: the sampler would not choose it.
func (t *Tracing) parentOf(h header) context.Context {
	parent := ""
	if h != nil {
		parent = h.Get("traceparent")
	}
	if parent != "" {
		if t.draw.skips(parent) {
			return nil
		}
		ctx := propagation.TraceContext{}.Extract(context.Background(), h)
		if trace.SpanContextFromContext(ctx).IsValid() {
			return ctx
		}
	}
	half := rand.Uint64()
	if !t.draw.begins(half) {
		return nil
	}
	return context.WithValue(context.Background(), begun{}, newTraceID(half))
}

// taken are the attributes of a message that was taken.
func taken(m *pipeline.Taken) []attribute.KeyValue {
	list := append(make([]attribute.KeyValue, 0, 10),
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "receive"),
		attribute.String("messaging.operation.name", "receive"),
		attribute.String("messaging.destination.name", m.Subject),
		attribute.Int("messaging.message.body.size", m.Bytes),
		attribute.String("momento_bridge.route", m.Route),
	)
	if m.Stream == "" {
		return append(list, attribute.String("messaging.consumer.group.name", m.Queue))
	}
	list = append(list,
		attribute.String("messaging.consumer.group.name", m.Consumer),
		attribute.String("nats.stream", m.Stream),
		attribute.Int64("nats.stream.sequence", int64(m.Sequence)), //nolint:gosec // It counts from 1.
	)
	if m.Redelivered {
		list = append(list, attribute.Bool("nats.redelivered", true))
	}
	return list
}

// end ends a span that the SDK records.
func (t *Tracing) end(s trace.Span, at time.Time) {
	if s.IsRecording() {
		t.exporter.made.Add(1)
	}
	s.End(trace.WithTimestamp(at))
}

// header finds the fields of the trace context, which are in lower case. Clients that take headers for those of HTTP
// write them with capitals.
type header map[string][]string

// Get implements propagation.TextMapCarrier.
func (h header) Get(key string) string {
	if values := h[key]; len(values) > 0 {
		return values[0]
	}
	if values := h[string(key[0]-'a'+'A')+key[1:]]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (header) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (header) Keys() []string { return nil }
