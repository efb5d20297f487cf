package pipeline

import (
	"hash/maphash"
	"slices"
)

// chain is what a route knows of which message of a topic came before which: a table of bounded size, as there may be
// any number of topics. A topic that has lost its place to others is not known, until its next message has come. It is
// made for a route whose first message has a stream. The pipeline's mutex guards it.
//
// Messages are noted as they come, whatever becomes of them, and their numbers grow. A message that comes again, and
// what comes after it, is noted in the same way: unless something between the two has ended other than by being
// published, the one before it is known.
type chain struct {
	stream uint32
	slots  []link // Sets of linksInSet, of which there is a power of two.
}

// link is one topic.
type link struct {
	topic  uint64 // Its hash.
	latest uint64 // The sequence of the message that came last.
	broken uint64 // The highest sequence that has ended without being published.
}

const (
	linksInSet = 8
	leastLinks = 256
	mostLinks  = 16384 // 384 KiB for a route with so many topics.
)

// topicSeed makes hashes of topics that nobody can foresee.
var topicSeed = maphash.MakeSeed()

// hashOf returns the hash of a topic, which is never 0.
func hashOf(topic string) uint64 { return max(1, maphash.String(topicSeed, topic)) }

// came notes a message, and returns the sequence of the one of its topic that came before it; 0: not known.
func (c *chain) came(stream uint32, topic, sequence uint64) (previous uint64) {
	if stream != c.stream || c.slots == nil {
		*c = chain{stream: stream, slots: make([]link, leastLinks)}
	}
	l := c.find(topic)
	if l == nil {
		l = c.add(topic)
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
	if l := c.find(topic); l != nil {
		l.broken = max(l.broken, sequence)
	}
}

// forget forgets all topics.
func (c *chain) forget() { clear(c.slots) }

// find returns the topic's link, in front of its set; nil: there is none.
func (c *chain) find(topic uint64) *link {
	set := c.set(topic)
	for i := range set {
		if set[i].topic == topic {
			found := set[i]
			copy(set[1:i+1], set[:i])
			set[0] = found
			return &set[0]
		}
	}
	return nil
}

// add makes room for a topic, in front of its set: the one of the set that is longest unused is forgotten.
func (c *chain) add(topic uint64) *link {
	for c.set(topic)[linksInSet-1].topic != 0 && len(c.slots) < mostLinks {
		c.grow()
	}
	set := c.set(topic)
	copy(set[1:], set)
	set[0] = link{topic: topic}
	return &set[0]
}

// grow doubles the table.
func (c *chain) grow() {
	old := c.slots
	c.slots = make([]link, 2*len(old))
	for _, l := range slices.Backward(old) { // Those in front of a set are to be there again.
		if l.topic != 0 {
			*c.add(l.topic) = l
		}
	}
}

// set returns the links among which a topic's is.
func (c *chain) set(topic uint64) []link {
	sets := uint64(len(c.slots) / linksInSet)
	i := topic & (sets - 1) * linksInSet
	return c.slots[i : i+linksInSet]
}
