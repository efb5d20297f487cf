package group

import (
	"math"
	"time"

	"momento-bridge/pipeline/quota"
)

// own is what this member has made of one quota.
type own struct {
	at      time.Time // When it was looked at last.
	use     quota.Use
	used    float64   // Costs per second, of late.
	usual   float64   // The same over a longer time.
	waits   bool      // Something waits for tokens.
	refused time.Time // When the latest refusal was told,
	epoch   uint64    // and the epoch in which that one was sent.
	want    float64
	told    Use     // As reported last.
	before  float64 // What was wanted when the level was made.
}

const (
	// headroom is how much more a member may take than it takes, without having asked.
	headroom = 1.25
	// usedTime is over how long it is averaged what a member uses.
	usedTime = time.Second
	// usualTime is the same for what it may use without asking.
	usualTime = 10 * time.Second
	// leastMeasure is the shortest time that usage is measured over.
	leastMeasure = 40 * time.Millisecond
	// leastUse is what is taken for nothing. A mean comes ever closer to it, and numbers so small are slow to read.
	leastUse = 1e-6
)

// measure looks at what the quotas' publishes have come to. It makes a report due where the others must know at once.
func (n *Node) measure(now time.Time, quotas []Quota) {
	for _, q := range quotas {
		u := n.uses[q.Scope]
		if u == nil {
			u = &own{at: now}
			n.uses[q.Scope] = u
		}
		u.measure(now, q)
		if n.cfg.Guest {
			u.want = min(u.want, q.Pacer.Ceiling())
		}
		if refused := u.use.Refused != u.told.Refused && u.use.Sent != u.refused; refused {
			u.refused, u.epoch = u.use.Sent, n.epochAt(u.use.Sent)
			n.sooner(now)
		}
		if n.urgent(q.Scope, u) {
			n.sooner(now)
		}
	}
}

func (u *own) measure(now time.Time, q Quota) {
	use := q.Pacer.Use(now)
	passed := now.Sub(u.at).Seconds()
	if passed >= leastMeasure.Seconds() {
		rate := (use.Paid - u.use.Paid) / passed
		u.used += (rate - u.used) * (1 - math.Exp(-passed/usedTime.Seconds()))
		u.usual += (rate - u.usual) * (1 - math.Exp(-passed/usualTime.Seconds()))
		if max(rate, u.used, u.usual) < leastUse {
			u.used, u.usual = 0, 0
		}
		u.at = now
	} else {
		use.Paid = u.use.Paid // It is measured next time.
	}
	u.use = use
	u.waits = q.Queued > 0 && (use.Short || use.Waited)
	u.want = headroom * max(u.used, u.usual)
	if u.waits {
		u.want += q.Queued
	}
}

// urgent reports whether what this member wants, or has been answered, must be known at once.
func (n *Node) urgent(scope string, u *own) bool {
	t := n.total(scope)
	if t == nil {
		return false
	}
	if u.want > 2*u.told.Want && u.want > t.share(u.told.Want, n.level.Members) {
		return true
	}
	if u.told.Row >= severalRefused && u.use.Row == 0 {
		return true
	}
	return t.Rate <= slow && u.use.Publishes != u.told.Publishes
}

// total is what the level in force says of a quota; nil: nothing.
func (n *Node) total(scope string) *Total {
	totals := n.totals()
	for i := range totals {
		if totals[i].Scope == scope {
			return &totals[i]
		}
	}
	return nil
}

// due reports whether it is time for a report.
func (n *Node) due(now time.Time) bool {
	return n.offline.IsZero() && !now.Before(n.next) && now.Sub(n.reported) >= tellGap
}

// tell sends a report.
func (n *Node) tell(now time.Time, quotas []Quota) {
	r := &Report{ID: n.order.id, Start: n.order.start, Guest: n.cfg.Guest}
	every := n.every()
	if every > tellEvery {
		r.Next = short(every.Seconds())
	}
	if n.hello || every > tellEvery || n.reports%helloEvery == 0 {
		r.Host, r.Version, r.Routes = n.cfg.Host, n.cfg.Version, n.cfg.Routes
	}
	for _, q := range quotas {
		u := n.uses[q.Scope]
		if u == nil || q.Pacer.None() {
			continue
		}
		u.told = Use{
			Scope: q.Scope, Accepted: u.use.Accepted, Publishes: u.use.Publishes, Refused: u.use.Refused,
			Row: u.use.Row, Epoch: u.epoch, Want: short(u.want), Used: short(u.used), Waited: u.waits,
			Asked: short(min(u.use.Asked.Seconds(), mostPause)),
		}
		r.Uses = append(r.Uses, u.told)
		n.reshare(now, q, u)
	}
	n.hello = false
	n.reports++
	n.reported = now
	n.next = now.Add(time.Duration((0.9 + 0.2*n.cfg.Random()) * float64(every)))
	n.out = append(n.out, Message{Report: r})
}
