package group

import (
	"math"
	"time"

	"momento-bridge/pipeline/quota"
)

// keeping is what a keeper remembers of the quotas that it keeps.
type keeping struct {
	scopes  map[string]*kept
	epoch   uint64 // Of the latest level.
	cut     uint64 // The first epoch after the latest cut.
	said    time.Time
	changed bool // Members have come or gone since.
	urgent  bool // A refusal has come since.
}

// kept is one quota that this member keeps.
type kept struct {
	at    time.Time // When the others' costs were counted last.
	pool  float64   // Costs that others have had accepted and the learner has not been told of.
	usual float64   // What one of their publishes costs.
	cutAt time.Time
	needs []need
	said  Total // As told last.
}

// estimate is what is thought of another member's use of a quota since its latest report.
type estimate struct {
	rate     float64 // Costs accepted per second.
	counted  float64 // What has been counted since the report.
	reported Use
}

const (
	// worthTelling is by how much a level must change to be told at once.
	worthTelling = 0.01
	// mostSteps bounds how many publishes the learner is told of at once, and mostRefusals refusals.
	mostSteps    = 4096
	mostRefusals = 256
	// pausing is one in how many members must be refused several times in a row for all to pause.
	pausing = 10
	// severalRefused in a row mean that a member has nothing accepted any more, until it tells otherwise.
	severalRefused = 2
)

// lead keeps the quotas for all.
func (n *Node) lead(now time.Time, quotas []Quota) {
	if !n.leads {
		n.begin(now)
		for _, q := range quotas {
			q.Pacer.Regain()
		}
	}
	cut := false
	for _, q := range quotas {
		k := n.kept(now, q)
		n.count(now, k, q)
		q.Pacer.Step(now)
		if at := q.Pacer.CutAt(); !at.Equal(k.cutAt) {
			k.cutAt, cut = at, true
		}
	}
	l := &Level{ID: n.order.id, Start: n.order.start, Members: n.Members()}
	for _, q := range quotas {
		if t, ok := n.settle(now, q); ok {
			l.Totals = append(l.Totals, t)
		}
	}
	if cut {
		n.keep.cut = n.keep.epoch + 1
	}
	for _, q := range quotas {
		n.spend(now, q, l)
	}
	n.level, n.keeper, n.heard = l, n.order, now
	if cut || now.Sub(n.keep.said) >= levelGap && (n.keep.changed || n.differs(l)) ||
		now.Sub(n.keep.said) >= tellEvery {
		n.say(now, l)
	}
	n.keep.urgent = false
}

// begin takes the keeping over, with what is known from the levels and reports that were heard.
func (n *Node) begin(now time.Time) {
	n.leads, n.orphaned = true, false
	epoch := n.keep.epoch
	if n.level != nil {
		epoch = max(epoch, n.level.Epoch)
	}
	n.keep = keeping{scopes: map[string]*kept{}, epoch: epoch + 1, cut: epoch + 1, changed: true, said: n.keep.said}
	for _, m := range n.list {
		m.known = nil
	}
	n.sooner(now) // It reports more often than before.
	for _, u := range n.uses {
		u.refused = now // What was refused before is not counted again.
	}
}

// kept returns what is remembered of a quota.
func (n *Node) kept(now time.Time, q Quota) *kept {
	k := n.keep.scopes[q.Scope]
	if k == nil {
		k = &kept{at: now, cutAt: q.Pacer.CutAt(), usual: max(1, q.Pacer.Usual())}
		n.keep.scopes[q.Scope] = k
	}
	return k
}

// estimate returns what is known of another member's use of a quota; nil: it has told of none.
func (m *member) estimate(scope string) *estimate {
	if e := m.known[scope]; e != nil {
		return e
	}
	u := m.report.use(scope)
	if u == nil {
		return nil
	}
	if m.known == nil {
		m.known = map[string]*estimate{}
	}
	m.known[scope] = &estimate{reported: *u}
	return m.known[scope]
}

// count tells the learner of what the others have had accepted, as far as that is known or likely.
func (n *Node) count(now time.Time, k *kept, q Quota) {
	passed := now.Sub(k.at).Seconds()
	k.at = now
	if passed > 0 {
		for _, m := range n.list {
			if e := m.estimate(q.Scope); e != nil {
				e.counted += e.rate * passed
				k.pool += e.rate * passed
			}
		}
	}
	k.feed(now, q.Pacer)
}

func (k *kept) feed(now time.Time, p *quota.Pacer) {
	step := max(k.usual, k.pool/mostSteps)
	for k.pool >= step {
		p.AcceptedElsewhere(now, step)
		k.pool -= step
	}
}

// account tells the quotas of what another member reports.
func (n *Node) account(now time.Time, m *member, before *Report, quotas []Quota) {
	for i := range m.report.Uses {
		u := &m.report.Uses[i]
		for _, q := range quotas {
			if q.Scope == u.Scope {
				n.accountFor(now, m, u, before != nil, q)
				break
			}
		}
	}
}

