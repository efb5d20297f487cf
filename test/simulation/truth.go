package simulation

import (
	"time"

	"momento-bridge/batch"
)

// truth is what has truly become of every message, and what must be so. It knows nothing of what the daemons count.
type truth struct {
	world     *World
	messages  []*message
	routes    map[string]*route // By the first word of their subjects.
	byCache   map[string]*route
	topics    map[string]*topicTruth
	disturbed []span  // When acknowledgements and deliveries could be lost.
	lossy     []span  // When acknowledgements that the server has got could be lost.
	lately    []int64 // When publishes were written of late.
	unheard   int64   // Until then daemons may take each other for gone: a link stands still and nobody knows.
	apart     []span  // When a daemon could be cut off from NATS.
	letterAt  uint64  // Of the dead letters that are stored, so many were looked at.
}

// span is a part of the time.
type span struct{ from, to int64 }

// topicTruth is what the endpoint got for one topic.
type topicTruth struct {
	// newest is of those accepted the one with the last place: of what each daemon publishes of core NATS, whose
	// members of a queue group share the messages of a topic, and of all daemons together of streams.
	newest map[*replica]*message
	flying []*attempt // That daemons have no answer to.
	// leftOut is of those acknowledged, and never accepted, the one with the last place, where only the newest counts.
	leftOut *message
}

func (t *truth) topic(cache, name string) *topicTruth {
	key := cache + "/" + name
	known := t.topics[key]
	if known == nil {
		known = &topicTruth{newest: map[*replica]*message{}}
		t.topics[key] = known
	}
	return known
}

// disturb notes that until a time deliveries and acknowledgements may be lost.
func (t *truth) disturb(until int64) {
	now := t.world.now()
	t.disturbed = append(t.disturbed, span{now, until})
}

// lose notes that until a time acknowledgements that the server has got may be lost.
func (t *truth) lose(until int64) { t.lossy = append(t.lossy, span{t.world.now(), until}) }

// calm reports whether nothing could be lost between two times.
func (t *truth) calm(from, to int64) bool { return !during(t.disturbed, from, to) }

// during reports whether a part of the time meets others.
func during(spans []span, from, to int64) bool {
	for _, s := range spans {
		if s.from <= to && from <= s.to {
			return true
		}
	}
	return false
}

// attempted judges a publish that a daemon has written.
func (t *truth) attempted(a *attempt, body []byte) {
	w := t.world
	r := t.byCache[a.cache]
	if r == nil {
		w.fault("a publish to the cache %q, which no route has", a.cache)
		return
	}
	payloads := [][]byte{body}
	if r.format != "none" {
		var err error
		if payloads, err = batch.Split(batch.Format(r.format), body); err != nil {
			w.fault("a batch of route %s is none: %v", r.name, err)
			return
		}
	}
	for _, p := range payloads {
		m := t.find(p)
		if m == nil {
			w.fault("a publish of route %s to topic %s holds what nobody has sent: %.40q", r.name, a.topic, p)
			return
		}
		t.tries(a, m)
		a.messages = append(a.messages, m)
	}
	t.alone(r, a)
	t.polite(a)
}

// tries judges one message of a publish.
func (t *truth) tries(a *attempt, m *message) {
	w := t.world
	switch {
	case m.route.cache != a.cache || m.topic != a.topic:
		w.fault("message %d of topic %s/%s is published to %s/%s", m.id, m.route.cache, m.topic, a.cache, a.topic)
	case m.given == 0:
		w.fault("message %d is published before it was delivered", m.id)
	case m.fate == fateLarge:
		w.fault("message %d is larger than max_payload and is published", m.id)
	}
	t.fenced(a, m)
	t.newest(a, m)
	m.attempts++
	if m.knownAt > 0 && m.knownBy == a.link.owner {
		t.again(m)
	}
	if m.route.atMostOnce && m.unclear > 0 && m.knownAt == 0 && t.calm(m.given, w.now()) {
		w.fault("message %d of at-most-once route %s is published again after an unclear outcome", m.id, m.route.name)
	}
}

