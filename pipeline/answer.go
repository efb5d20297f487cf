package pipeline

import (
	"time"
)

// takeAnswer hands the answer to a publish back. A message that can never be published stays in flight until it is kept
// as a dead letter.
func (p *Pipeline) takeAnswer(now time.Time, flying *parcel, a Answer) {
	a = p.d.judge(now, flying, a)
	if a.Verdict == Reject && flying.n == 1 {
		p.d.reject(now, flying, a)
		p.d.deadLetter(now, flying)
		return
	}
	p.d.finish(now, flying, a)
	p.d.endLeft(flying.lane)
}

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
	if p.isGivenUp(now, a) {
		return giveUp(a)
	}
	if a.Verdict == HaltAll && a.Status != 0 && (p.lane.gate.closed || e.trouble != nil && r.cache.existsSince(e.trouble.keyRefusedAt)) {
		a.Verdict = HaltTopic // The key is accepted for others.
	}
	if a.Verdict == HaltTopic && !r.cfg.Ordered && p.lane.acceptedSince(e.trouble) {
		a.Verdict = Retry // As is the topic.
		return a
	}
	if a.Verdict == HaltTopic {
		return a
	}
	if a.Verdict == HaltCache && e.cacheMisses+1 >= missesAfter && !r.cache.gate.closed && r.cache.existsSince(e.cacheMissedAt) {
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
	d.applyAnswer(now, p, a)
	d.noteTrouble(now, p, a)
}

const (
	// downAfter failures in a row, of all messages together, mean that the endpoint is down. Where little is
	// published, fewer do when nothing has succeeded for a while.
	downAfter     = 10
	downAfterFew  = 3
	downAfterTime = 2 * time.Second
	// forbiddenAfter topics that turn out to be forbidden, with nothing of the route accepted in between, mean that
	// the key is not for this route at all.
	forbiddenAfter = 8
)

// failed counts an attempt that got no sensible answer. It reports whether to take the endpoint for down.
func (d *dispatcher) failed(now time.Time) bool {
	d.failures++
	if d.failures == 1 {
		d.failingSince = now
	}
	return d.failures >= downAfter || d.failures >= downAfterFew && now.Sub(d.failingSince) >= downAfterTime
}

// applyAnswer turns one answer into what it says about everybody: the gates and the pacer.
func (d *dispatcher) applyAnswer(now time.Time, p *parcel, a Answer) {
	l := p.lane
	r := l.route
	answered := a.Verdict != Retry && a.Verdict != Ambiguous && a.Verdict != Unsent
	if answered {
		d.failures = 0
		d.opened(now, &d.endpoint, eventEndpointUp, nil)
	}
	switch a.Verdict {
	case Accept:
		if !p.sent.Before(d.key.since) { // Otherwise it was accepted before the key was refused.
			d.keyFound(now)
			d.opened(now, &d.key, eventKeyAccepted, nil)
		}
		r.cache.found(p.sent)
		d.opened(now, &r.cache.gate, eventCacheFound, r)
		r.refusals, r.rejections = 0, 0
		if d.opened(now, &r.gate, eventRouteAllowed, r) {
			r.reopened = now
		}
		if d.opened(now, &l.gate, eventTopicAllowed, r) {
			r.forbidden--
		}
		if l.suspect {
			l.markSuspect(false, false)
		}
		if r.troubled > 0 {
			l.accepted = p.sent
			if p.first.trouble != nil {
				d.retrySuspectsSoon(now, r)
			}
		}
		if d.quotasAccepted(now, r, p.cost, p.size) {
			d.events.note(now, event{kind: eventQuotaAccepted})
		}
	case HaltAll:
		if !p.sent.Before(d.keySince) { // Otherwise it is the old key that is refused.
			d.keyRefused(now, p, a)
		}
	case HaltCache:
		if r.cache.gone() {
			d.shut(now, p, cacheGate, eventCacheMissing, a)
		}
	case HaltTopic:
		if d.shut(now, p, topicGate, eventTopicForbidden, a) {
			r.forbidden++
			r.refusals++
		}
		if r.refusals >= forbiddenAfter {
			d.shut(now, p, routeGate, eventRouteForbidden, a)
		}
	case HaltRoute:
		d.shut(now, p, routeGate, eventRouteRejected, a)
	case SlowDown:
		if d.quotaRefused(now, p, a) {
			d.events.note(now, event{kind: eventQuotaRefused, detail: a.Detail})
		}
		d.noteRetryAfter(now, r, a)
	case Retry, Ambiguous:
		if !a.Echo && !p.othersAccepted() && d.failed(now) {
			d.shut(now, p, endpointGate, eventEndpointDown, a)
		}
	case Reject, Unsent:
	}
	d.releaseProbes(now, p)
}

// lately is how long ago a key must have been accepted for a refusal to be looked at again soon.
const lately = time.Minute

// keyRefused closes the key's gate. That there is no key yet is no news: whoever fetches it tells of that.
func (d *dispatcher) keyRefused(now time.Time, p *parcel, a Answer) {
	if a.Status != 0 {
		if p.probes[keyGate] {
			d.keyFound(now) // That it is refused is news.
		}
		if d.shut(now, p, keyGate, eventKeyRefused, a) && p.lane.route.cache.existsSince(now.Add(-lately)) {
			d.key.probeSoon(now) // It may be about this message.
		}
		return
	}
	if d.key.shut(now, p.probes[keyGate], a, d.delays.gates()[keyGate]) {
		d.keyMissing = true
		d.noteHalts(now)
	}
}

// keyFound opens the key's gate if it was closed for want of one.
func (d *dispatcher) keyFound(now time.Time) {
	if d.keyMissing {
		d.keyMissing = false
		d.key.open()
		d.noteHalts(now)
	}
}

// shut closes one of the gates that p passed. It reports whether the gate was open.
func (d *dispatcher) shut(now time.Time, p *parcel, which int, kind eventKind, a Answer) bool {
	g := p.lane.gates(d)[which]
	about := p.lane.route
	if !g.shut(now, p.probes[which], a, d.delays.gates()[which]) {
		return false
	}
	g.allowTrials(now, which, a, which == cacheGate && about.cache.accepted.IsZero())
	if which == keyGate || which == endpointGate { // They are everybody's.
		about = nil
	}
	d.events.note(now, event{kind: kind, route: about, detail: a.Detail})
	d.noteRetryAfter(now, about, a)
	d.noteHalts(now)
	return true
}

// opened opens a gate, with a note if it was closed.
func (d *dispatcher) opened(now time.Time, g *gate, kind eventKind, r *Route) bool {
	if !g.open() {
		return false
	}
	d.events.note(now, event{kind: kind, route: r})
	d.noteHalts(now)
	return true
}
