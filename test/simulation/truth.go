package simulation

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
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
	apart     []span  // When a daemon could be cut off from NATS.
	unled     []span  // When a shared quota could have no keeper.
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

// message is one that somebody has published to NATS.
type message struct {
	id       int
	route    *route
	topic    string
	place    int // Among those of its route.
	sequence uint64
	born     int64
	fate     fate

	said      int64    // When NATS last sent it to a daemon.
	given     int64    // When it was last delivered to a daemon; 0: never.
	givens    int      // How often,
	givenTo   *replica // and to whom: what was sent to another one before, and comes after that, does not count.
	givenAs   int64    // When that was sent.
	past      past
	attempts  int
	accepted  []*attempt
	unclear   int   // Attempts of which no daemon learned what became of them.
	knownAt   int64 // When a daemon first learned that it was accepted.
	knownBy   *replica
	acked     int64 // When NATS got its acknowledgement.
	returned  int64 // When it was handed back last,
	own       bool  // and whether by the one that it was given to.
	backLost  bool  // NATS has lost one of these: it comes after ack_wait, behind what was handed back with it.
	ended     int64 // Terminated, or acknowledged without a publish.
	letters   int   // Dead letters,
	stored    bool  // one of which is stored.
	refusals  int   // Answers that refused it for good.
	forgotten bool  // It was purged, or went with a killed daemon: nothing is promised.
}

// fate is what should become of a message.
type fate int

const (
	fateAccept fate = iota
	fateReject      // The endpoint refuses it for good.
	fateLarge       // It is larger than max_payload.
	fateEmpty
)

// payloads begin with the mark and the message's number, so that they are known wherever they turn up.
const (
	mark       = "#"
	markLength = 1 + 8
)

func (m *message) payload(size int, fill byte) []byte {
	b := fmt.Appendf(nil, "%s%08d", mark, m.id)
	if m.fate == fateReject {
		b = append(b, '!')
	}
	for len(b) < size {
		b = append(b, fill)
	}
	return b
}

// find returns the message that a payload is of.
func (t *truth) find(payload []byte) *message {
	payload = bytes.Trim(payload, `"`) // As JSON has it.
	if len(payload) < markLength || !bytes.HasPrefix(payload, []byte(mark)) {
		return nil
	}
	id, err := strconv.Atoi(string(payload[1:markLength]))
	if err != nil || id < 0 || id >= len(t.messages) {
		return nil
	}
	return t.messages[id]
}

// poison reports whether the endpoint refuses a publish for good.
func (a *attempt) poison() bool {
	for _, m := range a.messages {
		if m.fate == fateReject {
			return true
		}
	}
	return false
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
		if m.route.drops && m.givens > 1 { // It may have been left out once, and that been lost.
			continue
		}
		owner := a.link.owner
		if m.route.stream != "" {
			owner = nil
		}
		if newest := topic.newest[owner]; newest != nil && newest.place > m.place && !m.forgotten &&
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
	if m.fate == fateAccept && m.refusals == 0 && m.route.givesUp == 0 {
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
