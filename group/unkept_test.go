package group_test

import (
	"testing"

	"momento-bridge/group"
)

// cutOff has a member be without a connection, and know that.
func (w *wires) cutOff(m *member, cut bool) {
	if m.deaf = cut; cut {
		m.node.Offline(w.now)
	} else {
		m.node.Online(w.now, m.quotas())
	}
}

// most returns how many are published at the most in four of the next six seconds.
func (w *wires) most(each func(millisecond int)) int {
	const window = 4000
	var all []int
	sum, most := 0, 0
	for i := range 6000 {
		each(i)
		w.run(1)
		all = append(all, w.sent())
		sum += all[i]
		if i >= window {
			sum -= all[i-window]
		}
		most = max(most, sum)
	}
	return most
}

// waking returns members that have been idle, all or all but one, and all have something to publish from now on.
func waking(t *testing.T, n, busy int) *wires {
	w := &wires{t: t, now: began, idle: true}
	for range n {
		w.add(group.Config{})
	}
	for _, m := range w.members[n-busy:] {
		m.idle = false
	}
	w.run(5300)
	w.sent()
	for _, m := range w.members {
		m.idle = false
	}
	return w
}

func TestWithoutAKeeperTheQuotaIsKeptTo(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 5, 20} {
		for busy := range 2 {
			w := waking(t, n, busy)
			gone := w.members[0]
			w.cutOff(gone, true)
			if got := w.most(func(ms int) {
				if ms == 2000 {
					w.cutOff(gone, false)
				}
			}); got > told*5 {
				t.Errorf("%d members, %d busy before, the first cut off for 2 s: %d published in 4 s, not %v", n, busy,
					got, 4*told)
			}
			w = waking(t, n, busy)
			w.members = w.members[1:]
			if got := w.most(func(int) {}); got > told*5 {
				t.Errorf("%d members, %d busy before, the first killed: %d published in 4 s, not %v", n, busy, got,
					4*told)
			}
		}
	}
}

func TestWithoutAConnectionAllTogetherKeepToTheQuota(t *testing.T) {
	t.Parallel()
	for busy := range 2 {
		w := waking(t, 4, busy)
		for _, m := range w.members {
			w.cutOff(m, true)
		}
		if got := w.most(func(int) {}); got > told*5 {
			t.Errorf("%d published in 4 s, %d busy before, not %v", got, busy, 4*told)
		}
	}
}

func TestWhoWakesWhileNobodyKeepsHasAPart(t *testing.T) {
	t.Parallel()
	for busy := range 2 {
		w := waking(t, 4, busy)
		w.members = w.members[1:]
		w.run(2000)
		if m := w.members[0]; m.sent < told/2 {
			t.Errorf("%d published in 2 s, want an equal part of %v", m.sent, 2*told)
		}
	}
}

func TestOneOfManyThatWakesHasAlmostAllAtOnce(t *testing.T) {
	t.Parallel()
	w := waking(t, 10, 0)
	for _, m := range w.members[:9] {
		m.idle = true
	}
	w.run(300)
	w.sent()
	if w.run(1000); w.sent() < 95 {
		t.Error("what nobody else wants is not used")
	}
}

func TestTheFirstLevelOfTheNextKeeperIsOfTheWholeQuota(t *testing.T) {
	t.Parallel()
	w := newWires(t, 3)
	w.run(3000)
	w.unkept = true
	w.run(3500) // So long that the others go on with their parts.
	w.members, w.levels, w.unkept = w.members[1:], nil, false
	w.run(5000)
	if len(w.levels) == 0 {
		t.Fatal("nobody keeps")
	}
	if got := w.levels[0].Totals[0].Rate; got != told {
		t.Errorf("a rate of %v, want %v", got, told)
	}
}
