package status

import (
	"fmt"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/terminal"
)

// told is what is told of the group.
func (f *Facts) told() *admin.Group {
	g := admin.Group{
		Name: f.Group.Name, Self: f.Group.Self, Members: f.Group.Members, Leases: f.Group.Leases,
		Missing: Bounded(f.Group.Missing), Advice: Bounded(f.Group.Advice), Rates: []admin.GroupRate{},
		Unshared: Bounded(f.Group.Unshared),
	}
	if g.Members == nil {
		g.Members = []Member{}
	}
	if g.Leases == nil {
		g.Leases = []Lease{}
	}
	for _, r := range f.Group.Rates {
		g.Rates = append(g.Rates, admin.GroupRate{
			Scope: r.Scope, Rate: Finite(r.Rate), Share: Finite(r.Share), Learned: r.Learned,
		})
	}
	return &g
}

// lacks says what leases lack and what to do about it; empty if they lack nothing.
func (g *Group) lacks() string {
	if g.Advice == "" {
		return Bounded(g.Missing)
	}
	return Bounded(g.Missing + "; " + g.Advice)
}

// apart says what keeps the replicas from working together, and what to do; none: nothing does, or this one is alone.
func apart(g *admin.Group) []string {
	var texts []string
	if g.Unshared != "" {
		texts = append(texts, g.Unshared)
	}
	if len(g.Members) < 2 {
		return texts
	}
	if g.Missing != "" {
		text := condition.NoLeases.Sentence() + ": " + g.Missing
		if g.Advice != "" {
			text += "; " + g.Advice
		}
		texts = append(texts, text)
	}
	if n := g.Strangers(); n > 0 {
		texts = append(texts, fmt.Sprintf("%s (%s of %d): %s", condition.OtherRoutes.Sentence(),
			terminal.Count(int64(n)), len(g.Members)-1, condition.OtherRoutes.Advice()))
	}
	return texts
}
