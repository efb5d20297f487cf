package simulation

import "time"

// manners is what the endpoint has asked a daemon for, and what the daemon has published since.
type manners struct {
	aloneUntil int64          // The latest Retry-After lasts until then.
	published  map[string]int // Messages that it knows to be accepted, by route,
	perhaps    map[string]int // and that it may know, if enough of the answer has come.
}

// asks notes that a daemon has got an answer that asks for a while without publishes.
func (m *manners) asks(now int64, wait time.Duration) {
	m.aloneUntil = max(m.aloneUntil, now+int64(wait))
}

// knows notes that a daemon has learned that so many messages were accepted.
func (m *manners) knows(route string, n int) {
	if m.published == nil {
		m.published = map[string]int{}
	}
	m.published[route] += n
}

// mayKnow notes that so many messages were accepted, and that a daemon has no whole answer that says so.
func (m *manners) mayKnow(route string, n int) {
	if m.perhaps == nil {
		m.perhaps = map[string]int{}
	}
	m.perhaps[route] += n
}

// polite judges when a publish was written.
func (t *truth) polite(a *attempt) {
	w := t.world
	left := a.link.owner.manners.aloneUntil - w.now()
	if left > 0 && a.link.http.begun { // Else it has waited for the link.
		w.fault("replica %d publishes %v before the Retry-After that it was told is over", a.link.owner.id,
			time.Duration(left))
	}
	t.paced()
}

const (
	// paceOver is the part of the time for which the publishes of all daemons together are counted, where they share a
	// quota that is configured, and paceSlack by how much they may be more than that allows: bursts, and what members
	// may take without asking.
	paceOver  = 4 * time.Second
	paceSlack = 0.25
)

// paced judges whether all daemons together keep to the quota that they share, as one of them publishes.
func (t *truth) paced() {
	w := t.world
	now := w.now()
	if !w.plan.shared || w.plan.rate == 0 || now < t.unheard {
		t.lately = nil
		return
	}
	for len(t.lately) > 0 && t.lately[0] <= now-int64(paceOver) {
		t.lately = t.lately[1:]
	}
	t.lately = append(t.lately, now)
	if most := int(w.plan.rate * paceOver.Seconds() * (1 + paceSlack)); len(t.lately) > most {
		w.fault("the quota of %v a second is not kept to: %d publishes in %v", w.plan.rate, len(t.lately), paceOver)
	}
}

// counted compares what a daemon says to have published with what it was told.
func (t *truth) counted(r *replica) {
	for i, s := 0, r.status(); i < len(s.Routes); i++ {
		route := &s.Routes[i]
		told, perhaps := r.manners.published[route.Name], r.manners.perhaps[route.Name]
		said := route.Settled["published"]
		if said < uint64(told) || said > uint64(told+perhaps) { //nolint:gosec // Positive.
			t.world.fault("books of replica %d, route %s: %d messages were accepted, %d more perhaps, %d are "+
				"counted as published", r.id, route.Name, told, perhaps, said)
			return
		}
	}
}

// fenced judges whether a daemon publishes what another one was given since: of an ordered route of a stream, the one
// that has the lease publishes alone.
func (t *truth) fenced(a *attempt, m *message) {
	if !m.route.ordered || m.route.stream == "" || m.givenTo == nil || m.givenTo == a.link.owner {
		return
	}
	t.world.fault("lease: message %d of route %s is published by replica %d after it was given to replica %d", m.id,
		m.route.name, a.link.owner.id, m.givenTo.id)
}

// unlettered reports whether a message that nobody has accepted would be gone without its dead letter.
func (t *truth) unlettered(m *message) bool {
	refused := m.refusals > 0 || m.fate != fateAccept
	if !refused || m.forgotten || m.route.drops || m.route.atMostOnce && m.unclear > 0 {
		return false
	}
	return m.route.letters && m.route.stream != "" && len(m.accepted) == 0 && !t.isStored(m)
}

// resendTime is how long a daemon has to send again the acknowledgements that were lost with a connection. It does so
// before it asks for anything.
const resendTime = 5 * time.Second

// crossed reports whether NATS has sent a message again before it was acknowledged, so that it came to a daemon that
// was done with it. What comes before that, the daemon knows that it holds it.
func (m *message) crossed(now int64) bool {
	if m.acked == 0 {
		return m.given > m.knownAt && now-m.knownAt < int64(time.Second)
	}
	return m.given > m.knownAt && m.said <= m.acked
}

// unacknowledged judges whether a daemon is given what it has long known to be accepted: it has not said so again,
// after the connection was lost on which it had.
func (t *truth) unacknowledged(l *link, m *message) {
	w := t.world
	if m.route.stream == "" || m.knownAt == 0 || m.knownBy != l.owner || w.now()-m.knownAt < int64(resendTime) {
		return
	}
	if !during(t.lossy, m.knownAt-int64(w.plan.settleTime), w.now()) {
		w.fault("message %d of route %s is delivered again, %v after replica %d knew that it was accepted: it has not "+
			"acknowledged it", m.id, m.route.name, since(w, m.knownAt), l.owner.id)
	}
}
