// Package tracing makes OpenTelemetry traces of messages and sends them by OTLP over HTTP. It is set up by the usual
// environment variables, which the OpenTelemetry SDK reads itself, and is off unless they name a place to send to.
//
//	the publisher's span ──▶ receive ──▶ wait ──▶ (wait, publish, for each attempt)
//	                                       └────▶ publish
//
// A message continues the trace of its traceparent header. "receive" is from when NATS had it until the bridge had it,
// "wait" from then, or from its last attempt, until it left the queue, and "publish" until the endpoint has answered.
// A publish of several messages has one span, in the trace of the first of them that is traced; it links all of those,
// and the span in which each of them waited links it.
//
// Whether a message is traced is decided once, when it is taken, without asking the sampler where it is known what it
// would say. Spans are made when they have ended, so that a message
// that waits costs some 150 bytes. Nothing here blocks: a span for which the exporter has no room is dropped, and
// counted.
package tracing
