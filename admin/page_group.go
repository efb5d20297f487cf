package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"momento-bridge/terminal"
)

// shownLeases is how many leases the page shows at most.
const shownLeases = 200

func memberRows(g *Group, now time.Time) []row {
	all := make([]row, len(g.Members))
	for i := range g.Members {
		all[i] = memberRow(g, &g.Members[i], now)
	}
	return all
}

func memberRow(g *Group, m *Member, now time.Time) row {
	var is []string
	if m.Self {
		is = append(is, "this one")
	}
	if m.Keeper {
		is = append(is, "keeper of the quota")
	}
	heard := formatSince(m.Heard, now)
	if m.Self {
		heard = "–"
	} else if heard != "–" {
		heard += " ago"
	}
	return newRow("", map[string]string{
		"name": g.MemberName(m.ID), "id": m.ID, "version": m.Version, "age": formatSince(m.Started, now),
		"heard": heard, "leases": formatCount(g.Held(m.ID)), "is": strings.Join(is, ", "),
	})
}

func leaseRows(g *Group, now time.Time) []row {
	all := make([]row, min(shownLeases, len(g.Leases)))
	for i := range all {
		all[i] = leaseRow(g, &g.Leases[i], now)
	}
	return all
}

func leaseRow(g *Group, l *Lease, now time.Time) row {
	partition, holder := "–", "nobody"
	if l.Partition > 0 {
		partition = strconv.Itoa(l.Partition)
	}
	if l.Holder != "" {
		holder = g.MemberName(l.Holder)
	} else if l.Mine {
		holder = "this one"
	}
	return newRow(leaseTone(l), map[string]string{
		"route": l.Route, "partition": partition, "holder": holder, "state": words(l.State),
		"since": formatSince(l.Since, now), "changes": formatCount(l.Changes),
	})
}

// leaseTone says how a lease is to be taken: that nobody holds it is not well.
func leaseTone(l *Lease) string {
	switch {
	case l.Mine && l.State == "settling":
		return "busy"
	case l.Mine:
		return "good"
	case l.Holder == "":
		return "warn"
	}
	return "calm"
}

func shareRow(r *GroupRate, _ time.Time) row {
	return newRow("", map[string]string{
		"scope": r.Scope, "rate": formatQuota(r.Scope, r.Rate), "share": formatQuota(r.Scope, r.Share),
	})
}

// formatGroup says in a sentence how many replicas there are and what is wrong with their leases.
func formatGroup(g *Group) string {
	text := fmt.Sprintf("%s in the group %s.", terminal.Plural(len(g.Members), "replica"), g.Name)
	if n := len(g.Leases) - shownLeases; n > 0 {
		text += " " + formatCount(n) + " more leases are not shown."
	}
	if g.Unshared != "" {
		text += " Not shared: " + g.Unshared + "."
	}
	if g.Missing == "" {
		return text
	}
	text += " Without leases: " + g.Missing
	if g.Advice != "" {
		text += "; " + g.Advice
	}
	return text + "."
}

// formatSince writes how long ago something was; a dash where that is not known.
func formatSince(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return formatDuration(since(t, now))
}
