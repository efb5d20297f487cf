package group

import (
	"cmp"
	"slices"
)

// trickle is what members may take without having asked for it, all of them together, as a share of the rate.
const trickle = 0.02

// need is what a member wants, and what it uses while it has that. Who is not held back rarely takes all it may: what
// it leaves is not kept from the others.
type need struct{ want, used float64 }

// water finds the level at which members use up a rate: each may take what it wants, and no more than the level. If
// all together use less than the rate, there is no level (0), and each has a spare part of what is left. It sorts the
// needs.
func water(rate float64, needs []need) (level, spare float64) {
	slices.SortFunc(needs, func(a, b need) int { return cmp.Compare(a.want, b.want) })
	left := rate
	for i, n := range needs {
		others := float64(len(needs) - i)
		if n.want*others > left {
			return left / others, 0
		}
		left -= min(n.want, n.used)
	}
	return 0, max(0, left) / float64(max(1, len(needs)))
}

// wanted is what a member wants at the least, as the other one's level does not reach at once who wants more.
func wanted(want, rate float64, members int) float64 {
	return max(want, trickle*rate/float64(max(1, members)))
}

// share is a member's part of a total.
func (t *Total) share(want float64, members int) float64 {
	want = wanted(want, t.Rate, members)
	if t.Level > 0 {
		return min(want, t.Level)
	}
	return min(want+t.Spare, t.Rate)
}
