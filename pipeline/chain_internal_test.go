package pipeline

import (
	"fmt"
	"testing"
)

// Whatever the table forgets, what it says is true; of a few thousand topics it forgets next to none.
func TestChainOfManyTopicsIsBoundedAndTrue(t *testing.T) {
	t.Parallel()
	for _, topics := range []int{1, 2000, 50_000} {
		var c chain
		last, sequence, unknown := map[uint64]uint64{}, uint64(0), 0
		for round := range 3 {
			for i := range topics {
				sequence++
				topic := hashOf(fmt.Sprint("topic ", i))
				previous := c.came(7, topic, sequence)
				if previous == 0 && round > 0 {
					unknown++
				}
				if previous != 0 && previous != last[topic] {
					t.Fatalf("%d is said to come after %d, it comes after %d", sequence, previous, last[topic])
				}
				last[topic] = sequence
			}
		}
		if len(c.topics.slots) > mostSlots || topics <= 2000 && unknown > topics/20 {
			t.Errorf("%d topics: %d slots, %d messages of which nothing is known", topics, len(c.topics.slots), unknown)
		}
	}
}

func TestChainOfAnotherStreamBeginsAnew(t *testing.T) {
	t.Parallel()
	var c chain
	topic := hashOf("a")
	c.came(7, topic, 5)
	if got := c.came(8, topic, 6); got != 0 {
		t.Errorf("6 is said to come after %d of another stream", got)
	}
	c.broke(7, topic, 9) // Of the stream before: it says nothing of this one.
	if got := c.came(8, topic, 7); got != 6 {
		t.Errorf("7 is said to come after %d, want 6", got)
	}
}
