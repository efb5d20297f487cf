package pipeline

import "time"

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
		d.failing = now
	}
	return d.failures >= downAfter || d.failures >= downAfterFew && now.Sub(d.failing) >= downAfterTime
}

// learn turns one answer into what it says about everybody: the gates and the pacer.
func (d *dispatcher) learn(now time.Time, p *parcel, a Answer) {
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
		if l.stuck {
			l.mark(false, false)
		}
		if r.troubled > 0 {
			l.accepted = p.sent
			if p.first.trouble != nil {
				d.mended(now, r)
			}
		}
		if d.accepted(now, r, p.cost, p.size) {
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
		if d.refused(now, p, a) {
			d.events.note(now, event{kind: eventQuotaRefused, detail: a.Detail})
		}
		d.noteWish(now, r, a)
	case Retry, Ambiguous:
		if !a.Echo && !p.ownFault() && d.failed(now) {
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
	g.tries(now, which, a, which == cacheGate && about.cache.accepted.IsZero())
	if which == keyGate || which == endpointGate { // They are everybody's.
		about = nil
	}
	d.events.note(now, event{kind: kind, route: about, detail: a.Detail})
	d.noteWish(now, about, a)
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

// releaseProbes ends the probes that p was and whose gates are still closed: the next probe may start after the delay.
func (d *dispatcher) releaseProbes(now time.Time, p *parcel) {
	if !p.gated {
		return
	}
	for i, g := range p.lane.gates(d) {
		if p.probes[i] && g.closed && i != topicGate {
			d.credit(p.lane.route, i)
		}
		if p.probes[i] && g.probing {
			g.undecided(now)
		}
		if p.trials[i] {
			g.flying = max(0, g.flying-1)
		}
		p.probes[i], p.trials[i] = false, false
	}
}
