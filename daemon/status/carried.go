package status

import (
	"slices"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// The states that a lease gives to a route which runs.
const (
	standby  = "standby"
	settling = "settling"
)

// carriage says who carries a route.
type carriage struct {
	state string // standby, settling, or empty: this replica carries it, or a part of it, or it has no leases.
	by    string // Who carries it while this one stands by, for people; empty: nobody does.
	// What leases lack, and what to do about it; empty: nothing.
	missing string

	mine, settles, waits bool // Of its leases, at least one is so.
}

// carriage returns who carries the route.
func (f *Facts) carriage(route string) carriage {
	if f.carriages == nil {
		f.carriages = f.Group.carriages()
	}
	return f.carriages[route]
}

// carriages are those of all routes that have leases, by name.
func (g *Group) carriages() map[string]carriage {
	all := make(map[string]carriage)
	holders := make(map[string][]string)
	members := admin.Group{Members: g.Members}
	for i := range g.Leases {
		l := &g.Leases[i]
		c := all[l.Route]
		switch {
		case l.State == LeaseSettling:
			c.settles = true
		case l.Mine:
			c.mine = true
		case l.State == LeaseStandby || l.State == LeaseLost:
			c.waits = true
		}
		all[l.Route] = c
		if !l.Mine && l.Holder != "" && !slices.Contains(holders[l.Route], l.Holder) {
			holders[l.Route] = append(holders[l.Route], l.Holder)
		}
	}
	for route, c := range all {
		switch {
		case c.mine:
		case c.settles:
			c.state = settling
		case c.waits:
			c.state, c.by = standby, list(&members, holders[route])
			c.missing = g.lacks()
		}
		all[route] = c
	}
	return all
}

// list names members, a few of them.
func list(members *admin.Group, ids []string) string {
	var names []string
	for _, id := range ids[:min(few, len(ids))] {
		names = append(names, members.MemberName(id))
	}
	text := strings.Join(names, ", ")
	if more := len(ids) - len(names); more > 0 {
		text += " and " + terminal.Count(int64(more)) + " more"
	}
	return text
}

// elsewhere reports whether another replica carries the route.
func (c *carriage) elsewhere() bool { return c.state == standby && c.by != "" }

// reason says why this replica does not publish the route's messages; empty if it does, or could.
func (c *carriage) reason() string {
	switch {
	case c.elsewhere():
		return strings.Replace(condition.Standby.Sentence(), "replica", "replica ("+c.by+")", 1)
	case c.state == standby:
		if c.missing != "" {
			return condition.Unclaimed.Sentence() + ": " + c.missing
		}
		return condition.Unclaimed.Sentence() + ": " + condition.Unclaimed.Advice()
	}
	return ""
}

// RouteState is the state of a route, its lease considered.
func (f *Facts) RouteState(i int) string {
	s := &f.Pipeline.Routes[i]
	if s.State != pipeline.Running {
		return string(s.State)
	}
	if c := f.carriage(s.Name); c.state != "" {
		return c.state
	}
	return string(s.State)
}

// StandsBy reports whether another replica carries the route, so that this one neither does nor has to.
func (f *Facts) StandsBy(i int) bool {
	c := f.carriage(f.Pipeline.Routes[i].Name)
	return c.elsewhere()
}

// notReady says why a route cannot consume, and what to do; empty while it can, or another replica does.
func (f *Facts) notReady(i int) string {
	c := f.carriage(f.Pipeline.Routes[i].Name)
	switch {
	case c.elsewhere():
		return ""
	case c.state == standby:
		return c.reason()
	}
	return f.Routes[i].NotReady
}

// RouteStates lists every state that RouteState returns.
func RouteStates() []string {
	var all []string
	for _, s := range pipeline.States {
		all = append(all, string(s))
	}
	return append(all, standby, settling)
}
