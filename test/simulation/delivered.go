package simulation

import "strings"

// said notes what NATS sends.
func (t *truth) said(deliveries []frame) {
	for i := range deliveries {
		if m := t.find(deliveries[i].payload); m != nil {
			m.said = t.world.now()
		}
	}
}

// delivered notes what NATS gives a daemon, and when it was sent.
func (t *truth) delivered(l *link, f *frame, said int64) {
	m := t.find(f.payload)
	if m == nil {
		return
	}
	w := t.world
	if a, ok := parseAck(f.reply); ok {
		m.sequence = a.sequence
		m.route.bySequence[a.sequence] = m
		if m.acked > 0 && t.calm(m.acked-int64(w.plan.settleTime), w.now()) {
			w.fault("message %d comes again although it was acknowledged: the model", m.id)
		}
		if a.deliveries > 1 && m.returned == 0 && t.calm(m.given-int64(w.plan.settleTime), w.now()) {
			w.fault("message %d of route %s is delivered again, %v after the last time: it was not renewed", m.id,
				m.route.name, since(w, m.given))
		}
	}
	t.unacknowledged(l, m)
	m.given = w.now()
	if said >= m.givenAs {
		m.givenTo, m.givenAs = l.owner, said
	}
	m.givens++
	m.past.given(m, l.owner, w.now())
	w.history.note(w.now(), "given", int64(m.id), int64(l.id))
}

// heard judges what a daemon says to NATS, when it arrives.
func (t *truth) heard(l *link, f *frame) {
	w := t.world
	if strings.HasPrefix(f.subject, deadPrefix) {
		if m := t.find(f.payload); m != nil {
			t.letter(m)
		}
		return
	}
	a, ok := parseAck(f.subject)
	if !ok {
		return
	}
	m := t.bySequence(a)
	if m == nil {
		return
	}
	w.history.note(w.now(), "ack", int64(m.id), int64(l.id), digest(f.payload))
	switch word, _, _ := strings.Cut(string(f.payload), " "); word {
	case "", "+ACK":
		m.past.again = 0
		t.settled(m, "acknowledged")
		if m.acked == 0 {
			m.acked = w.now()
			t.leaveOut(m)
		}
	case "+TERM":
		t.settled(m, "terminated")
		if m.ended == 0 {
			m.ended = w.now()
		}
	case "-NAK":
		m.returned, m.own = w.now(), m.givenTo == l.owner
	}
}

// settled judges whether a message may be ended for good.
func (t *truth) settled(m *message, how string) {
	if t.unlettered(m) {
		t.world.fault("message %d of route %s is %s although its dead letter was not stored", m.id, m.route.name, how)
	}
	if m.fate != fateAccept || len(m.accepted) > 0 || m.forgotten || m.letters > 0 || m.route.drops || m.refusals > 0 {
		return
	}
	if m.route.atMostOnce && m.unclear > 0 {
		return
	}
	t.world.fault("message %d of route %s is %s although the endpoint has not accepted it", m.id, m.route.name, how)
}

// letter judges a dead letter.
func (t *truth) letter(m *message) {
	m.letters++
	if m.fate == fateAccept && m.refusals == 0 {
		t.world.fault("message %d of route %s became a dead letter although nobody refused it", m.id, m.route.name)
	}
}

// killed notes that what a daemon held of core NATS is gone with it.
func (t *truth) killed() {
	t.disturb(t.world.now() + int64(t.world.plan.settleTime))
	t.part(t.world.now() + int64(t.world.plan.settleTime))
}

// endedBadly judges the error of a daemon that was asked to stop, or was not.
func (t *truth) endedBadly(r *replica, err error) {
	if !r.leaves {
		t.world.fault("replica %d ended by itself: %v", r.id, err)
	}
}

// bySequence returns the message that an acknowledgement is of.
func (t *truth) bySequence(a ackOf) *message {
	for _, r := range t.routes {
		if r.stream == a.stream {
			return r.bySequence[a.sequence]
		}
	}
	return nil
}
