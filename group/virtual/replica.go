package virtual

import (
	"time"

	"momento-bridge/group"
	"momento-bridge/pipeline/quota"
)

// arrive queues messages now and then.
func (r *replica) arrive() {
	wait := r.w.rng.ExpFloat64() / max(r.w.cfg.Trickle, 1e-3)
	r.w.after(time.Duration(wait*float64(time.Second)), func() {
		if r.dead || r.busy {
			return
		}
		r.queued++
		r.publish()
		r.arrive()
	})
}

func (r *replica) quotas() []group.Quota {
	queued := float64(r.queued)
	if r.busy {
		queued = 10_000
	}
	return []group.Quota{{Scope: "region", Pacer: r.pacer, Queued: queued}}
}

// tickAfter sees to it that the node ticks at a time.
func (r *replica) tickAfter(at time.Time) {
	if !r.tickAt.IsZero() && !at.Before(r.tickAt) {
		return
	}
	if at.Before(r.w.now) {
		at = r.w.now
	}
	r.tickAt = at
	r.w.at(at, func() {
		if r.tickAt.Equal(r.w.now) {
			r.tickAt = time.Time{}
			r.tick()
		}
	})
}

func (r *replica) tick() {
	if r.dead || r.frozen || r.node == nil {
		return
	}
	next := r.node.Tick(r.w.now, r.quotas())
	r.send()
	if !next.After(r.w.now) {
		next = r.w.now.Add(time.Millisecond)
	}
	r.tickAfter(next)
	r.publish()
}

// send gives messages to the network.
func (r *replica) send() {
	for _, m := range r.node.Take() {
		if r.w.cfg.Jitter == 0 {
			r.w.after(r.w.cfg.Delay, func() {
				for _, to := range r.w.replicas {
					to.hear(r, m)
				}
			})
			continue
		}
		for _, to := range r.w.replicas {
			d := r.w.cfg.Delay + time.Duration(r.w.rng.Int64N(int64(r.w.cfg.Jitter)))
			r.w.after(d, func() { to.hear(r, m) })
		}
	}
}

func (r *replica) hear(from *replica, m group.Message) {
	w := r.w
	if r == from || r.dead || r.frozen || w.cfg.Lost > 0 && w.rng.Float64() < w.cfg.Lost ||
		w.cut != nil && w.cut(from.number, r.number) {
		return
	}
	var at time.Time
	if m.Level != nil {
		at = r.node.HearLevel(w.now, m.Level, r.quotas())
		r.publish()
	} else {
		at = r.node.HearReport(w.now, m.Report, r.quotas())
	}
	r.tickAfter(at)
}

// publish sends what may start now.
func (r *replica) publish() {
	w := r.w
	for !r.dead && !r.frozen && (r.busy || r.queued > 0) && r.inFlight < mostInFlight {
		at := r.pacer.Due(w.now, 1)
		if !at.IsZero() {
			r.wake(at.Add(time.Duration(w.rng.Int64N(int64(200 * time.Microsecond)))))
			return
		}
		r.pacer.Pay(w.now, 1)
		r.inFlight++
		if !r.busy {
			r.queued--
		}
		ok, sent := w.limiter.Take(w.now, 1, uint64(r.number)), w.now
		w.count(ok)
		if ok {
			r.Accepted++
		}
		took := w.cfg.Latency/2 + time.Duration(w.rng.Int64N(int64(w.cfg.Latency)))
		w.after(took, func() { r.answer(sent, ok) })
	}
}

// wake publishes at a time.
func (r *replica) wake(at time.Time) {
	if r.wakeAt.After(r.w.now) && !at.Before(r.wakeAt) {
		return
	}
	r.wakeAt = at
	r.w.at(at, func() {
		if r.wakeAt.Equal(r.w.now) {
			r.publish()
		}
	})
}

func (r *replica) answer(sent time.Time, ok bool) {
	r.inFlight--
	if r.dead {
		return
	}
	if ok {
		r.pacer.Accepted(r.w.now, 1)
	} else {
		r.pacer.Refused(r.w.now, quota.Refusal{Sent: sent, Cost: 1})
		if !r.busy {
			r.queued++
		}
	}
	if r.node != nil && (!ok || r.node.Quick()) {
		r.tickAfter(r.w.now)
	}
	r.publish()
}
