package pipeline

import (
	"time"
)

// takeAnswer takes back a publish in flight with its answer. A message that can never be published stays in flight
// until it is kept as a dead letter.
func (p *Pipeline) takeAnswer(now time.Time, flying *parcel, a Answer) {
	rest := flying.takeRest()
	if rest.n > 0 && !p.d.stopped && !rest.lane.route.leaving() {
		p.d.putBack(&rest) // Before those that did fit come back.
	}
	a = p.d.judge(now, flying, a)
	if a.Verdict == Reject && flying.n == 1 {
		p.d.reject(now, flying, a)
		p.d.deadLetter(now, flying)
		p.d.endRest(&rest)
		return
	}
	lane := flying.lane
	p.d.finish(now, flying, a)
	p.d.endRest(&rest)
	p.d.endLeft(lane)
}

// missesBelieved is how often the endpoint must say to a message that its cache does not exist before that is taken for
// the message's own fault: a cache that has just been created may not be known everywhere at once.
const missesBelieved = 3

// believed is how many rejections of a route in a row are taken for the messages' own fault, with nothing accepted in
// between. A proxy, a web application firewall or another server may answer everything with 400, and must not empty a
// stream.
const believed = 5

// judge returns the answer with the verdict that it deserves, given what the endpoint has said to other publishes:
//
//   - A message that has been refused for long enough is given up.
//   - A refused key that is accepted for others is refused for the topic only, and a refused topic that is accepted for
//     others is an error of the endpoint.
//   - A missing cache that has accepted another publish since p was first told so does exist: p can never be published.
//     While the cache is taken for missing, that is not held against p.
//   - An endpoint that rejects one message of a route after the other, and accepts none, is at fault rather than they.
func (d *dispatcher) judge(now time.Time, p *parcel, a Answer) Answer {
	e, r := p.first, p.lane.route
	if p.isGivenUp(now, a) {
		return giveUp(a)
	}
	if a.Verdict == HaltAll && a.Status != 0 && (p.lane.gate.closed || e.trouble != nil &&
		r.cache.existsSince(e.trouble.keyRefusedAt)) {
		a.Verdict = HaltTopic
	}
	if a.Verdict == HaltTopic && !r.cfg.Ordered && p.lane.acceptedSince(e.trouble) {
		a.Verdict = Retry
		return a
	}
	if a.Verdict == HaltTopic {
		return a
	}
	if a.Verdict == HaltCache && e.cacheMisses+1 >= missesBelieved && !r.cache.gate.closed &&
		r.cache.existsSince(e.cacheMissedAt) {
		a.Verdict, a.Reason = Reject, "not_found"
		return a
	}
	if a.Verdict == Reject && a.Status != 0 && p.n == 1 {
		return r.weigh(p, a)
	}
	return a
}

// weigh returns a rejection with the verdict that it deserves: it is believed, or it concerns the whole route, or it
// comes from a time when it did, so that the message is sent again.
func (r *Route) weigh(p *parcel, a Answer) Answer {
	switch {
	case r.distrusted():
		a.Verdict = HaltRoute
	case p.sent.Before(r.reopened) && !r.cfg.BelieveRejections:
		a.Verdict = Unsent
	default:
		r.common.rejections++
	}
	return a
}

// distrusted reports whether rejections of the route's messages are no longer believed.
func (r *Route) distrusted() bool { return r.common.rejections >= believed && !r.cfg.BelieveRejections }

// attempted counts an attempt that has ended, and applies its answer to everybody and to the messages themselves. What
// the endpoint cannot have seen was no attempt: the next one is the same.
func (d *dispatcher) attempted(now time.Time, p *parcel, a Answer) {
	if !a.silent() {
		r := p.lane.route
		for e := p.first; e != nil; e = e.next {
			e.attempts++
		}
		r.attempts[a.Result]++
		if a.Verdict == Ambiguous {
			r.ambiguous++
		}
	}
	d.applyAnswer(now, p, a)
	d.noteTrouble(now, p, a)
}

