package tracing

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
)

// draw knows what the sampler is going to say, so that it need not be asked for each message. It learns that by asking
// at the start. Where it is not sure it says yes: the sampler itself has the last word.
type draw struct {
	// Traces that begin here are sampled if the second half of their id is below the bound, or not below it if above is
	// set. That is how samplers of a share decide.
	bound uint64
	above bool
	all   bool // Nothing is known of traces that begin here, or all are sampled.
	// obeys says that no message is traced whose publisher is not.
	obeys bool
}

// checks are how many random ids the sampler is asked for, to see whether it is understood.
const checks = 256

// learn asks the sampler.
func learn(t trace.Tracer) draw {
	root := func(half uint64) bool { return sampled(context.Background(), t, half) }
	var d draw
	lowest, highest := root(0), root(math.MaxUint64)
	switch {
	case lowest && highest:
		d.all = true
	case lowest != highest:
		low, high := uint64(0), uint64(math.MaxUint64)
		for high-low > 1 {
			if middle := low + (high-low)/2; root(middle) == lowest {
				low = middle
			} else {
				high = middle
			}
		}
		d.bound, d.above = high, highest
	}
	d.obeys = true
	unsampled := trace.ContextWithRemoteSpanContext(context.Background(),
		trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))
	for i := range uint64(checks) {
		half := rand.Uint64() >> (i % 32) //nolint:gosec // Small ones, too,
		if i%64 >= 32 {
			half = ^half // and large ones.
		}
		d.all = d.all || root(half) != d.begins(half)
		d.obeys = d.obeys && !sampled(unsampled, t, half)
	}
	return d
}

// sampled asks the sampler. The span is not ended, so that nobody sees it.
func sampled(ctx context.Context, t trace.Tracer, half uint64) bool {
	if parent := trace.SpanContextFromContext(ctx); parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent.WithTraceID(newTraceID(half)))
	}
	_, span := t.Start(context.WithValue(ctx, begun{}, newTraceID(half)), "draw")
	return span.IsRecording()
}

// begins reports whether the sampler may choose a trace that begins here, by the second half of its id.
func (d *draw) begins(half uint64) bool {
	return d.all || (half < d.bound) != d.above
}

// skips reports whether a message with this traceparent is not traced for sure. Its last digit has the flag.
func (d *draw) skips(traceparent string) bool {
	if !d.obeys || len(traceparent) != len("00-0123456789abcdef0123456789abcdef-0123456789abcdef-00") {
		return false
	}
	switch traceparent[len(traceparent)-1] {
	case '0', '2', '4', '6', '8', 'a', 'c', 'e':
		return traceparent[:3] == "00-"
	}
	return false
}

// begun is the key of a context: a trace that begins with it has this id.
type begun struct{}

// newTraceID returns an id of which the second half is given.
func newTraceID(half uint64) (id trace.TraceID) {
	binary.BigEndian.PutUint64(id[:8], max(1, rand.Uint64()))
	binary.BigEndian.PutUint64(id[8:], half)
	return id
}

// ids draws ids, which need be no secret.
type ids struct{}

// NewIDs implements sdk.IDGenerator.
func (g ids) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	id, ok := ctx.Value(begun{}).(trace.TraceID)
	if !ok {
		id = newTraceID(rand.Uint64())
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements sdk.IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	binary.BigEndian.PutUint64(id[:], max(1, rand.Uint64()))
	return id
}