func (n *Node) accountFor(now time.Time, m *member, u *Use, seen bool, q Quota) {
	e, k := m.known[u.Scope], n.kept(now, q)
	if e == nil {
		if m.known == nil {
			m.known = map[string]*estimate{}
		}
		e = &estimate{reported: *u}
		m.known[u.Scope] = e
		if seen {
			e.reported = Use{Scope: u.Scope}
		}
	}
	n.count(now, k, q)
	old := e.reported
	e.reported = *u
	if cost := u.Accepted - old.Accepted; cost >= 0 && u.Publishes >= old.Publishes {
		k.pool += cost - e.counted
		if publishes := float64(u.Publishes - old.Publishes); publishes > 0 {
			k.usual += (cost/publishes - k.usual) * min(1, publishes/16)
		}
	}
	e.counted = 0
	k.feed(now, q.Pacer)
	if u.Refused > old.Refused {
		var sent time.Time // Long ago.
		if u.Epoch >= n.keep.cut {
			sent = now
		}
		for range min(u.Refused-old.Refused, mostRefusals) {
			q.Pacer.RefusedElsewhere(now, sent, k.usual)
		}
		n.keep.urgent = true
	}
	if u.Row >= severalRefused {
		e.rate = 0
	}
	if u.Want > 2*old.Want && u.Waited {
		n.keep.urgent = true
	}
	n.pauseFor(now, q, u)
}

// pauseFor lets nobody publish while the endpoint asks for that, or where so many are refused in a row that nothing
// gets through.
func (n *Node) pauseFor(now time.Time, q Quota, u *Use) {
	if u.Asked > 0 {
		q.Pacer.Pause(now, seconds(u.Asked))
	}
	if u.Row < q.Pacer.TooMany() {
		return
	}
	rows := 0
	for _, m := range n.list {
		if e := m.known[q.Scope]; e != nil && e.reported.Row >= q.Pacer.TooMany() {
			rows++
		}
	}
	if rows*pausing >= n.Members() && q.Pacer.PausedFor(now) == 0 {
		q.Pacer.PauseInARow(now)
	}
}

// settle computes how much each may take of a quota. It reports whether that is limited at all.
func (n *Node) settle(now time.Time, q Quota) (Total, bool) {
	s := q.Pacer.Standing()
	if q.Pacer.None() || math.IsInf(s.Rate, 1) || !(s.Rate > 0) {
		return Total{}, false
	}
	k, members := n.kept(now, q), n.Members()
	own := n.use(now, q.Scope)
	k.needs = append(k.needs[:0], need{wanted(own.want, s.Rate, members), own.used})
	for _, m := range n.list {
		if e := m.estimate(q.Scope); e != nil {
			k.needs = append(k.needs, need{wanted(e.reported.Want, s.Rate, members), e.reported.Used})
		}
	}
	t := Total{
		Scope: q.Scope, Rate: short(s.Rate), Quota: short(s.Quota), Floor: short(s.Floor),
		Found: min(s.Found, mostFound), Pause: short(min(q.Pacer.PausedFor(now).Seconds(), mostPause)),
	}
	t.Level, t.Spare = water(s.Rate, k.needs)
	t.Level, t.Spare = short(t.Level), short(t.Spare)
	for _, m := range n.list {
		if e := m.estimate(q.Scope); e != nil {
			e.rate = t.expected(&e.reported, members)
		}
	}
	return t, true
}

// expected is what a member is likely to have accepted per second.
func (t *Total) expected(u *Use, members int) float64 {
	switch {
	case u.Row >= severalRefused || t.Pause > 0 || t.Rate <= slow: // Each answer is told.
		return 0
	case u.Waited:
		return t.share(u.Want, members)
	}
	return min(u.Used, t.share(u.Want, members))
}

// spend takes this member's own share.
func (n *Node) spend(now time.Time, q Quota, l *Level) {
	share := quota.Share{PerSecond: math.Inf(1), Members: l.Members, Phase: n.cfg.Random()}
	u := n.use(now, q.Scope)
	for i := range l.Totals {
		if t := &l.Totals[i]; t.Scope == q.Scope {
			share.PerSecond, share.Hungry = t.share(u.want, l.Members), t.Level > 0 && n.anyWaits(now, q.Scope)
		}
	}
	q.Pacer.Lead(now, share)
}

// anyWaits reports whether a member waits for tokens of a quota.
func (n *Node) anyWaits(now time.Time, scope string) bool {
	if n.use(now, scope).waits {
		return true
	}
	for _, m := range n.list {
		if e := m.known[scope]; e != nil && e.reported.Waited {
			return true
		}
	}
	return false
}

// differs reports whether a level has changed since it was told.
func (n *Node) differs(l *Level) bool {
	for i := range l.Totals {
		t := &l.Totals[i]
		k := n.keep.scopes[t.Scope]
		if k == nil || changed(t.Level, k.said.Level) || changed(t.Rate, k.said.Rate) ||
			t.Level == 0 && changed(t.Spare+t.Rate, k.said.Spare+k.said.Rate) ||
			t.Pause > 0 && k.said.Pause == 0 || t.Found != k.said.Found {
			return true
		}
	}
	return false
}

func changed(a, b float64) bool { return math.Abs(a-b) > worthTelling*max(a, b) }

// say tells the level.
func (n *Node) say(now time.Time, l *Level) {
	n.keep.epoch++
	l.Epoch, l.Cut = n.keep.epoch, min(n.keep.cut, n.keep.epoch)
	for i := range l.Totals {
		if k := n.keep.scopes[l.Totals[i].Scope]; k != nil {
			k.said = l.Totals[i]
		}
	}
	n.keep.said, n.keep.changed = now, false
	n.out = append(n.out, Message{Level: l})
}
