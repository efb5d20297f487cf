package daemon

import (
	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// stopping reports whether the daemon has begun to stop.
func (b *Daemon) stopping() bool { return b.endBy.Load() != nil }

// held are messages in the daemon's hands.
type held struct {
	core     int // Of core NATS routes: nobody else has them. Those that the NATS client holds count, too.
	inFlight int // Of streams, which are being published,
	queued   int // or wait for it.
}

// held counts what the daemon holds.
func (b *Daemon) held() held {
	var h held
	stats := b.pipe.Stats()
	for i, r := range stats.Routes {
		if core, ok := b.sources[i].(*source.Core); ok {
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

func (b *Daemon) ended() ended {
	var e ended
	for i, r := range b.pipe.Stats().Routes {
		if core, ok := b.sources[i].(*source.Core); ok {
			e.dropped += int(r.Settled[pipeline.Dropped]-r.Skipped) + int(core.Dropped())
		}
		e.returned += int(r.Settled[pipeline.Returned])
	}
	return e
}

// sayStopping says what the stop will do.
func (b *Daemon) sayStopping() {
	before := b.ended()
	b.before.Store(&before)
	h := b.held()
	b.log.Info("stopping: finishing what is in flight and what core NATS has given, handing back the rest, within the budget; "+
		"a second signal, two seconds later at the soonest, ends it at once",
		"core_messages", h.core, "in_flight", h.inFlight, "queued", h.queued, "budget", b.plan.shutdown)
}

// rest tells what a stop leaves: what core routes have lost by it, what streams deliver again, and what the server
// may not know of.
func (b *Daemon) rest(h held) []any {
	var e ended
	if before := b.before.Load(); before != nil {
		e = b.ended()
		e.dropped -= before.dropped
		e.returned -= before.returned
	}
	return []any{
		"core_messages_lost", e.dropped + h.core, "handed_back", e.returned, "held_of_streams", h.inFlight + h.queued, "unconfirmed_acks", b.acks.Unconfirmed(),
	}
}