// again judges a publish of a message that the same daemon knows to be accepted.
func (t *truth) again(m *message) {
	w := t.world
	if m.route.stream == "" {
		w.fault("message %d of core route %s is published again although it was accepted", m.id, m.route.name)
		return
	}
	if m.given < m.knownAt && m.givens < 2 {
		w.fault("message %d of route %s is published again although it was accepted %v ago and not delivered since",
			m.id, m.route.name, since(w, m.knownAt))
		return
	}
	if m.route.ordered && w.figures.Faults[string(natsConsumer)] == 0 && m.past.remembered() {
		w.fault("message %d of route %s is published again although it was accepted, and delivered again to replica "+
			"%d %v after that had connected", m.id, m.route.name, m.knownBy.id,
			time.Duration(m.past.again-m.past.linked).Round(time.Millisecond))
		return
	}
	if m.crossed(w.now()) {
		return
	}
	if !during(t.lossy, m.knownAt-int64(w.plan.settleTime), w.now()) {
		w.fault("message %d of route %s is published again although it was accepted, and no acknowledgement was lost",
			m.id, m.route.name)
	}
}

// alone judges whether a topic has more than one publish in flight.
func (t *truth) alone(r *route, a *attempt) {
	topic := t.topic(a.cache, a.topic)
	if r.ordered {
		for _, b := range topic.flying {
			t.alike(a, b)
			if b.link.owner == a.link.owner {
				t.world.fault("topic %s/%s has two publishes in flight: on links %d and %d", a.cache, a.topic,
					b.link.id, a.link.id)
			}
		}
	}
	topic.flying = append(topic.flying, a)
}

// landed takes a publish out of flight.
func (t *truth) landed(a *attempt) {
	topic := t.topic(a.cache, a.topic)
	for i, b := range topic.flying {
		if a == b {
			topic.flying = append(topic.flying[:i], topic.flying[i+1:]...)
			return
		}
	}
}

// accepted judges what the endpoint has accepted.
func (t *truth) accepted(a *attempt) {
	w := t.world
	a.accepted = w.now()
	topic := t.topic(a.cache, a.topic)
	for _, m := range a.messages {
		first := len(m.accepted) == 0
		m.accepted = append(m.accepted, a)
		w.history.note(w.now(), "accepted", int64(m.id), int64(a.link.id))
		// Of what a daemon has given up, others may have come after it: it was on its way for long.
		if !first || !m.route.ordered || a.over && (m.route.drops || m.route.atMostOnce) {
			continue
		}
		if m.route.atMostOnce && m.ended > 0 { // It was given up, and NATS has lost that.
			continue
		}
		owner := a.link.owner
		if m.route.stream != "" {
			owner = nil
		}
		newest := topic.newest[owner]
		if m.route.drops && m.givens > 1 && (newest == nil || newest.accepted[0].link.owner != a.link.owner) {
			continue // Another one may have left it out once, and that been lost.
		}
		if newest != nil && newest.place > m.place && !m.forgotten &&
			!m.backLost {
			w.fault("order: message %d of topic %s/%s is first accepted after message %d, which came later", m.id,
				a.cache, a.topic, newest.id)
			return
		}
		topic.newest[owner] = m
	}
}

// known notes that a daemon has learned what became of a publish.
func (t *truth) known(a *attempt, status int) {
	if a.wait > 0 {
		a.link.owner.manners.asks(t.world.now(), a.wait)
	}
	for _, m := range a.messages {
		if status == 204 {
			a.link.owner.manners.knows(m.route.name, 1)
		}
		if status == 204 && m.knownAt == 0 {
			m.knownAt, m.knownBy = t.world.now(), a.link.owner
		}
		if len(a.messages) == 1 && (status == 400 || status == 403 || status == 404) {
			m.refusals++
		}
	}
}

// unclear notes that no daemon will learn what became of a publish.
func (t *truth) unclear(a *attempt) {
	for _, m := range a.messages {
		m.unclear++
	}
}
