package sink

import "math"

// place is where a subscriber is in its topic.
type place struct {
	next    uint64 // The sequence number to ask for; 0: begin with the latest message.
	page    uint64
	located bool // The endpoint has said where the topic is.
	moved   bool // It has said so by the note of a break, and nothing has come since.
	behind  int  // Answers with items of an earlier page, one after the other.
	late    bool // This answer is one of them.
}

// insisted is how many answers of an earlier page make it the topic's page. A page is numbered higher than the one
// before it, so that a single one comes from a server that has not noticed.
const insisted = 3

// waited notes that a poll has waited and brought nothing. Asked for the latest message, the endpoint would have had
// one at once: the topic was empty, and all that comes now is new. To ask for the latest once more would miss all but
// the last of what comes between two polls, so the next one asks for the first.
func (p *place) waited() {
	if !p.located {
		p.next = max(p.next, 1)
	}
}

// take moves behind an item. It reports whether the item is new, whether the sequence is broken before it without a
// word of the endpoint, and how many messages are missing there; 0: that is not known.
func (p *place) take(sequence, page uint64) (fresh, gap bool, missing int) {
	same := p.located && page == p.page
	switch {
	case sequence == math.MaxUint64: // Nothing can follow.
		return false, false, 0
	case same && sequence < p.next:
		return false, false, 0
	case p.located && page < p.page:
		if !p.late {
			p.late = true
			p.behind++
		}
		if p.behind < insisted {
			return false, false, 0
		}
	}
	switch {
	case p.moved || !p.located && p.next == 0:
	case same || !p.located:
		missing = number(p.next, sequence)
		gap = sequence > p.next
	default:
		gap = true
	}
	*p = place{next: sequence + 1, page: page, located: true}
	return true, gap, missing
}

// move goes where the note of a break says. It reports whether that is a break to us, and how many messages are
// missing; 0: that is not known.
func (p *place) move(last, next, page uint64) (gap bool, missing int) {
	same := p.located && page == p.page
	// Without a place, the note only says where the topic is, unless it skips what was asked for.
	gap = p.located || p.next > 0 && next > p.next
	if same && last > 0 {
		missing = number(max(last+1, p.next), next)
	}
	if same && next < p.next && next+1 >= p.next {
		next = p.next // The number of the one before.
	}
	*p = place{next: next, page: page, located: true, moved: true}
	return gap, missing
}

// number returns how many messages there are from one on to before another; 0 if that cannot be.
func number(from, to uint64) int {
	if to <= from || to-from > math.MaxInt32 {
		return 0
	}
	return int(to - from)
}
