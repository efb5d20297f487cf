package pipeline

// latest knows the newest message of each topic that has come to a route that publishes only that. A stream delivers
// again what it does not know to be acknowledged, also behind newer messages, and a consumer that was made anew
// delivers what the last one had: what was outdated before is so again. The pipeline's mutex guards it. Of a topic that
// the table has forgotten nothing is known until its next message has come.
type latest struct {
	topics topicTable[position]
}

// position is where a message stands in its stream.
type position struct {
	sequence uint64
	stored   int64 // In nanoseconds since 1970.
}

// before reports whether a message is older than another one of its topic. One with a lower sequence that was stored
// later is of a stream that was made anew.
func (p position) before(other *position) bool {
	return p.sequence < other.sequence && p.stored <= other.stored
}

// came notes a message, and reports whether a newer one of its topic has come before.
func (l *latest) came(topic uint64, m *Message) (outdated bool) {
	at := position{m.Sequence, m.Time.UnixNano()}
	known := l.topics.find(topic)
	switch {
	case known == nil:
		known = l.topics.add(topic)
	case at.before(known):
		return true
	}
	*known = at
	return false
}

// outdated reports whether a message that has just come is to be left out for a newer one that came before. What is not
// taken over, or can never be published, is no value.
func (r *Route) outdated(m *Message, e *entry) bool {
	if r.cfg.Overload != KeepLatest || m.Sequence == 0 {
		return false
	}
	if e.rejection != nil || r.turnsAway() || r.cfg.skips(m.Payload) {
		return false
	}
	return r.latest.came(hashOf(m.Topic), m)
}
