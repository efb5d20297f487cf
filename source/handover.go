package source

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

const (
	// landPoll is how often it is looked at whether everything has landed.
	landPoll = 5 * time.Millisecond
	// flushTime is how long the last acknowledgements may take before the lease is released.
	flushTime = time.Second
	// lastFlush is flushTime after the hard stop.
	lastFlush = 250 * time.Millisecond
)

// end ends the consuming of a route because of why: nil, as the daemon stops, or what is wrong with the consumer or
// the lease. Nothing is asked for any more.
func (j *JetStream) end(hard context.Context, why error, b *binding, route *pipeline.Route) {
	if errors.Is(j.over(), errLeaseLost) { // Whatever else there is.
		j.forget(hard, b, route)
		return
	}
	if err := b.sub.Drain(); err != nil { // First, so that nothing handed back comes here again.
		j.log.Debug("drain the inbox", "error", err)
	}
	stopping, recalled := why == nil, errors.Is(why, errRecalled)
	switch {
	case stopping:
		j.setReason("stopping")
		j.prepareHandBack(hard, b)
		route.Close() // What is still on its way is handed back as it is submitted.
	case recalled:
		j.prepareHandBack(hard, b)
		route.Yield()
	}
	j.awaitClosed(hard, b)
	b.puller.reconnected()
	outcome := pipeline.Returned
	if errors.Is(j.over(), errLeaseLost) {
		outcome = pipeline.Forgotten
	}
	j.barrier.giveBack(func(handle any) { j.Settle(handle, outcome) })
	if stopping || recalled {
		j.handOver(hard, route, stopping && (j.cfg.Replicas == nil || j.cfg.Replicas() <= 1))
	}
}

// forget gives up what is held without a word to the server, as somebody else may have it already.
func (j *JetStream) forget(hard context.Context, b *binding, route *pipeline.Route) {
	route.Forget()
	if err := b.sub.Unsubscribe(); err != nil {
		j.log.Debug("close the inbox", "error", err)
	}
	j.awaitClosed(hard, b)
	b.puller.reconnected()
	j.barrier.giveBack(func(handle any) { j.Settle(handle, pipeline.Forgotten) })
	j.leave(hard, errLeaseLost, route)
}

// leave ends a tenure in which nothing is asked for any more.
func (j *JetStream) leave(hard context.Context, why error, route *pipeline.Route) {
	if errors.Is(why, errRecalled) {
		route.Yield()
		j.handOver(hard, route, false)
		return
	}
	route.Forget()
	held, _ := j.held.count()
	reason := "not known"
	if h := j.hold.Load(); h != nil {
		reason = (*h).Why()
	}
	j.log.Warn("lost the lease of the route: what is in flight runs to its end, the rest is left to another replica",
		"reason", reason, "in_flight", held)
	j.awaitLanded(hard, route)
	j.acks.push()
	j.rested(false)
}

// handOver gives the lease back once everything has landed, and the server knows.
func (j *JetStream) handOver(hard context.Context, route *pipeline.Route, last bool) {
	if j.hold.Load() == nil {
		return
	}
	j.awaitLanded(hard, route)
	j.flush(hard)
	j.rested(last)
	j.log.Info("released the lease of the route")
}

// flush makes sure, for a moment, that the consumer knows what was acknowledged and handed back.
func (j *JetStream) flush(hard context.Context) {
	patience := flushTime
	if hard.Err() != nil {
		patience = lastFlush
	}
	end := time.Now().Add(patience)
	if err := j.acks.Flush(end); err != nil {
		j.log.Debug("flush before another one consumes", "error", err)
	}
	// The consumer takes note of acknowledgements in their order. Not every way to it has answers.
	_, _ = j.conn.Request(j.acksOf()+nobody, ackProgress, min(time.Until(end), noticeTime))
}

// noticeTime is how long the consumer may take to note acknowledgements before another one consumes.
const noticeTime = lastFlush

// Rest waits, after Run, until what was in flight has ended and the consumer knows: then another source may use it. It
// waits until hard is done at the most.
func (j *JetStream) Rest(hard context.Context, route *pipeline.Route) {
	j.awaitLanded(hard, route)
	j.flush(hard)
	j.presence.stop()
}

// Continue goes on counting where another source of the route has ended. It comes before Run.
func (j *JetStream) Continue(other *JetStream) {
	j.missed.Add(other.missed.Load())
	j.renewals.Add(other.renewals.Load())
}

// rested notes that another replica consumes from now on, and gives the lease back. It knows better what waits, unless
// this was the last one: then that is what this one has left.
func (j *JetStream) rested(last bool) {
	if !last {
		j.pending.Store(0)
		j.ackWaits.Store(0)
		j.figures.forget()
	}
	j.setStarved("")
	j.release()
}

// awaitLanded waits until what is in flight has ended, or hard is done. If the lease is lost meanwhile the rest is
// forgotten.
func (j *JetStream) awaitLanded(hard context.Context, route *pipeline.Route) {
	ticks := time.NewTicker(landPoll)
	defer ticks.Stop()
	lost := j.lost()
	for {
		j.cfg.Beat()
		if held, _ := j.held.count(); held == 0 {
			return
		}
		select {
		case <-hard.Done():
			return
		case <-lost:
			route.Forget()
			lost = nil
		case <-ticks.C:
		}
	}
}

// binding is what a route has while it consumes.
type binding struct {
	puller   *puller
	consumer jetstream.Consumer
	sub      *nats.Subscription // The inbox.
	closed   chan struct{}      // Closed once the inbox has had its last message.
}
