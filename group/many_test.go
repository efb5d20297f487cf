package group_test

import (
	"testing"

	"momento-bridge/group"
)

// Everybody hears everybody: what is delivered would grow with the square of the members.
func TestReportsOfManyMembersGrowRarer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		members     int
		least, most int // Reports that each hears in a second, on average.
	}{{40, 36, 44}, {150, 80, 125}} {
		w := newWires(t, 0)
		w.idle = true
		for range c.members {
			w.add(group.Config{})
		}
		w.run(4000)
		w.reports = 0
		const seconds = 3
		w.run(seconds * 1000)
		if got := w.reports / seconds; got < c.least || got > c.most {
			t.Errorf("%d members report %d times a second, want %d to %d", c.members, got, c.least, c.most)
		}
		for i, m := range w.members {
			if m.node.Members() != c.members {
				t.Fatalf("member %d knows of %d of %d", i, m.node.Members(), c.members)
			}
		}
		w.reports = 0
		w.add(group.Config{}).idle = true
		if w.run(400); w.reports > 2*c.most {
			t.Errorf("a newcomer makes %d of %d members report", w.reports, c.members)
		}
	}
}

func TestOfManyMembersThoseThatAreGoneAreForgotten(t *testing.T) {
	t.Parallel()
	const many = 120
	w := newWires(t, 0)
	w.idle = true
	for range many {
		w.add(group.Config{})
	}
	w.run(6000)
	w.members = w.members[:many-1]
	if w.run(6000); w.members[1].node.Members() != many-1 {
		t.Errorf("%d of %d members are known", w.members[1].node.Members(), many-1)
	}
	w.members = w.members[1:] // Who keeps.
	if w.run(4500); w.members[1].node.Members() != many-2 || len(w.keepers()) != 1 {
		t.Errorf("%d of %d members are known, %v keep", w.members[1].node.Members(), many-2, w.keepers())
	}
}
