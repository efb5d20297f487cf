package daemon

import (
	"math"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/pipeline/quota"
	"momento-bridge/source"
)

// sample is a route at one moment.
type sample struct {
	at      time.Time
	heard   time.Time // When NATS told of what waits there; zero: it has not.
	told    time.Time // Of when arrived is: as heard, but now where whatever comes is delivered at once.
	begun   bool      // The source has consumed: before that, nobody knows what waits.
	halted  bool      // Nothing is published until something outside changes, or an operator resumes the route.
	away    bool      // NATS gives nothing of what waits there, as far as is known.
	byQuota bool      // It is a quota that limits what waits.
	busy    bool      // Something has waited for longer than the time of a sample.

	waiting int64     // What NATS still has included,
	stored  int64     // of those what it has delivered to nobody yet,
	strayed int64     // what it has delivered before to somebody who is gone, and delivers again within ackWait,
	beside  int64     // what others hold that live,
	held    int64     // what is held here, with what is being published,
	queued  int64     // of which so much waits,
	still   int64     // and of those what the endpoint refuses while it accepts others.
	oldest  time.Time // Since when the oldest waits, as far as is known.
	ackWait time.Duration

	// These count up.
	arrived  float64
	done     float64
	bytes    float64
	accepted float64 // Messages,
	cost     float64 // and what they have cost of the quota.
	refused  float64 // Publishes, for quota.
	given    losses

	rising     bool          // A rate limits it that doubles each second.
	quota      float64       // What the region allows, per second; 0: that is not known.
	share      float64       // Of that, while all routes are busy.
	perPublish float64       // How many messages like these fit into a publish.
	joins      bool          // The route joins messages.
	linger     time.Duration // How long it waits for more of them.
}

// sampleOf looks at a route.
func (d *Daemon) sampleOf(i int, stats *pipeline.Stats, now time.Time) sample {
	r, c := &stats.Routes[i], &d.plan.routes[i].route
	s := sample{
		at: now, told: now, heard: now,
		halted:  r.State == pipeline.Parked || r.State == pipeline.Paused || stats.Down,
		away:    !d.nats.IsConnected() || !d.delivers(i),
		byQuota: r.LimitedBy == pipeline.ByQuota,
		held:    int64(r.Queued + r.InFlight), queued: int64(r.Queued), still: int64(r.Aside), oldest: r.Oldest,
		arrived: float64(r.Received) - float64(r.Redelivered),
		bytes:   float64(r.Bytes), accepted: float64(r.Settled[pipeline.Published]),
		refused: float64(r.Attempts[pipeline.Result429]),
		share:   r.Share, joins: c.Batch.Joins(), linger: c.Batch.Linger,
	}
	missed := int64(0)
	switch src := d.sources[i].(type) {
	case *source.Core:
		missed = src.Dropped()
		s.stored = src.Buffered()
		s.arrived += float64(missed + s.stored)
	case streamSource:
		s.fromStream(src.Numbers(), now)
	}
	s.waiting = s.stored + s.strayed + s.beside + s.held
	for outcome, n := range r.Settled.All() {
		if outcome != pipeline.Returned && outcome != pipeline.Forgotten { // Those are still to be done.
			s.done += float64(n)
		}
	}
	s.given = given(r, missed)
	s.cost = float64(r.Attempts[pipeline.Result204])
	if d.plan.pipeline.Operations {
		s.cost = float64(r.Operations)
	}
	switch q := &stats.Quotas[0]; {
	case q.State == quota.AtCeiling, (q.State == quota.Holding || q.State == quota.Waiting) && q.Learned > 0:
		s.quota = q.Rate
	case q.State == quota.Searching:
		s.rising = s.byQuota
	}
	s.perPublish = d.plan.perPublish(i, &s)
	return s
}

// fromStream adds what is known of a stream's consumer.
func (s *sample) fromStream(n source.Numbers, now time.Time) {
	s.heard, s.stored, s.ackWait = n.Heard, n.Undelivered, n.AckWait
	s.queued = max(s.queued, n.Held-(s.held-s.queued))
	s.held = max(s.held, n.Held)
	if n.Others {
		s.beside = n.Elsewhere
	} else {
		s.strayed = n.Elsewhere
	}
	s.arrived = float64(n.First + n.Undelivered)
	if n.Undelivered > 0 || s.away {
		s.told = n.Heard
	}
	s.away = s.away || !n.Unanswered.IsZero() || n.Undelivered > 0 && now.Sub(n.Heard) > staleAfter
	if n.Undelivered > 0 && !n.Since.IsZero() && (s.oldest.IsZero() || n.Since.Before(s.oldest)) {
		s.oldest = n.Since
	}
}

// staleAfter is how old the numbers of a consumer may be that has messages to deliver: they are asked for every two
// seconds.
const staleAfter = 5 * time.Second

// known reports whether it is known what waits.
func (s *sample) known() bool { return s.begun && !s.heard.IsZero() }

// flowing is what waits and is neither refused nor somewhere else.
func (s *sample) flowing() int64 { return max(0, s.stored+s.held-s.still) }

// dry reports whether nothing is held and nothing comes, although there is something at the server.
func (s *sample) dry(before *sample) bool {
	return s.held == 0 && s.stored > 0 && s.done == before.done && before.held == 0 && before.stored > 0
}

// begun reports whether the route's source has begun to consume.
func (d *Daemon) begun(i int, r *backlog) bool {
	if !r.begun {
		r.begun, _ = d.sources[i].Ready()
	}
	return r.begun
}

// delivers reports whether NATS gives a route what waits there, as far as is known.
func (d *Daemon) delivers(i int) bool {
	ready, _ := d.sources[i].Ready()
	return ready && d.starved(i) == ""
}

// perPublish estimates how many messages like these fit into a batch.
func (p *Plan) perPublish(i int, s *sample) float64 {
	if p.routes[i].route.Overload == pipeline.KeepLatest {
		return 1 // No more of a topic waits.
	}
	size := float64(usualMessage)
	if s.accepted > 0 {
		size = s.bytes/s.accepted + 1
	}
	c := p.routes[i].route.Batch
	limit := float64(c.MaxBytes)
	switch {
	case c.Packing != nil:
		limit *= usualPacking
	case c.Framing == nil:
		limit = usualBatch
	}
	n := max(1, math.Floor((limit-1)/max(1, size)))
	if c.MaxMessages > 0 {
		n = min(n, float64(c.MaxMessages))
	}
	return n
}

// usualBatch is the default of batch.max_bytes.
const usualBatch = 4096
