package group

import (
	"slices"
	"time"
)

// Seen is a member as this one knows it.
type Seen struct {
	ID, Host, Version string
	Routes            string // A hash of its routes; empty: not known.
	Started, Heard    time.Time
	Self, Keeper      bool
	Guest             bool
}

// Rate is one quota as the group shares it, in its unit per second; +Inf: none is in force.
type Rate struct {
	Scope   string
	Rate    float64 // Of all members together.
	Share   float64 // Of this one.
	Learned float64 // Of all; 0: none was met.
}

// Seen returns all members, this one included, in the order in which they are to keep.
func (n *Node) Seen(now time.Time) []Seen {
	keeper := n.keeper.id
	if len(n.others) == 0 {
		keeper = n.order.id
	}
	all := []Seen{{
		ID: n.order.id, Host: n.cfg.Host, Version: n.cfg.Version, Routes: n.cfg.Routes,
		Started: n.cfg.Started, Heard: now, Self: true, Guest: n.cfg.Guest,
	}}
	for _, m := range n.list {
		all = append(all, Seen{
			ID: m.id, Host: m.host, Version: m.version, Routes: m.routes,
			Started: time.UnixMilli(m.start), Heard: m.heard, Guest: m.guest,
		})
	}
	for i := range all {
		all[i].Keeper = all[i].ID == keeper
	}
	slices.SortFunc(all, func(a, b Seen) int {
		switch {
		case a.Guest != b.Guest && a.Guest, a.Guest == b.Guest && b.order().before(a.order()):
			return 1
		}
		return -1
	})
	return all
}

// Left returns how many members have said so far that they leave, guests aside.
func (n *Node) Left() int { return n.left }

func (s *Seen) order() order { return order{s.Started.UnixMilli(), s.ID} }

// Rates returns all quotas as they are shared.
func (n *Node) Rates(quotas []Quota) []Rate {
	all := make([]Rate, 0, len(quotas))
	for _, q := range quotas {
		s := q.Pacer.Standing()
		all = append(all, Rate{Scope: q.Scope, Rate: s.Rate, Share: q.Pacer.Rate(), Learned: s.Quota})
	}
	return all
}
