package lease

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Config is what a machine is told.
type Config struct {
	Lease  time.Duration
	Member string // This replica's name, for people.
	Life   string // Random: no other process has the same.
}

// Machine is all leases that one process may hold. Its methods are not to be called concurrently. Instants that it is
// given never go back.
type Machine struct {
	cfg   Config
	terms Terms
	keys  []*key // By name.
	named map[string]*key
	slots map[int]*slot // Of the group's members, by number.
	hash  string        // Of all keys; empty: not known yet.
	self  membership
	open  bool    // There is a bucket,
	ready bool    // and all that was in it has been seen.
	gave  Instant // When a lease was given to another member last.
	// absent is from when on a key that is not in the bucket is free.
	absent Instant
}

// New returns a machine without a bucket.
func New(cfg Config) *Machine {
	return &Machine{
		cfg: cfg, terms: TermsOf(cfg.Lease), named: map[string]*key{}, slots: map[int]*slot{},
		self: membership{slot: -1}, gave: -giveEvery,
	}
}

// Add makes a lease known. If there is a bucket already it must be looked at anew, as what it has of the lease was not
// seen: until then the lease is taken for one that nobody has ever held, and writing it is refused if that is wrong.
func (m *Machine) Add(name string) {
	k := &key{name: name, free: m.absent}
	m.keys, m.named[name], m.hash = append(m.keys, k), k, ""
	slices.SortFunc(m.keys, func(a, b *key) int { return strings.Compare(a.name, b.name) })
}

// Remove forgets a lease that nobody asks for any more. It reports whether it did: one that is held, or of which
// something is on its way to the bucket, cannot be forgotten yet.
func (m *Machine) Remove(name string) bool {
	k := m.named[name]
	if k.writing || k.wanted || k.state != Standby && k.state != Lost {
		return false
	}
	delete(m.named, name)
	m.keys = slices.DeleteFunc(m.keys, func(other *key) bool { return other == k })
	m.hash = ""
	return true
}

// Opened is to be called when there is a bucket, other than the one before, and how old it is. What was held is lost.
func (m *Machine) Opened(now Instant, age time.Duration) {
	m.reset(now, now+max(0, m.terms.Wait-age))
	m.open = true
}

// Closed is to be called when there is no bucket any more. What was held is lost.
func (m *Machine) Closed(now Instant) { m.reset(now, now) }

func (m *Machine) reset(now, absentFree Instant) {
	m.open, m.ready, m.absent = false, false, absentFree
	clear(m.slots)
	m.self = membership{slot: -1, leaving: m.self.leaving}
	for _, k := range m.keys {
		k.open(now, absentFree)
	}
}

// Again is to be called when the bucket is looked at anew, so that all that is in it will be seen once more.
func (m *Machine) Again() {
	for _, k := range m.keys {
		k.told = false
	}
	for _, s := range m.slots {
		s.told = false
	}
}

// Ready is to be called when all that was in the bucket has been seen. What was not is there no more.
func (m *Machine) Ready(now Instant) {
	m.ready = m.open
	for _, k := range m.keys {
		k.gone(&m.terms, now)
	}
	maps.DeleteFunc(m.slots, func(_ int, s *slot) bool { return !s.told })
}

// Saw is to be called with each value in the bucket, in the order of their revisions. It may be called again with what
// was seen before. A value that is no record, or was deleted, is the zero Record.
func (m *Machine) Saw(now Instant, name string, revision uint64, r Record) {
	if n, ok := slotNumber(name); ok {
		m.sawSlot(now, n, revision, r)
	} else if k := m.named[name]; k != nil {
		k.saw(&m.terms, m.cfg.Life, now, revision, r)
	}
}

// Answered is to be called when a write was stored, with the revision that it has got.
func (m *Machine) Answered(now Instant, w *Write, revision uint64) {
	if n, ok := slotNumber(w.Key); ok {
		m.sawSlot(now, n, revision, w.Record)
		m.self.answered(w)
	} else if k := m.named[w.Key]; k != nil {
		k.answered(&m.terms, m.cfg.Life, now, w, revision)
	}
}

// Refused is to be called when a write was not stored.
func (m *Machine) Refused(now Instant, w *Write) {
	if n, ok := slotNumber(w.Key); ok {
		m.self.refused(now+m.terms.Pause, n, w)
	} else if k := m.named[w.Key]; k != nil {
		k.refused(&m.terms, now, w)
	}
}

// Want says that somebody waits for a lease, or does not any more.
func (m *Machine) Want(name string, wanted bool) {
	if k := m.named[name]; k != nil {
		k.wanted = wanted
	}
}

// Release gives a lease back that is held.
func (m *Machine) Release(now Instant, name string) {
	if k := m.named[name]; k != nil {
		k.release(&m.terms, now)
	}
}

// Leave says that this replica ends as a member of the group.
func (m *Machine) Leave() { m.self.leaving = true }

// Step moves on with time. It returns what is to be written, and when it is to be called again if nothing happens
// before.
func (m *Machine) Step(now Instant) (writes []Write, next Instant) {
	next = now + m.terms.Wait
	for _, k := range m.keys { // What has ended counts no more below.
		if (k.state == Holding || k.state == Releasing) && now >= k.deadline {
			k.end(now)
		}
	}
	if !m.open {
		return nil, next
	}
	g := m.count(now)
	m.balance(now, &g)
	if at, due := m.beatAt(&g); due && now >= at {
		writes = append(writes, m.beat(now, &g))
		if w, ok := m.clear(now); ok {
			writes = append(writes, w)
		}
	} else if due {
		next = min(next, at)
	}
	next = min(next, g.changes)
	for _, k := range m.keys {
		from := m.from(k, &g)
		if w, ok := k.step(&m.terms, m.cfg.Member, m.cfg.Life, now, from); ok {
			if k.state == Taking {
				g.mine++
			}
			writes = append(writes, w)
		}
		if at, due := k.next(&m.terms, from); due {
			next = min(next, at)
		}
	}
	return writes, max(next, now)
}
