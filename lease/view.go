package lease

// View is one lease as this replica sees it.
type View struct {
	State    State
	Deadline Instant // While Holding: it ends then, unless it is renewed before.
	Recalled bool    // While Holding: another member should have it.
	Epoch    uint64
	Holder   string // Who holds it, by what was seen last; empty: nobody.
	Mine     bool   // This replica does.
	Since    Instant
	Changes  int // How often it has changed hands since the start.
}

// View returns a lease; the zero View if it was removed.
func (m *Machine) View(name string) View {
	k := m.named[name]
	if k == nil {
		return View{}
	}
	mine := k.record.Life == m.cfg.Life && k.record.Holder != ""
	return View{
		State: k.state, Deadline: k.deadline, Recalled: k.recalled, Epoch: k.record.Epoch, Holder: k.record.Holder,
		Mine: mine, Since: k.since, Changes: k.changes,
	}
}

// Members returns how many members of the group are known, this replica among them.
func (m *Machine) Members(now Instant) int {
	g := m.count(now)
	return len(g.members) + 1
}

// Idle reports whether nothing is held or on its way, and this replica has left.
func (m *Machine) Idle() bool {
	for _, k := range m.keys {
		if k.state == Holding || k.state == Releasing || k.writing {
			return false
		}
	}
	return m.self.left || m.self.slot < 0
}
