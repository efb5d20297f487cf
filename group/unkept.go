package group

import "time"

const (
	// unkept is after how long without a level the quotas may have no keeper: it tells one each second.
	unkept = tellEvery * 5 / 4
	// quiet is the part of its patience after which a member may be cut off, and go on with what it was given.
	quiet = 0.4
)

// unanswered reports whether somebody wants more than when the level was made, or nobody may keep the quotas. Each
// member then reckons for itself what the keeper would give it. What is free is not taken by all at once.
func (n *Node) unanswered(now time.Time) bool {
	return n.level != nil && !n.leads && !n.orphaned &&
		(n.asked || !n.offline.IsZero() || now.Sub(n.heard) > unkept)
}

// asks reports whether a member wants more than the level allows it for what it wanted before.
func (n *Node) asks(r, before *Report) bool {
	for i := range n.totals() {
		t, was := &n.level.Totals[i], 0.0
		if old := before.use(n.level.Totals[i].Scope); old != nil {
			was = old.Want
		}
		if u := r.use(t.Scope); u != nil && u.Waited && u.Want > 2*was && n.allows(t, u.Want, was) {
			return true
		}
	}
	return false
}

// allows reports whether a level allows a member more if it wants more.
func (n *Node) allows(t *Total, want, was float64) bool {
	return t.share(want, n.level.Members) > t.share(was, n.level.Members)
}

// use is what a report says of a quota; nil: nothing.
func (r *Report) use(scope string) *Use {
	if r == nil {
		return nil
	}
	for i := range r.Uses {
		if r.Uses[i].Scope == scope {
			return &r.Uses[i]
		}
	}
	return nil
}

// reckonAll takes of each quota what the keeper would give.
func (n *Node) reckonAll(now time.Time, quotas []Quota) {
	for _, q := range quotas {
		if t := n.total(q.Scope); t != nil {
			q.Pacer.Reshare(now, n.reckon(now, t, n.use(now, q.Scope)))
		}
	}
}

// reckon returns this member's share, from the reports that were heard, as the keeper would compute it. It is no more
// than the level allows. Who is not heard may have what it was given.
func (n *Node) reckon(now time.Time, t *Total, u *own) float64 {
	members := n.level.Members
	n.needs = append(n.needs[:0], need{wanted(u.told.Want, t.Rate, members), u.told.Used})
	for _, m := range n.list {
		said := m.report.use(t.Scope)
		if said == nil {
			continue
		}
		of := need{wanted(said.Want, t.Rate, members), said.Used}
		if n.silent(now, m) {
			of.want = t.share(said.Want, members)
			of.used = of.want
		}
		n.needs = append(n.needs, of)
	}
	own := *t
	own.Level, own.Spare = water(t.Rate, n.needs)
	return min(t.share(u.told.Want, members), own.share(u.told.Want, members))
}

// silent reports whether it is not known what a member wants now.
func (n *Node) silent(now time.Time, m *member) bool {
	return !n.offline.IsZero() || m.heard.Before(n.back) || now.Sub(m.heard) > time.Duration(quiet*float64(m.patient))
}
