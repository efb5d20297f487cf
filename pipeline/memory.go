package pipeline

import (
	"math"
	"slices"
	"sync/atomic"
)

// memory is what the messages of all routes may take, in messages and in bytes. Each route is sure of a small part, and
// borrows what nobody else uses or is sure of. It is arithmetic alone; each change takes the same small time. The
// pipeline's mutex guards it.
//
// When several routes want more, none may borrow beyond its fair part, which is what there is divided by the routes
// that hold or want something. A route that was refused below its fair part has a claim. While there are claims, other
// routes above theirs get no more, so that what they have borrowed comes back as their messages end. Messages and bytes
// are apart in this: whoever lacks the one takes nothing away from those who need the other.
type memory struct {
	messages, bytes budget

	// Routes whose sources were refused room and are to be woken once there is some.
	hungry []*Route
	// How much must be free before it is worth looking at them again.
	wakeMessages, wakeBytes int64

	tight atomic.Bool // More than half of the bytes are in use. It is read without the mutex.
}

// budget is one of the two things that messages take.
type budget struct {
	total  int64 // What there is.
	sure   int64 // What each route is sure of.
	used   int64 // What all routes use.
	owed   int64 // What routes are sure of and do not use.
	busy   int64 // Routes that hold some, or have a claim, in units: a partition counts its part of unit.
	claims int   // Routes that were refused some, although they have less than their fair part.
}

// unit is what a whole route counts among those that are busy.
const unit = 1 << 10

// stake is what a route has to do with a budget.
type stake struct {
	busy  bool // It is among those that the budget is divided by.
	claim bool // It was refused some that it should have.
}

// holding is what a route uses of the memory.
type holding struct {
	messages, bytes int64
	// What has room of its own. It uses memory, and does not count against what the route is sure of.
	apartMessages, apartBytes int64
}

// sureOf is the part of the memory that routes are sure of, all of them together: an eighth.
const sureOf = 8

// newBudget shares total out among some routes, given by how many partitions each has. A single one is sure of
// everything.
func newBudget(total int64, routes []int64) budget {
	b := budget{total: max(1, total), sure: max(1, total/sureOf/int64(max(1, len(routes))))}
	if len(routes) == 1 {
		b.sure = b.total
	}
	for _, parts := range routes {
		b.owed += b.surePart(parts) * parts
	}
	return b
}

// surePart is what each of so many partitions is sure of.
func (b *budget) surePart(parts int64) int64 { return max(1, b.sure/parts) }

// share shares the memory out among the routes of a pipeline, anew if it was before. All partitions of a name are one
// route in this.
func (m *memory) share(routes []*Route, messages, bytes int64) {
	var all, counting []int64
	seen := map[*common]bool{}
	for _, r := range routes {
		if seen[r.common] || r.cfg.Apart {
			continue // A further partition, or nobody's.
		}
		seen[r.common] = true
		all = append(all, r.parts)
		if r.cfg.countsMessages() {
			counting = append(counting, r.parts)
		}
	}
	m.messages, m.bytes = newBudget(messages, counting), newBudget(bytes, all)
	names := max(1, int64(len(all)))
	for _, r := range routes {
		r.share, r.shareBytes = int(max(1, messages/names/r.parts)), max(1, bytes/names/r.parts)
		m.messages.used += r.counted.apartMessages
		m.bytes.used += r.counted.apartBytes
		if r.cfg.countsMessages() {
			m.messages.change(0, r.counted.messages, r.parts)
		}
		m.bytes.change(0, r.counted.bytes, r.parts)
		m.messages.enter(r.messageStake, r.parts)
		m.bytes.enter(r.byteStake, r.parts)
	}
	m.lookAgain()
}

// enter counts the stake of a route.
func (b *budget) enter(s stake, parts int64) {
	if s.busy {
		b.busy += unit / parts
	}
	if s.claim {
		b.claims++
	}
}

// begin gives a route its first part of the memory.
func (r *Route) begin() {
	m := r.memory()
	r.window, r.windowBytes = m.messages.surePart(r.parts), m.bytes.surePart(r.parts)
}

// free is what may be borrowed. It is negative where routes have more than there is: each is sure of one message.
func (b *budget) free() int64 { return b.total - b.used - b.owed }

// change notes that a route which used some uses another amount from now on.
func (b *budget) change(before, after, parts int64) {
	sure := b.surePart(parts)
	b.used += after - before
	b.owed += max(0, sure-after) - max(0, sure-before)
}

// fair is the part of each route that holds or wants some.
func (b *budget) fair(parts int64) int64 {
	own := unit / parts
	return max(b.surePart(parts), b.total*own/max(own, b.busy))
}

// room is how much more a route may have that uses some.
func (b *budget) room(own int64, s stake, parts int64) int64 {
	n := max(0, b.surePart(parts)-own) + max(0, b.free())
	if b.claims > 1 || b.claims == 1 && !s.claim {
		n = min(n, max(0, b.fair(parts)-own))
	}
	return n
}

