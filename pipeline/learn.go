package pipeline

import "time"

// learn turns one answer into what it says about everybody: the gates and the pacer.
func (d *dispatcher) learn(now time.Time, e *entry, a Answer) {
	l := e.lane
	r := l.route
	answered := a.Verdict != Retry && a.Verdict != Ambiguous
	if answered {
		d.failures = 0
		d.opened(now, &d.endpoint, eventEndpointUp, nil)
	}
	switch a.Verdict {
	case Accept:
		d.opened(now, &d.key, eventKeyAccepted, nil)
		d.opened(now, r.cacheGate, eventCacheFound, r)
		if d.opened(now, &l.gate, eventTopicAllowed, r) {
			r.forbidden--
		}
		if d.pacer.accepted() {
			d.events.note(now, event{kind: eventQuotaAccepted})
		}
	case HaltAll:
		d.shut(now, e, keyGate, eventKeyRefused, a)
	case HaltCache:
		d.shut(now, e, cacheGate, eventCacheMissing, a)
	case HaltTopic:
		if d.shut(now, e, topicGate, eventTopicForbidden, a) {
			r.forbidden++
		}
	case SlowDown:
		if d.pacer.slowDown(now, e.sent, a.RetryAfter) {
			d.events.note(now, event{kind: eventQuotaRefused, detail: a.Detail})
		}
	case Retry, Ambiguous:
		if d.failures++; d.failures >= d.downAt {
			d.shut(now, e, endpointGate, eventEndpointDown, a)
		}
	case Reject:
	}
	d.releaseProbes(now, e)
}

// shut closes one of the gates that e passed. It reports whether the gate was open.
func (d *dispatcher) shut(now time.Time, e *entry, which int, kind eventKind, a Answer) bool {
	g := e.lane.gates(d)[which]
	if !g.shut(now, e.probes[which], a.RetryAfter, a.Detail, d.delays.gates()[which]) {
		return false
	}
	d.events.note(now, event{kind: kind, route: e.lane.route, detail: a.Detail})
	return true
}

// opened opens a gate, with a note if it was closed.
func (d *dispatcher) opened(now time.Time, g *gate, kind eventKind, r *Route) bool {
	if !g.open() {
		return false
	}
	d.events.note(now, event{kind: kind, route: r})
	return true
}

// releaseProbes ends the probes that e was and whose gates are still closed: the next probe may start after the delay.
func (d *dispatcher) releaseProbes(now time.Time, e *entry) {
	for i, g := range e.lane.gates(d) {
		if e.probes[i] && g.probing {
			g.undecided(now)
		}
		e.probes[i] = false
	}
}
