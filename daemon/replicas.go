package daemon

import (
	"slices"

	"momento-bridge/daemon/status"
	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// sharing is the part of a daemon that shares the quota with others. It may be asked concurrently.
type sharing interface {
	Members() []status.Member
	Rates() []status.GroupRate
}

// leasing is the part of a daemon that holds leases. It may be asked concurrently.
type leasing interface {
	Status() []status.Lease
	// Missing says what leases lack and what to do about it; both are empty while they lack nothing.
	Missing() (what, advice string)
}

// group is what is known of the replicas now. A daemon that shares no quota knows of itself alone.
func (d *Daemon) group(stats *pipeline.Stats) status.Group {
	g := status.Group{Name: d.plan.file.Limits.Group, Quotas: d.plan.quotas(), Self: d.identity.member}
	if d.sharing != nil {
		g.Members, g.Rates = d.sharing.Members(), d.sharing.Rates()
	}
	for i := range stats.Quotas {
		q := &stats.Quotas[i]
		if !slices.ContainsFunc(g.Rates, func(r status.GroupRate) bool { return r.Scope == q.Scope }) {
			g.Rates = append(g.Rates, status.GroupRate{Scope: q.Scope, Rate: q.Rate, Share: q.Rate, Learned: q.Learned})
		}
	}
	g.Leases = d.leasing.Status()
	g.Missing, g.Advice = d.leasing.Missing()
	if needless(&g) {
		g.Missing, g.Advice = "", ""
	}
	if g.Missing == "" {
		if text := d.shared.missing(); text != "" {
			g.Missing = "the NATS user may not " + text
			g.Advice = "grant it (docs/permissions.md): replicas do not see each other"
		}
	}
	g.Unshared = d.unshared()
	for i := range g.Leases {
		d.complete(&g, &g.Leases[i])
	}
	return g
}

// needless reports whether nobody needs the leases that are missing: this replica carries all routes, and no other one
// is heard that has the same.
func needless(g *status.Group) bool {
	if slices.ContainsFunc(g.Leases, func(l status.Lease) bool { return l.State != status.LeaseAlone }) {
		return false
	}
	own := slices.IndexFunc(g.Members, func(m status.Member) bool { return m.Self })
	return own < 0 || !slices.ContainsFunc(g.Members, func(m status.Member) bool {
		return !m.Self && m.Routes == g.Members[own].Routes
	})
}

// complete says of a lease what only others know: that its route settles, and, where there is no bucket, that the
// oldest member carries what this one does not.
func (d *Daemon) complete(g *status.Group, l *status.Lease) {
	switch {
	case l.Mine && (l.State == status.LeasePublishing || l.State == status.LeaseAlone) && d.settles(l):
		l.State = status.LeaseSettling
	case !l.Mine && l.Holder == "" && g.Missing != "" && len(g.Members) > 1 && !g.Members[0].Self:
		l.Holder = g.Members[0].ID
	}
}

// settles reports whether what has a lease gathers what was delivered before.
func (d *Daemon) settles(l *status.Lease) bool {
	for i := range d.plan.routes {
		if d.plan.routes[i].route.Name != l.Route {
			continue
		}
		switch src := d.sources[i].(type) {
		case *source.JetStream:
			return settling(src)
		case partitionSources:
			return l.Partition > 0 && l.Partition <= len(src) && settling(src[l.Partition-1])
		}
	}
	return false
}

// settling reports whether a source that consumes publishes nothing new yet.
func settling(src *source.JetStream) bool {
	ready, _ := src.Ready()
	return ready && src.Settling()
}
