package pipeline

import (
	"errors"
	"time"

	"momento-bridge/pipeline/quota"
)

// missesAfter is how often a message must be told that its cache does not exist, before it is taken to be the
// message's own fault: a cache that has just been made may not be known everywhere at once.
const missesAfter = 3

// believed is how many rejections of a route are believed in a row, without anything accepted in between: a proxy, a
// web application firewall or another server may answer everything with 400, and must not empty a stream.
const believed = 5

// judge returns the answer as it is to be understood for p. A cache that is said to be missing, and has accepted
// another publish since it was first said so to p, does exist: it is p that cannot be published. While the cache is
// taken for missing, nothing is held against p. An endpoint that rejects one message of a route after the other, and
// accepts none, is more likely to be at fault than they are.
func (d *dispatcher) judge(now time.Time, p *parcel, a Answer) Answer {
	e, r := p.first, p.lane.route
	if p.givesUp(now, a) {
		return given(a)
	}
	if a.Verdict == HaltAll && a.Status != 0 && (p.lane.gate.closed || e.trouble != nil && r.cache.existsSince(e.trouble.refused)) {
		a.Verdict = HaltTopic // The key is accepted for others.
	}
	if a.Verdict == HaltTopic && !r.cfg.Ordered && p.lane.acceptedSince(e.trouble) {
		a.Verdict = Retry // As is the topic.
		return a
	}
	if a.Verdict == HaltTopic {
		return a
	}
	if a.Verdict == HaltCache && e.misses+1 >= missesAfter && !r.cache.gate.closed && r.cache.existsSince(e.missed) {
		a.Verdict, a.Reason = Reject, "not_found"
		return a
	}
	if a.Verdict == Reject && a.Status != 0 && p.n == 1 {
		return r.weigh(p, a)
	}
	return a
}

// weigh returns a rejection as it is to be understood: believed, everybody's, or of a time at which it was, so that
// the message is asked for again.
func (r *Route) weigh(p *parcel, a Answer) Answer {
	switch {
	case r.distrusted():
		a.Verdict = HaltRoute
	case p.sent.Before(r.reopened) && !r.cfg.BelieveRejections:
		a.Verdict = Unsent
	default:
		r.rejections++
	}
	return a
}

// distrusted reports whether a rejection of the route's messages is not believed any more.
func (r *Route) distrusted() bool { return r.rejections >= believed && !r.cfg.BelieveRejections }

// reject notes that the endpoint can never accept what p carries: a single message, which stays in flight until it is
// kept as a dead letter.
func (d *dispatcher) reject(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	e := p.first
	e.rejection = &Rejection{Reason: a.Reason, Status: a.Status, Detail: a.Detail, Attempts: e.attempts, Route: p.lane.route.cfg.Name}
}

// finish takes back a publish in flight with its answer, and decides what becomes of its messages.
func (d *dispatcher) finish(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	r := d.land(p)
	outcome := d.outcome(r, a)
	if outcome == 0 {
		d.requeue(now, p, a)
		return
	}
	if outcome == Published {
		r.operations += quota.Operations(p.size)
	}
	for p.n > 0 {
		e := p.take()
		if outcome == Published {
			r.published += uint64(len(e.Payload))
		}
		d.end(e, outcome)
	}
}

// attempted counts one attempt for a publish in flight and learns from its answer.
func (d *dispatcher) attempted(now time.Time, p *parcel, a Answer) {
	r := p.lane.route
	for e := p.first; e != nil; e = e.next {
		e.attempts++
	}
	r.attempts[a.Result]++
	if a.Verdict == Ambiguous {
		r.ambiguous++
	}
	d.learn(now, p, a)
	d.suffer(now, p, a)
}

// land takes a publish out of flight. Its messages are then neither queued nor in flight: the caller ends or queues
// them.
func (d *dispatcher) land(p *parcel) *Route {
	r := p.lane.route
	if !p.aside {
		p.lane.inFlight--
	}
	r.inFlight -= p.n
	d.refresh(p.lane)
	return r
}

// outcome returns how messages end with this answer, or 0 if they are to be tried again.
func (d *dispatcher) outcome(r *Route, a Answer) Outcome {
	switch {
	case a.Verdict == Accept:
		return Published
	case a.Verdict == Ambiguous && r.cfg.AtMostOnce:
		return Dropped
	case r.closed && r.cfg.Returnable:
		return Returned
	case d.stopped:
		return Dropped
	}
	return 0
}

// finishRejected takes back a message in flight that can never be published. kept says that a dead letter is safe;
// err that it could not be stored, so that the message must wait.
func (d *dispatcher) finishRejected(now time.Time, p *parcel, kept bool, err error) {
	r := p.lane.route
	round := errors.Is(err, ErrRoundTrip)
	if err != nil && !round && !d.stopped && (!r.closed || !r.cfg.Returnable) {
		d.unkept(now, p, err)
		return
	}
	d.land(p)
	d.releaseProbes(now, p)
	reason := p.first.rejection
	switch {
	case round:
		d.events.note(now, event{kind: eventRoundTrip, route: r, detail: err.Error()})
		d.end(p.take(), Dropped)
		if p.trial {
			r.parked.gate.undecided(now)
		}
	case err == nil && kept:
		d.stored(now, r)
		d.events.note(now, event{kind: eventDeadLettered, route: r, detail: reason.Reason + ": " + reason.Detail})
		d.end(p.take(), DeadLettered)
	case err == nil:
		d.events.note(now, event{kind: eventDropped, route: r, detail: reason.Reason + ": " + reason.Detail})
		d.end(p.take(), Dropped)
	default:
		d.end(p.take(), r.returned())
	}
}