const (
	// downAfter failures in a row, of all messages together, mean that the endpoint is down.
	downAfter = 10
	// downAfterFew failures mean that, too, once downAfterTime has passed since the first: where little is published,
	// downAfter would take long.
	downAfterFew  = 3
	downAfterTime = 2 * time.Second
	// forbiddenAfter topics that turn out to be forbidden, with nothing of the route accepted in between, mean that the
	// key is not for this route at all.
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

// applyAnswer applies what an answer says about everybody: to the gates and to the quotas.
func (d *dispatcher) applyAnswer(now time.Time, p *parcel, a Answer) {
	l := p.lane
	r := l.route
	answered := a.Verdict != Retry && a.Verdict != Ambiguous && a.Verdict != Unsent
	if answered {
		d.failures = 0
		d.openGate(now, &d.endpoint, eventEndpointUp, nil)
	}
	switch a.Verdict {
	case Accept:
		if !p.sent.Before(d.key.since) { // Otherwise it was accepted before the key was refused.
			d.keyFound(now)
			d.openGate(now, &d.key, eventKeyAccepted, nil)
		}
		r.cache.found(p.sent)
		d.openGate(now, &r.cache.gate, eventCacheFound, r)
		r.forbidden.refusals, r.common.rejections = 0, 0
		if d.openGate(now, &r.gate, eventRouteAllowed, r) {
			r.reopened = now
		}
		if d.openGate(now, &l.gate, eventTopicAllowed, r) {
			r.allow(l)
		}
		if l.suspect {
			l.markSuspect(false, false)
		}
		if r.troubled > 0 {
			l.ownRefused().accepted = p.sent
			if p.first.trouble != nil {
				d.retrySuspectsSoon(now, r)
			}
		}
		if d.quotasAccepted(now, p) {
			d.events.note(now, event{kind: eventQuotaAccepted})
		}
	case HaltAll:
		if !p.sent.Before(d.keySince) { // Otherwise it is the old key that is refused.
			d.keyRefused(now, p, a)
		}
	case HaltCache:
		if r.cache.gone() {
			d.shutGate(now, p, cacheGate, eventCacheMissing, a)
		}
	case HaltTopic:
		if d.shutGate(now, p, topicGate, eventTopicForbidden, a) {
			r.forbid(now, l)
		} else if l.gate.closed {
			r.forbidden.name(l.topic)
		}
		if r.forbidden.refusals >= forbiddenAfter {
			d.shutGate(now, p, routeGate, eventRouteForbidden, a)
		}
	case HaltRoute:
		d.shutGate(now, p, routeGate, eventRouteRejected, a)
	case SlowDown:
		if d.quotaRefused(now, p, a) {
			d.events.note(now, event{kind: eventQuotaRefused, detail: a.Detail})
		}
		d.noteRetryAfter(now, r, a)
	case Retry, Ambiguous:
		if a.Foreign && a.RetryAfter > 0 {
			d.leaveAlone(now, r, a)
		}
		if !a.Echo && !p.othersAccepted() && d.failed(now) {
			d.shutGate(now, p, endpointGate, eventEndpointDown, a)
		}
	case Reject, Unsent:
	}
	d.releaseProbes(now, p)
}

// keyAcceptedLately is how long ago the key may have been accepted for a refusal to be doubted, and probed soon.
const keyAcceptedLately = time.Minute

// keyRefused closes the key's gate. It is not logged that there is no key yet: whoever fetches the key does that.
func (d *dispatcher) keyRefused(now time.Time, p *parcel, a Answer) {
	if a.Status != 0 {
		if p.probes[keyGate] {
			d.keyFound(now) // There is a key now, so that its refusal is logged.
		}
		if d.shutGate(now, p, keyGate, eventKeyRefused, a) &&
			p.lane.route.cache.existsSince(now.Add(-keyAcceptedLately)) {
			d.key.probeSoon(now) // The refusal may be about this message only.
		}
		return
	}
	if d.key.shut(now, p.probes[keyGate], a, d.delays.gates()[keyGate]) {
		d.keyMissing = true
		d.noteHalts(now)
	}
}

// keyFound opens the key's gate if it was closed because there was no key.
func (d *dispatcher) keyFound(now time.Time) {
	if d.keyMissing {
		d.keyMissing = false
		d.key.open()
		d.noteHalts(now)
	}
}

// shutGate closes one of the gates that p has passed, and logs that. It reports whether the gate was open.
func (d *dispatcher) shutGate(now time.Time, p *parcel, which int, kind eventKind, a Answer) bool {
	if which == topicGate {
		p.lane.ownRefused()
	}
	g := p.lane.gates(d)[which]
	about := p.lane.route
	if !g.shut(now, p.probes[which], a, d.delays.gates()[which]) {
		return false
	}
	g.allowTrials(now, which, a, which == cacheGate && about.cache.accepted.IsZero())
	if which == keyGate || which == endpointGate { // They concern all routes.
		about = nil
	}
	d.events.note(now, event{kind: kind, route: about, detail: a.Detail})
	d.noteRetryAfter(now, about, a)
	d.noteHalts(now)
	return true
}

// openGate opens a gate, and logs that. It reports whether the gate was closed.
func (d *dispatcher) openGate(now time.Time, g *gate, kind eventKind, r *Route) bool {
	if !g.open() {
		return false
	}
	d.events.note(now, event{kind: kind, route: r})
	d.noteHalts(now)
	return true
}
