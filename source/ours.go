package source

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// glanceEvery is how old the numbers may be while something waits at the server, or may: nothing is delivered to a
// route that has no room and asks for nothing, so that nothing tells of what comes.
const glanceEvery = 2 * time.Second

// glance asks for the numbers, and does no more, where they are old. An error means that the consumer is lost.
func (w *watch) glance(ctx context.Context, now time.Time) error {
	_, open, _ := w.p.state()
	n := w.j.Numbers()
	if w.ignored || !w.j.conn.IsConnected() || !w.stale(now, &n, open) {
		return nil
	}
	w.glanced = now
	w.j.cfg.Beat()
	_, err := w.numbers(ctx)
	return err
}

// stale reports whether numbers are too old, where requests are open or not. It is asked at ticks, the one before which
// may have been a little late.
func (w *watch) stale(now time.Time, n *Numbers, open bool) bool {
	if open && n.Undelivered == 0 && n.Elsewhere == 0 { // Whatever comes tells of itself.
		return false
	}
	oldest := now.Add(w.p.limits.tick()/2 - glanceEvery)
	return !n.Heard.After(oldest) && !w.glanced.After(oldest)
}

// ours is what is known here before the server is asked for numbers, to be compared with them.
type ours struct {
	held     int    // Deliveries in hand,
	lately   int    // and those that have ended lately, whose acknowledgements the server may not have noted yet.
	received uint64 // Messages, since the consumer was bound.
}

// ours returns it for now.
func (w *watch) ours() ours {
	held, settled := w.j.held.count()
	return ours{held: held, lately: int(settled - w.settled[0]), received: w.p.received()}
}

// ticked notes how many had ended at a tick.
func (w *watch) ticked() {
	_, settled := w.j.held.count()
	w.settled[0], w.settled[1] = w.settled[1], settled
}

// elsewhere returns how many messages the server holds as delivered that are not in our hands, nor can be on their way,
// given what was ours before the server was asked: at least so many are.
func (w *watch) elsewhere(info *jetstream.ConsumerInfo, before ours) int64 {
	others := w.j.replicas() > 1 || w.j.barrier.shared.Load()
	w.j.figures.others.Store(others)
	received := w.p.received()
	n := int64(info.NumAckPending) - int64(before.held+before.lately) - int64(received-before.received)
	if w.cut {
		w.base, w.cut = info.Delivered.Consumer-min(info.Delivered.Consumer, received), false
	}
	coming := info.Delivered.Consumer - min(info.Delivered.Consumer, w.base+received)
	switch {
	case others: // What is on its way may be theirs.
	case coming > 0 && coming == w.coming && info.Delivered.Consumer == w.delivered:
		w.base += coming // It has been lost.
	default:
		n -= int64(coming)
	}
	w.coming, w.delivered = coming, info.Delivered.Consumer
	return max(0, n)
}

// unsure reports whether acknowledgements on their way may be all that keeps what is elsewhere from being seen.
func (w *watch) unsure(info *jetstream.ConsumerInfo, before ours) bool {
	return before.lately > 0 && info.NumAckPending > before.held && w.j.figures.elsewhere.Load() == 0
}

// recount asks once more, after the server has noted what had ended before: then all that has not ended is counted.
func (w *watch) recount(ctx context.Context, before ours) {
	before.lately = 0
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	info, err := w.consumer.Info(ctx)
	if err == nil && info.Created.Equal(w.j.created) {
		w.j.figures.told(info, w.elsewhere(info, before))
	}
}
