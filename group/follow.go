package group

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// HearLevel takes note of what a keeper says. It returns when Tick is to be called.
func (n *Node) HearLevel(now time.Time, l *Level, quotas []Quota) time.Time {
	m := n.hear(now, l.ID, l.Start)
	if m == nil {
		return n.wake(now)
	}
	switch {
	case n.leads && n.order.before(m.order):
		n.keep.changed = true // The other one is to hear who keeps.
		return now
	case !n.leads && n.level != nil && now.Sub(n.heard) < silence && n.keeper.before(m.order) && n.hears(n.keeper.id):
		return n.wake(now)
	}
	m.patient = silence // Who keeps tells something each second.
	n.leads, n.orphaned, n.asked = false, false, false
	n.keeper, n.heard, n.level = m.order, now, l
	copy(n.epochs[1:], n.epochs[:])
	n.epochs[0] = inForce{now, l.Epoch}
	n.follow(now, quotas)
	if n.first() {
		return now
	}
	return n.wake(now)
}

func (n *Node) hears(id string) bool { return id == n.order.id || n.others[id] != nil }

// epochAt returns the epoch of the level that was in force at a time.
func (n *Node) epochAt(at time.Time) uint64 {
	if n.leads {
		return n.keep.epoch
	}
	for _, e := range n.epochs {
		if !e.since.After(at) {
			return e.epoch
		}
	}
	return 0
}

// keepCut is for how long at the most a refusal takes from the share while the keeper has not answered it.
const keepCut = time.Second

// follow takes a share of each quota that the level names.
func (n *Node) follow(now time.Time, quotas []Quota) {
	fresh := !n.joining.IsZero()
	if fresh {
		n.joined(quotas)
	}
	for _, q := range quotas {
		t := n.total(q.Scope)
		if t == nil {
			q.Pacer.Alone(now)
			continue
		}
		began := q.Pacer.Follows()
		u := n.use(now, q.Scope)
		u.before = u.told.Want
		q.Pacer.Follow(now, t.standing(), quota.Share{
			PerSecond: t.share(u.told.Want, n.level.Members), Members: n.level.Members,
			Keep:  !u.refused.IsZero() && u.epoch >= n.level.Cut && now.Sub(u.refused) < keepCut,
			Phase: n.cfg.Random(),
		})
		if !began {
			q.Pacer.Empty(now, n.cfg.Random())
		}
		q.Pacer.Pause(now, seconds(t.Pause))
	}
}

// reshare takes as much as a report asks for, as far as the level and what the others have asked for allow that.
func (n *Node) reshare(now time.Time, q Quota, u *own) {
	t := n.total(q.Scope)
	if t == nil || n.leads || n.orphaned {
		return
	}
	share := t.share(u.told.Want, n.level.Members)
	if u.told.Waited && n.allows(t, u.told.Want, u.before) {
		n.asked = true
	}
	if n.unanswered(now) {
		share = n.reckon(now, t, u)
	}
	q.Pacer.Reshare(now, share)
}

// crowd takes an equal part of what is known here, until a keeper is heard.
func (n *Node) crowd(now time.Time, quotas []Quota) {
	for _, q := range quotas {
		s := q.Pacer.Standing()
		q.Pacer.Follow(now, s, quota.Share{
			PerSecond: s.Rate / float64(n.Members()), Members: n.Members(), Phase: n.cfg.Random(),
		})
		q.Pacer.Empty(now, n.cfg.Random())
	}
	n.heard = now
}

func (n *Node) use(now time.Time, scope string) *own {
	u := n.uses[scope]
	if u == nil {
		u = &own{at: now}
		n.uses[scope] = u
	}
	return u
}

func (t *Total) standing() quota.Standing {
	return quota.Standing{Rate: t.Rate, Quota: t.Quota, Floor: t.Floor, Found: t.Found}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
