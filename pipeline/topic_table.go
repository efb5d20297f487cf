package pipeline

import (
	"hash/maphash"
	"slices"
)

// topicTable remembers something of each topic of a route, in a table of bounded size, as there may be any number of
// topics. A topic that has lost its place to others is not known. The zero table is empty and ready for use. The
// pipeline's mutex guards it.
type topicTable[V any] struct {
	slots []topicSlot[V] // Sets of slotsInSet, of which there is a power of two.
}

type topicSlot[V any] struct {
	topic uint64 // Its hash; 0: the slot is empty.
	value V
}

const (
	slotsInSet = 8
	leastSlots = 256
	mostSlots  = 16384 // With 24 bytes each 384 KiB for a route with so many topics.
)

// topicSeed makes hashes of topics that nobody can foresee.
var topicSeed = maphash.MakeSeed()

// hashOf returns the hash of a topic, which is never 0.
func hashOf(topic string) uint64 { return max(1, maphash.String(topicSeed, topic)) }

// find returns what is known of a topic, to be read and changed until the next call; nil: it is not known.
func (t *topicTable[V]) find(topic uint64) *V {
	if t.slots == nil {
		return nil
	}
	set := t.set(topic)
	for i := range set {
		if set[i].topic == topic {
			found := set[i]
			copy(set[1:i+1], set[:i])
			set[0] = found
			return &set[0].value
		}
	}
	return nil
}

// add makes room for a topic that is not known, in front of its set: the one of the set that is longest unused is
// forgotten. It returns what is known of the topic, which is nothing, to be changed until the next call.
func (t *topicTable[V]) add(topic uint64) *V {
	if t.slots == nil {
		t.slots = make([]topicSlot[V], leastSlots)
	}
	for t.set(topic)[slotsInSet-1].topic != 0 && len(t.slots) < mostSlots {
		t.grow()
	}
	set := t.set(topic)
	copy(set[1:], set)
	set[0] = topicSlot[V]{topic: topic}
	return &set[0].value
}

// grow doubles the table.
func (t *topicTable[V]) grow() {
	old := t.slots
	t.slots = make([]topicSlot[V], 2*len(old))
	for _, s := range slices.Backward(old) { // Those in front of a set are to be there again.
		if s.topic != 0 {
			*t.add(s.topic) = s.value
		}
	}
}

// forget forgets all topics.
func (t *topicTable[V]) forget() { clear(t.slots) }

// set returns the slots among which a topic's is.
func (t *topicTable[V]) set(topic uint64) []topicSlot[V] {
	sets := uint64(len(t.slots) / slotsInSet)
	i := topic & (sets - 1) * slotsInSet
	return t.slots[i : i+slotsInSet]
}
