package pipeline

// chain is what a route knows of which message of a topic came before which. The pipeline's mutex guards it.
//
// Messages are noted as they come, whatever becomes of them, and their numbers grow. A message that comes again, and
// what comes after it, is noted in the same way: unless something between the two has ended other than by being
// published, the one before it is known. Of a topic that the table has forgotten nothing is known until its next
// message has come.
type chain struct {
	stream uint32
	topics topicTable[link]
}

// link is one topic.
type link struct {
	latest uint64 // The sequence of the message that came last.
	broken uint64 // The highest sequence that has ended without being published.
}

// came notes a message, and returns the sequence of the one of its topic that came before it; 0: not known.
func (c *chain) came(stream uint32, topic, sequence uint64) (previous uint64) {
	if stream != c.stream {
		c.stream = stream
		c.topics.forget()
	}
	l := c.topics.find(topic)
	if l == nil {
		l = c.topics.add(topic)
	} else if sequence > l.latest && l.broken <= l.latest {
		previous = l.latest
	}
	l.latest = sequence
	return previous
}

// broke notes that a message has ended without being published.
func (c *chain) broke(stream uint32, topic, sequence uint64) {
	if stream != c.stream {
		return
	}
	if l := c.topics.find(topic); l != nil {
		l.broken = max(l.broken, sequence)
	}
}

// forget forgets all topics.
func (c *chain) forget() { c.topics.forget() }
