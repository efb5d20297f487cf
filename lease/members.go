package lease

import (
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Each member of the group keeps a key of its own, a slot: =0, =1 and so on, which no route can be named. It takes the
// first one that nobody uses, so that there are never more of them than there were members at a time.

// slotMark begins the names of slots.
const slotMark = "="

// slot is the key of a member as it was seen last.
type slot struct {
	revision uint64
	record   Record
	seen     Instant // When it changed last.
	told     bool    // It was heard of since the bucket is looked at anew.
}

// membership is this replica's slot.
type membership struct {
	slot    int // -1: none yet.
	writing bool
	sent    Instant
	number  uint64
	again   Instant // Nothing is written before.
	wish    int     // That was written last.
	leaving bool
	left    bool
}

func slotNumber(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, slotMark)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0
}

// keysHash is the same for two machines that know the same leases. Those that know others are no members of the same
// group, as far as the balance goes.
func (m *Machine) keysHash() string {
	if m.hash == "" {
		h := fnv.New32a()
		for _, k := range m.keys {
			_, _ = io.WriteString(h, k.name+"\n") // It never fails.
		}
		m.hash = strconv.FormatUint(uint64(h.Sum32()), 36)
	}
	return m.hash
}

func (m *Machine) sawSlot(now Instant, n int, revision uint64, r Record) {
	s := m.slots[n]
	if s == nil {
		s = &slot{}
		m.slots[n] = s
	}
	s.told = true
	if revision <= s.revision {
		return
	}
	s.revision, s.record, s.seen = revision, r, now
	if n == m.self.slot && r.Life != m.cfg.Life { // Somebody took it for left.
		m.self.slot, m.self.writing = -1, false
	}
}

// used reports whether a slot belongs to somebody who may be there.
func (m *Machine) used(s *slot, now Instant) bool {
	return s.record.Holder != "" && now < s.seen+m.terms.Wait
}

// freeSlot returns the first one that nobody uses.
func (m *Machine) freeSlot(now Instant) int {
	for n := 0; ; n++ {
		if s := m.slots[n]; s == nil || !m.used(s, now) {
			return n
		}
	}
}

// beatAt returns when this replica is to say that it is there. A single lease needs no balance, so nobody needs to be
// known.
func (m *Machine) beatAt(g *group) (Instant, bool) {
	me := &m.self
	switch {
	case !m.ready || len(m.keys) < 2 || me.left || me.leaving && me.slot < 0:
		return 0, false
	case me.writing:
		return me.sent + m.terms.Patience, true
	case me.leaving || me.slot >= 0 && me.wish != g.wish:
		return min(me.again, me.sent+m.terms.Pause), true
	}
	return me.again, true
}

// beat returns the write by which this replica says that it is there, and how many leases it wishes.
func (m *Machine) beat(now Instant, g *group) Write {
	me := &m.self
	if me.slot < 0 {
		me.slot = m.freeSlot(now)
	}
	me.writing, me.sent, me.again, me.wish = true, now, now+2*m.terms.Every, g.wish
	me.number++
	w := Write{Key: slotMark + strconv.Itoa(me.slot), Sent: now, number: me.number}
	w.Record = Record{Holder: m.cfg.Member, Life: m.cfg.Life, Epoch: 1, Wish: g.wish, Keys: m.keysHash()}
	if me.leaving {
		w.Record = Record{Life: m.cfg.Life, Epoch: 1}
	}
	if s := m.slots[me.slot]; s != nil {
		w.Revision = s.revision
	}
	return w
}

// clear returns a write that frees the slot of one who is long gone; false: there is none. Newcomers cannot tell that
// it is, and would take another.
func (m *Machine) clear(now Instant) (Write, bool) {
	for _, n := range slices.Sorted(maps.Keys(m.slots)) {
		s := m.slots[n]
		if s.record.Holder != "" && s.record.Life != m.cfg.Life && now >= s.seen+2*m.terms.Wait {
			return Write{
				Key: slotMark + strconv.Itoa(n), Sent: now, Revision: s.revision,
				Record: Record{Life: s.record.Life, Epoch: 1},
			}, true
		}
	}
	return Write{}, false
}

func (me *membership) answered(w *Write) {
	if me.writing && me.number == w.number {
		me.writing = false
		me.left = w.Record.Holder == ""
	}
}

// refused looks for another slot.
func (me *membership) refused(again Instant, n int, w *Write) {
	if me.writing && me.number == w.number && n == me.slot {
		me.writing, me.slot, me.again = false, -1, again
	}
}
