package group

import (
	"math"
	"slices"
	"time"
)

// expire forgets members that are not heard any more.
func (n *Node) expire(now time.Time) {
	if !n.offline.IsZero() || now.Sub(n.swept) < sweepEvery*max(1, time.Duration(len(n.list)/crowded)) {
		return
	}
	n.swept = now
	if !slices.ContainsFunc(n.list, func(m *member) bool { return now.Sub(m.heard) > m.patient }) {
		return
	}
	for _, m := range slices.Clone(n.list) {
		if now.Sub(m.heard) > m.patient {
			n.forget(m.id)
		}
	}
}

func (n *Node) forget(id string) {
	delete(n.others, id)
	n.list = slices.DeleteFunc(n.list, func(m *member) bool { return m.id == id })
	n.keep.changed = true
	n.ahead = -1
}

// first reports whether this member began before all others.
func (n *Node) first() bool { return n.rank() == 0 }

// rank returns how many others are to keep rather than this one.
func (n *Node) rank() int {
	if n.cfg.Guest {
		return math.MaxInt32
	}
	if n.ahead >= 0 {
		return n.ahead
	}
	n.ahead = 0
	for _, m := range n.list {
		if !m.guest && m.before(n.order) {
			n.ahead++
		}
	}
	return n.ahead
}

// hear notes that somebody else is there. It returns nil for this member itself.
func (n *Node) hear(now time.Time, id string, start int64) *member {
	if id == n.order.id {
		return nil
	}
	m := n.others[id]
	if m == nil {
		if len(n.others) >= mostMembers {
			return nil
		}
		m = &member{order: order{start, id}, patient: silence}
		n.others[id] = m
		n.list = append(n.list, m)
		n.keep.changed = true
		n.ahead = -1
		n.answer(now)
	}
	if m.start != start {
		m.start, n.ahead = start, -1
	}
	m.heard = now
	return m
}

// answer lets a newcomer know soon that this member is there. Of many, some do, and who keeps: the level says how many
// there are.
func (n *Node) answer(now time.Time) {
	if many := n.size(); many > crowded && !n.leads && n.cfg.Random()*float64(many) >= crowded {
		return
	}
	n.hello = true
	within := time.Duration(n.cfg.Random() * float64(len(n.others)-1) * float64(answerEach))
	n.sooner(now.Add(min(within, tellEvery)))
}

// Others returns how many other members are heard, and whether one of them began before this one.
func (n *Node) Others() (count int, older bool) { return len(n.others), n.rank() > 0 }

// size is how many members there are, as far as this one or the keeper knows.
func (n *Node) size() int {
	if n.level == nil {
		return n.Members()
	}
	return max(n.Members(), n.level.Members)
}

// every is the time between two of this member's reports.
func (n *Node) every() time.Duration {
	if n.leads {
		return tellEvery
	}
	return max(tellEvery, time.Duration(n.size())*tellEvery/crowded)
}

// Members is how many there are, this one included.
func (n *Node) Members() int { return len(n.others) + 1 }
