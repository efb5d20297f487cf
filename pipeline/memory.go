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
// When several routes want more, none may borrow beyond its fair part, which is the memory divided by the routes that
// hold or want something. A route that was refused room below its fair part has a claim. While there are claims, other
// routes above theirs get no more, so that what they have borrowed comes back as their messages end.
type memory struct {
	messages, bytes budget
	busy            int // Routes that hold something, or have a claim.
	claims          int // Routes that were refused room, although they have less than their fair part.

	// Routes whose sources were refused room and are to be woken once there is some.
	hungry []*Route
	// How much must be free before it is worth looking at them again.
	wakeMessages, wakeBytes int64

	tight atomic.Bool // More than half of the bytes are in use. It is read without the mutex.
}

// budget is one of the two things that messages take.
type budget struct {
	total int64 // What there is.
	sure  int64 // What each route is sure of.
	used  int64 // What all routes use.
	owed  int64 // What routes are sure of and do not use.
}

// holding is what a route uses of the memory.
type holding struct {
	messages, bytes int64
	// What has room of its own. It uses memory, and does not count against what the route is sure of.
	apartMessages, apartBytes int64
}

// sureOf is the part of the memory that routes are sure of, all of them together: an eighth.
const sureOf = 8

// newBudget shares total out among some routes. A single one is sure of everything.
func newBudget(total int64, routes int) budget {
	b := budget{total: max(1, total), sure: max(1, total/sureOf/int64(max(1, routes)))}
	if routes == 1 {
		b.sure = b.total
	}
	b.owed = b.sure * int64(routes)
	return b
}

// share shares the memory out among the routes of a pipeline, which hold nothing yet.
func (m *memory) share(c *Config) {
	counting := 0
	for i := range c.Routes {
		if c.Routes[i].countsMessages() {
			counting++
		}
	}
	m.messages = newBudget(int64(c.MaxMessages), counting)
	m.bytes = newBudget(c.MaxBytes, len(c.Routes))
}

// free is what may be borrowed. It is negative where routes have more than there is: each is sure of one message.
func (b *budget) free() int64 { return b.total - b.used - b.owed }

// change notes that a route which used some uses another amount from now on.
func (b *budget) change(before, after int64) {
	b.used += after - before
	b.owed += max(0, b.sure-after) - max(0, b.sure-before)
}

// fair is each route's part when so many want some.
func (b *budget) fair(busy int) int64 { return max(b.sure, b.total/int64(max(1, busy))) }

// room is how much more a route may have that uses some. contested says that others have claims.
func (b *budget) room(own int64, busy int, contested bool) int64 {
	n := max(0, b.sure-own) + max(0, b.free())
	if contested {
		n = min(n, max(0, b.fair(busy)-own))
	}
	return n
}

// plenty reports whether so much is free that nobody needs a claim.
func (b *budget) plenty() bool { return b.free() >= b.total/sureOf }

// account brings the memory up to date with what the route uses now.
func (r *Route) account() {
	m, before := r.memory(), r.counted
	now := r.holding()
	if now != before {
		r.counted = now
		m.messages.used += now.apartMessages - before.apartMessages
		m.bytes.used += now.apartBytes - before.apartBytes
		if r.cfg.countsMessages() {
			m.messages.change(before.messages, now.messages)
		}
		m.bytes.change(before.bytes, now.bytes)
		if tight := m.bytes.used > m.bytes.total/2; tight != m.tight.Load() {
			m.tight.Store(tight)
		}
	}
	if r.claim && !r.mayClaim() {
		r.claim = false
		m.claims--
		m.lookAgain()
	}
	if busy := now != (holding{}) || r.claim; busy != r.busy {
		r.busy = busy
		m.busy += signed(busy, 1)
	}
}

// memory is the pipeline's.
func (r *Route) memory() *memory { return &r.pipeline.d.memory }

// claimRoom notes that the route was refused room.
func (r *Route) claimRoom() {
	if r.claim || !r.mayClaim() {
		return
	}
	m := r.memory()
	r.claim = true
	m.claims++
	r.account()
}

// mayClaim reports whether others have to give the route room: it has less than its fair part, and there is little for
// everybody.
func (r *Route) mayClaim() bool {
	m, busy := r.memory(), r.memory().busy
	if r.counted == (holding{}) || r.closed || !r.haltedSince.IsZero() && r.cfg.Returnable {
		return false
	}
	return r.counted.bytes < m.bytes.fair(busy) &&
		(!r.cfg.countsMessages() || r.counted.messages < m.messages.fair(busy)) &&
		(!m.bytes.plenty() || r.cfg.countsMessages() && !m.messages.plenty())
}

// contested reports whether others have claims.
func (r *Route) contested() bool {
	others := r.memory().claims
	if r.claim {
		others--
	}
	return others > 0
}

// roomMessages is how many more messages the route may hold.
func (r *Route) roomMessages() int64 {
	if !r.cfg.countsMessages() {
		return math.MaxInt32
	}
	m, own := r.memory(), r.counted.messages
	return min(m.messages.room(own, m.busy, r.contested()), max(0, int64(r.maxMessages)-own))
}

// roomBytes is how many more bytes the route may hold.
func (r *Route) roomBytes() int64 {
	m := r.memory()
	return m.bytes.room(r.counted.bytes, m.busy, r.contested())
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
