package daemon

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/admin"
	"momento-bridge/daemon/status"
)

// groupMetrics are what replicas tell of each other: members, leases, the shared rate.
type groupMetrics struct {
	state                       *prometheus.Desc
	replicas, strangers, keeper *prometheus.Desc
	held, changes               *prometheus.Desc
	rate, share                 *prometheus.Desc
}

func newGroupMetrics(desc func(name, help string, labels ...string) *prometheus.Desc) groupMetrics {
	return groupMetrics{
		state: desc("route_state", "1 for the state that the route is in.", "route", "state"),

		replicas:  desc("replicas", "Members of the group seen, this one included."),
		strangers: desc("replicas_with_other_routes", "Members of the group whose routes are not this one's."),
		keeper:    desc("keeper", "1 while this replica learns the quota for its group.", "group", "quotas"),
		held: desc("lease_held",
			"1 while this replica carries the route or its partition (0: the route is not partitioned): it holds the "+
				"lease, or it is alone.", "route", "partition"),
		changes: desc("lease_changes_total",
			"Times that the lease of the route, or of a partition of it, changed hands while this replica looked on.",
			"route"),
		rate:  desc("group_rate_limit", "Rate in force for the group of replicas, per second.", "scope"),
		share: desc("group_rate_share", "This replica's share of group_rate_limit, per second.", "scope"),
	}
}

// collect tells of the same facts as the status.
func (m *groupMetrics) collect(ch chan<- prometheus.Metric, f *status.Facts) {
	g := f.Group
	members := admin.Group{Members: g.Members}
	gauge(ch, m.replicas, float64(max(1, len(g.Members))))
	gauge(ch, m.strangers, float64(members.Strangers()))
	self := members.Member(g.Self)
	gauge(ch, m.keeper, truth(self != nil && self.Keeper), g.Name, g.Quotas)
	changes := map[string]int{}
	for i := range g.Leases {
		l := &g.Leases[i]
		changes[l.Route] += l.Changes
		gauge(ch, m.held, truth(l.Mine), l.Route, strconv.Itoa(l.Partition))
	}
	for route, n := range changes {
		counter(ch, m.changes, float64(n), route)
	}
	for _, r := range g.Rates {
		gauge(ch, m.rate, r.Rate, r.Scope)
		gauge(ch, m.share, r.Share, r.Scope)
	}
	for i := range f.Pipeline.Routes {
		now := f.RouteState(i)
		for _, state := range status.RouteStates() {
			gauge(ch, m.state, truth(state == now), f.Pipeline.Routes[i].Name, state)
		}
	}
}
