package simulation

// part notes that until a time a daemon may be cut off from NATS, and from the others.
func (t *truth) part(until int64) { t.apart = append(t.apart, span{t.world.now(), until}) }

// alike judges two publishes of one ordered topic that are in flight at the same time, of different daemons. While all
// of them hear each other a lease goes from hand to hand only when nothing is in flight.
func (t *truth) alike(a, b *attempt) {
	w := t.world
	r := t.byCache[a.cache]
	one, other := a.link.owner, b.link.owner
	if r.stream == "" || one == other || during(t.apart, min(one.born, other.born), w.now()) {
		return
	}
	w.fault("lease: topic %s/%s has publishes of replicas %d and %d in flight", a.cache, a.topic, other.id, one.id)
}

// leaveOut notes that a message was acknowledged, be it for a newer one.
func (t *truth) leaveOut(m *message) {
	if !m.route.drops || len(m.accepted) > 0 || m.refusals > 0 || m.fate != fateAccept {
		return
	}
	topic := t.topic(m.route.cache, m.topic)
	if topic.leftOut == nil || topic.leftOut.place < m.place {
		topic.leftOut = m
	}
}

// newest judges whether a message is published although a newer one of its topic was left out.
func (t *truth) newest(a *attempt, m *message) {
	if !m.route.drops || m.givens > 1 || !a.link.http.begun { // Else it has waited for the link.
		return
	}
	if out := t.topic(a.cache, a.topic).leftOut; out != nil && out.place > m.place && len(out.accepted) == 0 {
		t.world.fault("keep-latest: message %d of route %s is published after the newer %d was left out", m.id,
			m.route.name, out.id)
	}
}

// isStored reports whether a message is stored as a dead letter.
func (t *truth) isStored(m *message) bool {
	for {
		letter, ok := t.world.nats.server.Message(deadStream, t.letterAt+1)
		if !ok {
			return m.stored
		}
		t.letterAt++
		if of := t.find(letter.Data); of != nil {
			of.stored = true
		}
	}
}

// deadStream keeps the dead letters.
const deadStream = "DEAD"
