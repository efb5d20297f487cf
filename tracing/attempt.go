package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"momento-bridge/pipeline"
)

// Attempted implements pipeline.Tracer: it makes the span of the publish, and those of the messages that have waited
// for it.
func (t *Tracing) Attempted(a *pipeline.Attempt) {
	first := a.Traced[0].Trace.(*message)
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithTimestamp(a.Sent), trace.WithAttributes(attributes(a)...),
	}
	batch := a.Messages > 1
	if batch {
		links := make([]trace.Link, len(a.Traced))
		for i := range a.Traced {
			links[i].SpanContext = a.Traced[i].Trace.(*message).own
		}
		options = append(options, trace.WithLinks(links...))
	}
	_, span := t.tracer.Start(first.context(), "publish "+a.Topic, options...)
	if a.Answer.Verdict != pipeline.Accept {
		span.SetStatus(codes.Error, a.Answer.Result.String())
	}
	for i := range a.Traced {
		m := a.Traced[i].Trace.(*message)
		var links []trace.Link
		if batch {
			links = []trace.Link{{SpanContext: span.SpanContext()}}
		}
		m.waited(a.Sent, trace.WithLinks(links...))
		m.since = a.Answered
	}
	t.end(span, a.Answered)
}

// attributes are what is known of a publish.
func attributes(a *pipeline.Attempt) []attribute.KeyValue {
	list := append(make([]attribute.KeyValue, 0, 11),
		attribute.String("messaging.system", "momento"),
		attribute.String("messaging.operation.type", "send"),
		attribute.String("messaging.operation.name", "publish"),
		attribute.String("messaging.destination.name", a.Topic),
		attribute.Int("messaging.message.body.size", a.Bytes),
		attribute.String("momento.cache", a.Cache),
		attribute.String("momento_bridge.route", a.Route),
	)
	if a.Messages > 1 {
		list = append(list, attribute.Int("messaging.batch.message_count", a.Messages))
	}
	if n := a.Traced[0].Attempt; n > 1 {
		list = append(list, attribute.Int("http.request.resend_count", n-1))
	}
	if a.Answer.Status != 0 {
		list = append(list, attribute.Int("http.response.status_code", a.Answer.Status))
	}
	if a.Answer.Verdict != pipeline.Accept {
		list = append(list, attribute.String("error.type", a.Answer.Result.String()))
	}
	return list
}

// context is the parent of what becomes of the message.
func (m *message) context() context.Context {
	return trace.ContextWithSpanContext(context.Background(), m.own)
}

// waited makes the span of the time for which the message has waited until now.
func (m *message) waited(until time.Time, more ...trace.SpanStartOption) {
	if until.Before(m.since) {
		until = m.since
	}
	_, span := m.t.tracer.Start(m.context(), "wait "+m.subject, append(more, trace.WithTimestamp(m.since))...)
	m.t.end(span, until)
}

// Ended implements pipeline.Trace: the message has waited, and was not published. One that NATS delivers again, that is
// skipped, or for which a newer one is published, has not failed.
func (m *message) Ended(o pipeline.Outcome) {
	now := time.Now()
	_, span := m.t.tracer.Start(m.context(), "wait "+m.subject, trace.WithTimestamp(m.since),
		trace.WithAttributes(attribute.String("momento_bridge.outcome", o.String())))
	switch o {
	case pipeline.Returned, pipeline.Forgotten, pipeline.Skipped, pipeline.Replaced, pipeline.Published:
	case pipeline.DeadLettered, pipeline.Rejected, pipeline.Dropped, pipeline.Shed, pipeline.Expired:
		span.SetStatus(codes.Error, o.String())
	}
	m.t.end(span, now)
}
