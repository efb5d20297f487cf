package tracing

import (
	"context"
	"encoding/binary"
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

// Taken implements pipeline.Tracer. What the sampler does not choose costs a draw.
func (t *Tracing) Taken(m pipeline.Taken) pipeline.Trace {
	ctx := parentOf(m.Header)
	_, drawn := t.tracer.Start(ctx, "receive", consumer...) // It is not ended, so that nobody sees it.
	if !drawn.IsRecording() {
		return nil
	}
	attributes := []attribute.KeyValue{
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "receive"),
		attribute.String("messaging.operation.name", "receive"),
		attribute.String("messaging.destination.name", m.Subject),
		attribute.Int("messaging.message.body.size", m.Bytes),
		attribute.String("momento_bridge.route", m.Route),
	}
	if m.Stream == "" {
		attributes = append(attributes, attribute.String("messaging.consumer.group.name", m.Queue))
	} else {
		attributes = append(attributes,
			attribute.String("messaging.consumer.group.name", m.Consumer),
			attribute.String("nats.stream", m.Stream),
			attribute.Int64("nats.stream.sequence", int64(m.Sequence)), //nolint:gosec // It counts from 1.
			attribute.Bool("nats.redelivered", m.Redelivered))
	}
	ctx = context.WithValue(ctx, same{}, drawn.SpanContext())
	came := m.Came
	if came.After(m.Taken) { // By the server's clock.
		came = m.Taken
	}
	_, span := t.tracer.Start(ctx, "receive "+m.Subject, consumerKind, trace.WithTimestamp(came),
		trace.WithAttributes(attributes...))
	t.end(span, m.Taken)
	return &message{t: t, own: span.SpanContext(), subject: m.Subject, since: m.Taken}
}

var (
	consumerKind = trace.WithSpanKind(trace.SpanKindConsumer)
	consumer     = []trace.SpanStartOption{consumerKind}
)

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

// parentOf returns a context with the span that has published a message, if its headers name one.
func parentOf(h map[string][]string) context.Context {
	ctx := context.Background()
	if h == nil {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, header(h))
}

// same is the key of a context: the new span has the ids of this one, which was only drawn.
type same struct{}

// ids draws ids, and gives a span that was drawn before the ids that it had then. Ids need be no secret.
type ids struct{}

// NewIDs implements sdk.IDGenerator.
func (g ids) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	if drawn, ok := ctx.Value(same{}).(trace.SpanContext); ok {
		return drawn.TraceID(), drawn.SpanID()
	}
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements sdk.IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) (id trace.SpanID) {
	if drawn, ok := ctx.Value(same{}).(trace.SpanContext); ok {
		return drawn.SpanID()
	}
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}
