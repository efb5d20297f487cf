package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// flushReserve is kept back from the shutdown budget for the acknowledgements.
const flushReserve = time.Second

var errBudget = errors.New("the shutdown budget ran out first: raise shutdown_timeout if that should not be")

// withGrace returns a context that ends the given time after ctx. draining is told the moment when that will be, as
// soon as it is known.
func withGrace(ctx context.Context, grace time.Duration,
	draining func(end time.Time),
) (context.Context, context.CancelFunc) {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		draining(time.Now().Add(grace))
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(hard, func() { timer.Stop() })
	})
	return hard, func() { stop(); cancel() }
}

// draining is told when publishing must end.
func (d *Daemon) draining(end time.Time) {
	d.pipe.EndBy(end)
	end = end.Add(flushReserve)
	d.endBy.Store(&end)
	d.sayStopping()
}

// stopping reports whether the daemon has begun to stop.
func (d *Daemon) stopping() bool { return d.endBy.Load() != nil }

// held are messages in the daemon's hands.
type held struct {
	core     int // Of core NATS routes: nobody else has them. Those that the NATS client holds count, too.
	inFlight int // Of streams, which are being published,
	queued   int // or wait for it.
}

// held counts what the daemon holds.
func (d *Daemon) held() held {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	var h held
	stats := d.pipe.Stats()
	for i, r := range stats.Routes {
		if core, ok := d.sources[i].(*source.Core); ok {
			h.core += r.Queued + r.InFlight + int(core.Buffered())
			continue
		}
		h.inFlight += r.InFlight
		h.queued += r.Queued
	}
	return h
}

// ended is how messages have ended that were not published.
type ended struct {
	dropped  int // Of core NATS routes, by the pipeline or by the NATS client.
	returned int // To streams, which deliver them again.
}

func (d *Daemon) ended() ended {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	var e ended
	for i, r := range d.pipe.Stats().Routes {
		if core, ok := d.sources[i].(*source.Core); ok {
			e.dropped += int(r.Settled.Lost(r.Skipped)) + int(core.Dropped())
		}
		e.returned += int(r.Settled[pipeline.Returned])
	}
	return e
}

// sayStopping says what the stop will do.
func (d *Daemon) sayStopping() {
	before := d.ended()
	d.before.Store(&before)
	h := d.held()
	d.log.Info("stopping: publishes what is in flight and what came from core NATS, and hands the rest back to "+
		"its streams; a second signal, at least two seconds later, ends it at once",
		"core_messages", h.core, "in_flight", h.inFlight, "queued", h.queued, "budget", d.plan.shutdown)
}

// rest tells how all messages have ended, and what a stop leaves: what core routes have lost by it, what streams
// deliver again, and what the server may not know of.
func (d *Daemon) rest(h held) []any {
	all := d.endings()
	return []any{
		"published", all.published, "lost", all.lost, "by_policy", all.policy, "dead_lettered", all.dead,
		"core_messages_lost", d.lostByStop(h), "handed_back", d.endedByStop().returned, "held_of_streams", h.inFlight +
			h.queued, "unconfirmed_acks", d.acks.Unconfirmed(),
	}
}

// endings is how messages have ended since the start.
type endings struct {
	published uint64
	lost      uint64 // Against the user's will.
	policy    uint64 // As overload, max_age and empty say.
	dead      uint64
}

func (d *Daemon) endings() endings {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	var t endings
	for i, r := range d.pipe.Stats().Routes {
		t.published += r.Settled[pipeline.Published]
		t.lost += r.Settled.Lost(r.Skipped)
		t.policy += r.Settled[pipeline.Replaced] + r.Settled[pipeline.Shed] + r.Settled[pipeline.Expired] + r.Skipped
		t.dead += r.Settled[pipeline.DeadLettered]
		if core, ok := d.sources[i].(*source.Core); ok {
			t.lost += uint64(core.Dropped())
		}
	}
	return t
}

// endedByStop is what has ended without being published since the stop began.
func (d *Daemon) endedByStop() ended {
	before := d.before.Load()
	if before == nil {
		return ended{}
	}
	e := d.ended()
	// A route may have left by a reload meanwhile.
	return ended{dropped: max(0, e.dropped-before.dropped), returned: max(0, e.returned-before.returned)}
}

// lostByStop is how many messages of core routes the stop loses, with those that are still held.
func (d *Daemon) lostByStop(h held) int { return d.endedByStop().dropped + h.core }

// flush makes sure that the server has the acknowledgements, and says how the drain went, and what was left of it. If
// the connection is away it may come back until the budget ends.
func (d *Daemon) flush(left int) error {
	end := time.Now().Add(flushReserve)
	if drain := d.endBy.Load(); drain != nil {
		end = *drain
	}
	err := d.acks.Flush(end)
	rest, lost := d.rest(held{}), d.lostByStop(held{})
	switch {
	case err != nil:
		d.log.Error("stopped: NATS has not confirmed the last acknowledgements; up to unconfirmed_acks messages may "+
			"be delivered again", append(rest, "error", err)...)
		return fmt.Errorf(
			"%w: NATS has not confirmed %d acknowledgements; that many messages may be delivered again", err,
			d.acks.Unconfirmed())
	case left > 0:
		d.log.Error("stopped: the drain budget ran out: messages from core NATS that were still held are lost, and "+
			"those from streams will be delivered again", rest...)
		return errBudget
	case lost > 0:
		d.log.Warn("stopped: what was held is settled or handed back; messages of core NATS for which there was no "+
			"memory meanwhile are lost", rest...)
		return nil
	}
	d.log.Info("stopped: every message that was held is settled or handed back", rest...)
	return nil
}
