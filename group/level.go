package group

import "slices"

// trickle is what members may take without having asked for it, all of them together, as a share of the rate.
const trickle = 0.02

// water finds the level at which members with these wants use up a rate: each takes what it wants, and no more than the
// level. If they want less than the rate, there is no level (0), and each has a spare part of what is left. The wants
// are sorted.
func water(rate float64, wants []float64) (level, spare float64) {
	slices.Sort(wants)
	left := rate
	for i, want := range wants {
		others := float64(len(wants) - i)
		if want*others > left {
			return left / others, 0
		}
		left -= want
	}
	return 0, left / float64(max(1, len(wants)))
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
	return want + t.Spare
}

// grown is a member's share when it wants more, or less, than when the level was made. Of what is free it takes all.
func (t *Total) grown(before, want float64, members int) float64 {
	share := t.share(want, members)
	if t.Level > 0 {
		return share
	}
	return min(share, t.share(before, members)+t.Spare*float64(members-1))
}