// plenty reports whether so much is free that nobody needs a claim.
func (b *budget) plenty() bool { return b.free() >= b.total/sureOf }

// short reports whether others have to leave some to a route that uses less than its fair part.
func (b *budget) short(own, parts int64) bool { return own < b.fair(parts) && !b.plenty() }

// claim notes that a route was refused some.
func (b *budget) claim(s *stake, own, parts int64) {
	if !s.claim && b.short(own, parts) {
		s.claim = true
		b.claims++
	}
}

// review ends a claim that a route no longer has, and notes whether it holds anything. It reports whether a claim has
// ended.
func (b *budget) review(s *stake, own, apart, parts int64, mayClaim bool) (ended bool) {
	if s.claim && (!mayClaim || !b.short(own, parts)) {
		s.claim, ended = false, true
		b.claims--
	}
	if busy := own > 0 || apart > 0 || s.claim; busy != s.busy {
		s.busy = busy
		b.busy += int64(signed(busy, 1)) * (unit / parts)
	}
	return ended
}

// account brings the memory up to date with what the route uses now.
func (r *Route) account() {
	m, before := r.memory(), r.counted
	now := r.holding()
	if now != before {
		r.counted = now
		m.messages.used += now.apartMessages - before.apartMessages
		m.bytes.used += now.apartBytes - before.apartBytes
		if r.cfg.countsMessages() {
			m.messages.change(before.messages, now.messages, r.parts)
		}
		m.bytes.change(before.bytes, now.bytes, r.parts)
		if tight := m.bytes.used > m.bytes.total/2; tight != m.tight.Load() {
			m.tight.Store(tight)
		}
	}
	may := r.mayClaim()
	messages := m.messages.review(&r.messageStake, now.messages, now.apartMessages, r.parts, may)
	bytes := m.bytes.review(&r.byteStake, now.bytes, now.apartBytes, r.parts, may)
	if messages || bytes {
		m.lookAgain()
	}
}

// memory is the pipeline's.
func (r *Route) memory() *memory { return &r.pipeline.d.memory }

// claimRoom notes that the route was refused messages, or bytes.
func (r *Route) claimRoom(messages, bytes bool) {
	if !r.mayClaim() {
		return
	}
	m := r.memory()
	if messages && r.cfg.countsMessages() {
		m.messages.claim(&r.messageStake, r.counted.messages, r.parts)
	}
	if bytes {
		m.bytes.claim(&r.byteStake, r.counted.bytes, r.parts)
	}
	r.account()
}

// mayClaim reports whether the route can do anything with room that others leave to it.
func (r *Route) mayClaim() bool {
	return r.counted != (holding{}) && !r.closed && r.away == 0 && (r.haltedSince.IsZero() || !r.cfg.Returnable)
}

// roomMessages is how many more messages the route may hold.
func (r *Route) roomMessages() int64 {
	if !r.cfg.countsMessages() {
		return math.MaxInt32
	}
	m, own := r.memory(), r.counted.messages
	return min(m.messages.room(own, r.messageStake, r.parts), max(0, int64(r.maxMessages)-own))
}

// roomBytes is how many more bytes the route may hold.
func (r *Route) roomBytes() int64 {
	return r.memory().bytes.room(r.counted.bytes, r.byteStake, r.parts)
}

// awaitRoom notes that the source was refused room. It is woken once there is some.
func (m *memory) awaitRoom(r *Route) {
	if !r.hungry {
		r.hungry = true
		m.hungry = append(m.hungry, r)
		m.lookAgain()
	}
}

// forgetHungry takes a route off the list of those that are to be woken.
func (m *memory) forgetHungry(r *Route) {
	if r.hungry {
		r.hungry = false
		i := slices.Index(m.hungry, r)
		m.hungry = slices.Delete(m.hungry, i, i+1)
	}
}

// lookAgain makes wakeHungry look at every source that waits, because more than what is free has changed.
func (m *memory) lookAgain() { m.wakeMessages, m.wakeBytes = math.MinInt64, math.MinInt64 }

// wakeHungry wakes the sources that wait for room which is there now. For most messages that takes the same small
// time, however many wait.
func (m *memory) wakeHungry() {
	if len(m.hungry) == 0 || m.messages.free() < m.wakeMessages || m.bytes.free() < m.wakeBytes {
		return
	}
	m.wakeMessages, m.wakeBytes = math.MaxInt64, math.MaxInt64
	left := m.hungry[:0]
	for _, r := range m.hungry {
		shortMessages, shortBytes := r.shortOf()
		if shortMessages <= 0 && shortBytes <= 0 {
			r.hungry, r.starved = false, false
			r.signal()
			continue
		}
		left = append(left, r)
		m.wakeMessages = min(m.wakeMessages, m.messages.free()+max(0, shortMessages))
		m.wakeBytes = min(m.wakeBytes, m.bytes.free()+max(0, shortBytes))
	}
	clear(m.hungry[len(left):])
	m.hungry = left
}
