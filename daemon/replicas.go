package daemon

import (
	"slices"

	"momento-bridge/config"
	"momento-bridge/daemon/status"
	"momento-bridge/pipeline"
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

// group is what is known of the replicas now. A part that the daemon does not have is as if there were no others.
func (d *Daemon) group(stats *pipeline.Stats) status.Group {
	c := &d.plan.file.Config
	g := status.Group{Name: c.Limits.Group}
	if d.sharing != nil {
		g.Members, g.Rates = d.sharing.Members(), d.sharing.Rates()
	}
	for i := range g.Members {
		if g.Members[i].Self {
			g.Self = g.Members[i].ID
		}
	}
	for i := range stats.Quotas {
		q := &stats.Quotas[i]
		if !slices.ContainsFunc(g.Rates, func(r status.GroupRate) bool { return r.Scope == q.Scope }) {
			g.Rates = append(g.Rates, status.GroupRate{Scope: q.Scope, Rate: q.Rate, Share: q.Rate, Learned: q.Learned})
		}
	}
	if text := d.shared.missing(); text != "" {
		g.Missing, g.Advice = "the NATS user may not "+text, "grant it (docs/permissions.md): replicas do not see each other"
	}
	if d.leasing != nil {
		g.Leases = d.leasing.Status()
		if what, advice := d.leasing.Missing(); what != "" {
			g.Missing, g.Advice = what, advice
		}
		return g
	}
	for i := range c.Routes {
		if r := &c.Routes[i]; r.Stream != "" && r.Ordering == config.OrderingTopic {
			g.Leases = append(g.Leases, status.Lease{
				Route: r.Name, Holder: g.Self, Mine: true, State: status.LeaseAlone, Since: d.started,
			})
		}
	}
	return g
}
