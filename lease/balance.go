package lease

import "time"

// giveEvery is the least time between two leases that are given to other members.
const giveEvery = time.Second

// group is what is known of who holds what at a moment.
type group struct {
	members []peer  // Without this replica.
	most    int     // How many leases one should hold.
	mine    int     // How many this one holds or is about to, without those that it gives back.
	wish    int     // How many more this one would take.
	changes Instant // When time alone will change this.
}

// peer is another member.
type peer struct {
	life       string
	held, wish int
}

// count looks who is there.
func (m *Machine) count(now Instant) group {
	g := group{changes: now + m.terms.Wait}
	of := map[string]int{}
	at := func(life string) *peer {
		i, ok := of[life]
		if !ok {
			i = len(g.members)
			of[life] = i
			g.members = append(g.members, peer{life: life})
		}
		return &g.members[i]
	}
	gone := map[string]bool{}
	for _, k := range m.keys {
		switch k.state {
		case Holding, Taking:
			if !k.recalled {
				g.mine++
			}
			continue
		case Releasing:
			continue
		case Standby, Lost:
		}
		if k.wanted {
			g.wish++
		}
		switch {
		case k.record.Holder == "" || k.record.Life == m.cfg.Life:
		case now < k.free:
			at(k.record.Life).held++
			g.changes = min(g.changes, k.free)
		default: // Who does not renew a lease is gone.
			gone[k.record.Life] = true
		}
	}
	for _, s := range m.slots {
		same := s.record.Life != m.cfg.Life && s.record.Keys == m.keysHash()
		if same && m.used(s, now) && !gone[s.record.Life] {
			at(s.record.Life).wish = s.record.Wish
			g.changes = min(g.changes, s.seen+m.terms.Wait)
		}
	}
	n := len(g.members) + 1
	g.most = (len(m.keys) + n - 1) / n
	return g
}

// never is later than anything.
const never Instant = 1 << 62

// from returns since when this replica may take a lease, if it is free. Who has its part already leaves the others some
// time. That is short where the holder is gone: then it matters more that somebody carries the route than who. One that
// was given back is meant for another, who may still be finishing something.
func (m *Machine) from(k *key, g *group) Instant {
	switch {
	case !m.ready:
		return never
	case g.mine < g.most:
		return k.free
	case !k.record.released():
		return k.free + m.terms.Wait/20
	}
	return k.free + m.terms.Wait/2
}

// balance recalls a lease, at most one at a time and one each second, while another member wishes one and has at least
// two less. It is the one that holds the most who does.
func (m *Machine) balance(now Instant, g *group) {
	poor := false
	for _, p := range g.members {
		if p.held > g.mine || p.held == g.mine && p.life < m.cfg.Life {
			return // Somebody else gives.
		}
		poor = poor || p.wish > 0 && p.held+1 < g.mine
	}
	if !poor {
		return
	}
	if now < m.gave+giveEvery {
		g.changes = min(g.changes, m.gave+giveEvery)
		return
	}
	var last *key
	for _, k := range m.keys {
		if k.state == Holding && !k.recalled && (last == nil || k.since > last.since) {
			last = k
		}
	}
	if last != nil {
		last.recalled, m.gave = true, now
		g.mine--
	}
}
