package lease

import (
	"fmt"
	"time"

	"momento-bridge/condition"
	protocol "momento-bridge/lease"
)

// sync tells whoever holds a lease what has become of it. The caller holds mu.
func (m *Manager) sync(now protocol.Instant) {
	if m.place != bucket {
		return
	}
	for _, l := range m.leases {
		v := m.machine.View(l.name)
		switch {
		case l.hold != nil && l.hold.alone:
			if now >= l.hold.patience {
				m.log.Warn("carried without a lease for too long after there is a bucket: it is given up",
					"route", l.name)
				l.lose("a bucket is there now, and what was carried without took too long to be handed over")
			}
		case l.hold == nil && v.State == protocol.Holding && !l.wanted:
			m.machine.Release(now, l.name) // Nobody waits for it any more.
		case l.hold == nil && v.State == protocol.Holding:
			m.log.Debug("took the lease", "route", l.name, "epoch", v.Epoch)
			l.grant(v.Deadline, false)
		case l.hold == nil:
		case v.State != protocol.Holding:
			l.lose(reason(&v, m.cfg.Lease, m.stalled, m.conn.IsConnected()))
		default:
			l.hold.deadline.Store(int64(v.Deadline))
			if v.Recalled {
				l.hold.recall()
			}
		}
	}
}

// reason says why a lease is held no more. stalled is how long this process did nothing before it found that out.
func reason(v *protocol.View, lease, stalled time.Duration, connected bool) string {
	taken := ""
	if v.Holder != "" && !v.Mine {
		taken = v.Holder + " has taken it"
	}
	late := ""
	switch {
	case stalled >= lease/5*2:
		late = fmt.Sprintf("this process stood still for %v, so that it was not renewed in time",
			stalled.Round(100*time.Millisecond))
	case !connected:
		late = "it could not be renewed in time, without a connection to NATS"
	case v.Mine:
		late = "it could not be renewed in time, as the bucket did not answer"
	case taken == "":
		late = "its key was removed from the bucket"
	}
	if late != "" && taken != "" {
		return late + ", and " + taken
	}
	return late + taken
}

// moveIn is to be called when there is a bucket: what was carried without is handed over, and nobody takes a lease of a
// new bucket before that must have ended. The caller holds mu.
func (m *Manager) moveIn(now protocol.Instant) {
	for _, l := range m.leases {
		switch {
		case l.hold == nil:
		case l.hold.alone:
			l.hold.recall()
			l.hold.patience = now + m.cfg.Lease/5*2
		default: // Of another bucket.
			l.lose("the bucket was made anew, and what it held is gone")
		}
		m.machine.Want(l.name, l.wanted)
	}
	if m.place != bucket {
		m.log.Info("leases are kept in the bucket")
	}
	m.place = bucket
}

// lost is to be called when there is no bucket. The caller holds mu.
func (m *Manager) lost(now protocol.Instant, why error) {
	if m.place == bucket {
		m.log.Error("the bucket of leases is gone: nothing is held any more", "error", why, "advice", m.advice(),
			condition.Attribute, condition.NoLeases)
		m.heard = m.machine.Members(now) > 1
		m.machine.Closed(now)
		for _, l := range m.leases {
			if l.hold != nil {
				l.lose("the bucket is gone: " + why.Error())
			}
		}
	}
	m.missing = why
	if m.place == bucket || m.place == unknown {
		m.place = behind
	}
}

// leave gives back whatever is held still, and ends as a member.
func (m *Manager) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.leases {
		if l.hold != nil && !l.hold.alone {
			m.machine.Release(m.now(), l.name)
			l.hold.deadline.Store(0)
			l.hold.why = "this daemon stops"
			close(l.hold.lost)
			l.hold = nil
		}
		m.machine.Want(l.name, false)
	}
	m.machine.Leave()
}

// idle reports whether nothing is on its way to the bucket.
func (m *Manager) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.machine.Idle()
}
