package tracing

import (
	"context"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// gatherMost is how many spans are gathered.
	gatherMost = 128
	// gatherTime is how long the first of them waits for the others.
	gatherTime = time.Second
)

// gather hands ended spans over to the SDK's queue many at a time. Each that goes there by itself wakes a goroutine,
// which costs more than to make it.
type gather struct {
	sdk.SpanProcessor // The SDK's, with the queue.

	mu    sync.Mutex // Guards the following.
	spans []sdk.ReadOnlySpan
	timer *time.Timer // It hands them over; nil before the first.
}

// OnEnd implements sdk.SpanProcessor.
func (g *gather) OnEnd(s sdk.ReadOnlySpan) {
	g.mu.Lock()
	if len(g.spans) == 0 {
		g.wake()
	}
	g.spans = append(g.spans, s)
	full := len(g.spans) >= gatherMost
	g.mu.Unlock()
	if full {
		g.pass()
	}
}

// wake makes the timer ring.
func (g *gather) wake() {
	if g.timer == nil {
		g.timer = time.AfterFunc(gatherTime, g.pass)
		return
	}
	g.timer.Reset(gatherTime)
}

// pass hands over what has been gathered. The queue never blocks.
func (g *gather) pass() {
	g.mu.Lock()
	spans := g.spans
	g.spans = nil
	g.mu.Unlock()
	for _, s := range spans {
		g.SpanProcessor.OnEnd(s)
	}
}

// ForceFlush implements sdk.SpanProcessor.
func (g *gather) ForceFlush(ctx context.Context) error {
	g.pass()
	return g.SpanProcessor.ForceFlush(ctx)
}

// Shutdown implements sdk.SpanProcessor.
func (g *gather) Shutdown(ctx context.Context) error {
	g.pass()
	g.mu.Lock()
	if g.timer != nil {
		g.timer.Stop()
	}
	g.mu.Unlock()
	return g.SpanProcessor.Shutdown(ctx)
}
