package lease

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	protocol "momento-bridge/lease"
	"momento-bridge/source"
)

// Status is one lease as this replica sees it.
type Status struct {
	Route     string
	Partition int    // From 1; 0: the route has none.
	Holder    string // The member's name; empty: nobody's, or not known.
	Mine      bool
	State     string // standby, taking, publishing, releasing, lost or alone.
	Since     time.Time
	Changes   int // How often it has changed hands since the start.
}

var states = [...]string{
	protocol.Standby: "standby", protocol.Taking: "taking", protocol.Holding: "publishing",
	protocol.Releasing: "releasing", protocol.Lost: "lost",
}

// Status returns all leases.
func (m *Manager) Status() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Status, 0, len(m.leases))
	for _, l := range m.leases {
		if l.dropped {
			continue
		}
		v := m.machine.View(l.name)
		s := Status{
			Route: l.route, Partition: l.partition, Holder: v.Holder, Mine: v.Mine, State: states[v.State],
			Since: m.begun.Add(max(v.Since, l.since)), Changes: v.Changes,
		}
		switch {
		case m.place == unknown, m.place == behind && !m.older:
			s.State = states[protocol.Taking]
		case m.place == alone, l.hold != nil && l.hold.alone:
			s.Holder, s.Mine, s.State = m.cfg.Member, true, "alone"
		case l.hold != nil && l.hold.asked:
			s.State = "releasing"
		}
		all = append(all, s)
	}
	return all
}

// Standby says for people why this replica does not hold the lease; empty: it does, or nobody else does.
func (l *lease) Standby() string {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.hold != nil {
		return ""
	}
	switch m.place {
	case bucket:
		if v := m.machine.View(l.name); v.Holder != "" && !v.Mine {
			return v.Holder + " holds the lease"
		}
	case behind:
		if m.older {
			return "another replica carries it, and there is no bucket to hand it over by: " + m.advice()
		}
	case unknown, alone:
		if m.missing != nil && m.conn.IsConnected() {
			return "the bucket " + m.cfg.Bucket + " of leases does not answer, still trying: " + m.missing.Error()
		}
	}
	return ""
}

// Missing says what leases lack, and what to do about it; both are empty if they lack nothing.
func (m *Manager) Missing() (what, advice string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing == nil || len(m.leases) == 0 {
		return "", ""
	}
	if errors.Is(m.missing, errNone) {
		return "there is no bucket " + m.cfg.Bucket + " for leases of ordered routes", m.advice()
	}
	return "leases of ordered routes: " + m.missing.Error(), m.advice()
}

// advice says how to mend what is missing.
func (m *Manager) advice() string {
	if refused, ok := errors.AsType[*source.RefusedError](m.missing); ok {
		return refused.Error()
	}
	if _, ok := errors.AsType[expiresError](m.missing); ok {
		return fmt.Sprintf("remove it and make it anew: nats kv del %s; %s", m.cfg.Bucket, AddCommand(m.cfg.Bucket))
	}
	if disabled(m.missing) {
		return "enable JetStream for the account of the NATS user"
	}
	if m.missing != nil && !errors.Is(m.missing, errNone) {
		return cmp.Or(source.Advice(m.missing), nats.ErrTimeout.Error())
	}
	return fmt.Sprintf("make it with: %s; or set coordination.create: true", AddCommand(m.cfg.Bucket))
}

// AddCommand is the command that makes a bucket.
func AddCommand(bucket string) string {
	return "nats kv add " + bucket + " --history=1 --storage=file --replicas=3"
}
