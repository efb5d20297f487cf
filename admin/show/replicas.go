package show

import (
	"fmt"
	"slices"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/terminal"
)

// namedLeases is how many leases are named in a line.
const namedLeases = 5

// groupLines say of the replicas what the daemon knows; none where there is nothing but the daemon itself.
func groupLines(g *admin.Group, add func(name, text string)) {
	if len(g.Members) > 1 {
		add("replicas", fmt.Sprintf("%d in the group %s: %s", len(g.Members), g.Name, memberNames(g)))
		add("leases", leaseText(g))
		add("share", shareText(g))
	}
	if g.Missing != "" {
		text := g.Missing
		if g.Advice != "" {
			text += "; " + g.Advice
		}
		add("no leases", text)
	}
	if g.Unshared != "" {
		add("unshared", g.Unshared)
	}
}

// memberNames name the members, a few of them.
func memberNames(g *admin.Group) string {
	var names []string
	for i := range g.Members {
		m := &g.Members[i]
		var is []string
		if m.Self {
			is = append(is, "this one")
		}
		if m.Keeper {
			is = append(is, "keeper")
		}
		name := g.MemberName(m.ID)
		if len(is) > 0 {
			name += " (" + strings.Join(is, ", ") + ")"
		}
		names = append(names, name)
	}
	return someOf(names)
}

// leaseText says which leases are held here, and by whom the others.
func leaseText(g *admin.Group) string {
	var here []string
	elsewhere := map[string][]string{}
	var holders []string
	for i := range g.Leases {
		l := &g.Leases[i]
		if l.Mine {
			here = append(here, leaseName(l))
			continue
		}
		who := "nobody"
		if l.Holder != "" {
			who = g.MemberName(l.Holder)
		}
		if !slices.Contains(holders, who) {
			holders = append(holders, who)
		}
		elsewhere[who] = append(elsewhere[who], leaseName(l))
	}
	var parts []string
	if len(here) > 0 {
		parts = append(parts, "here: "+someOf(here))
	}
	for _, who := range holders {
		parts = append(parts, who+": "+someOf(elsewhere[who]))
	}
	return strings.Join(parts, "; ")
}

// leaseName names a lease: its route, and its partition where there are several.
func leaseName(l *admin.Lease) string {
	name := l.Route
	if l.Partition > 0 {
		name += fmt.Sprintf("/%d", l.Partition)
	}
	if l.Mine && l.State == settling {
		name += " (settling)"
	}
	return name
}

// shareText says what this replica has of the group's rates.
func shareText(g *admin.Group) string {
	var parts []string
	for _, r := range g.Rates {
		if r.Rate != nil && r.Share != nil {
			parts = append(parts, fmt.Sprintf("%s: %s/s of %s/s", r.Scope, rateText(r.Scope, *r.Share),
				rateText(r.Scope, *r.Rate)))
		}
	}
	return strings.Join(parts, "; ")
}

// rateText is a rate of that scope without its time.
func rateText(scope string, rate float64) string {
	if scope == "throughput" {
		return terminal.Bytes(int64(rate))
	}
	return terminal.Number(rate)
}

// someOf joins names, and counts those that are too many to name.
func someOf(names []string) string {
	text := strings.Join(names[:min(namedLeases, len(names))], ", ")
	if more := len(names) - namedLeases; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
