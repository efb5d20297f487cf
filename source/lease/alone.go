package lease

import (
	"time"

	"momento-bridge/condition"
	protocol "momento-bridge/lease"
)

// Without a bucket a replica carries its routes alone, unless it hears an older one: it waits a moment for that at the
// start, and for longer after it has heard one, unless that has said that it leaves. Those who cannot hear each other
// both carry, as they did before there were leases. One that has seen others in the bucket, and hears of nobody by
// other means, carries nothing when the bucket is gone.
type solitude struct {
	began     bool             // There is no bucket,
	since     protocol.Instant // since then, and no older one has been heard since.
	heardOnce bool             // An older one was heard, and has not said that it leaves.
	left      int              // How many had said so by then.
	warned    bool
}

const (
	// hearing is how long a newcomer listens.
	hearing = 250 * time.Millisecond
	// silence is how long an older replica must not have been heard before a younger one carries.
	silence = 2 * time.Second
	// listenEvery is how often it is asked who is heard.
	listenEvery = 250 * time.Millisecond
)

// step decides who carries while there is no bucket, and returns when it is to be called again. The caller holds mu.
func (s *solitude) step(m *Manager, now protocol.Instant) protocol.Instant {
	if m.place != alone && m.place != behind {
		*s = solitude{}
		return forever
	}
	if !s.began {
		s.began, s.since = true, now
	}
	left := 0
	if m.cfg.Left != nil {
		left = m.cfg.Left() // First: who has left is heard no more.
	}
	next, others, older, need := forever, false, m.heard, time.Duration(0)
	if m.cfg.Heard != nil {
		others, older = m.cfg.Heard()
		next, need = now+listenEvery, hearing
	}
	m.older = older
	switch {
	case older:
		s.heardOnce, s.since, s.left = true, now, left
	case s.heardOnce && left > s.left:
		s.heardOnce, need = false, 0
	}
	if s.heardOnce {
		need = silence
	}
	if (others || older) && !s.warned {
		s.warned = true
		m.log.Warn("other replicas are there, and no bucket for leases: only the oldest one carries ordered routes",
			"error", m.missing, "advice", m.advice(), condition.Attribute, condition.NoLeases)
	}
	if older || now < s.since+need {
		s.standBy(m)
		return min(next, max(s.since+need, now+listenEvery))
	}
	m.place = alone
	for _, l := range m.leases {
		if l.wanted && l.hold == nil {
			l.grant(forever, true)
		}
	}
	return next
}

// standBy asks for what is carried. Nothing is recalled while a newcomer only listens, as it carries nothing yet.
func (s *solitude) standBy(m *Manager) {
	m.place = behind
	for _, l := range m.leases {
		if l.hold != nil {
			l.hold.recall()
		}
	}
}
