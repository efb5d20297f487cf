package simulation

import "time"

// past is what a daemon that is done with a message may know of it when it comes again.
type past struct {
	first   int64    // When the message was first given to a daemon,
	firstTo *replica // and to which.
	again   int64    // When it came again first since its daemon acknowledged it; 0: it has not,
	linked  int64    // and when that was connected to NATS.
	same    bool     // It is the one that it was first given to.
}

// given notes a delivery.
func (p *past) given(m *message, to *replica, now int64) {
	switch {
	case p.first == 0:
		p.first, p.firstTo = now, to
	case m.knownAt > 0 && m.knownBy == to && p.again == 0:
		p.again, p.linked, p.same = now, to.linked, p.firstTo == to
	}
}

// memory is for how long a daemon knows, after it was connected anew, what it was given before and is done with.
const memory = 25 * time.Second

// remembered reports whether a message came again while its daemon knew.
func (p *past) remembered() bool {
	return p.again > 0 && p.same && p.first < p.linked && p.again-p.linked < int64(memory)
}

// lostBack notes that NATS has just lost what a daemon has said of a message, if that was to hand it back.
func (t *truth) lostBack(subject string) {
	a, _ := parseAck(subject)
	if m := t.bySequence(a); m != nil && m.own && m.returned == t.world.now() {
		m.backLost = true
	}
}
