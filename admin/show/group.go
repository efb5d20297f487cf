package show

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// memberColumns are the table's columns. The first ones are words, the others figures.
var memberColumns = [...]struct {
	head string
	of   func(a *admin.Answer) string
}{
	{"MEMBER", func(a *admin.Answer) string { return memberText(a) }},
	{"STATE", func(a *admin.Answer) string { return string(a.State) }},
	{"VERSION", func(a *admin.Answer) string { return a.Version }},
	{"UP", func(a *admin.Answer) string { return terminal.Age(a.Now.Sub(a.Started)) }},
	{"LEASES", func(a *admin.Answer) string { return terminal.Count(int64(heldBy(a))) }},
	{"SHARE/S", func(a *admin.Answer) string { return regionShare(&a.Group) }},
	{"OUT/S", func(a *admin.Answer) string { return terminal.Number(a.Rates.Out) }},
	{"BACKLOG", func(a *admin.Answer) string { return terminal.Count(a.Queue.Waiting) }},
}

// memberWords is how many columns are words.
const memberWords = 3

// memberLeaves are the columns that are left out where the terminal is too narrow, the first ones first.
var memberLeaves = []int{2, 3, 5, 4, 6, 7}

// memberText names a member by its host, or by its id where others are on the same host, and marks the keeper.
func memberText(a *admin.Answer) string {
	m := a.Group.Member(a.ID)
	if m == nil { // It shares nothing, so that it knows of no members.
		return cmp.Or(a.Host, a.ID)
	}
	name := a.Group.MemberName(a.ID)
	if m.Keeper {
		name += "*"
	}
	return name
}

func heldBy(a *admin.Answer) int {
	n := 0
	for i := range a.Group.Leases {
		if a.Group.Leases[i].Mine {
			n++
		}
	}
	return n
}

// regionShare is what a member has of the region's rate.
func regionShare(g *admin.Group) string {
	for _, r := range g.Rates {
		if r.Scope == "region" && r.Share != nil {
			return terminal.Number(*r.Share)
		}
	}
	return "no limit"
}

// Group renders the answers of a group for people. There is at least one.
func Group(a *admin.GroupAnswers, paint terminal.Sheet) []string {
	lines := head(a, paint)
	rows := make([][]string, 1, len(a.Answers)+1)
	for _, column := range memberColumns {
		rows[0] = append(rows[0], column.head)
	}
	for i := range a.Answers {
		var cells []string
		for _, column := range memberColumns {
			cells = append(cells, printable.Line(column.of(&a.Answers[i])))
		}
		rows = append(rows, cells)
	}
	fit(rows, memberLeaves, paint)
	for i, line := range aligned(rows, memberWords) {
		if i == 0 {
			lines = append(lines, "", line)
			continue
		}
		one := &a.Answers[i-1]
		mark := markOf(one.State.Severity())
		if mark != terminal.Good {
			line = paint.Paint(mark, line)
		}
		lines = append(lines, line)
		for _, under := range paint.Wrap(printable.Line(memberNote(one)), 2) {
			lines = append(lines, "  "+paint.Faint(under))
		}
	}
	return append(lines, unheld(a, paint)...)
}

// head sums the group up: its size, its rate, what goes and what waits.
func head(a *admin.GroupAnswers, paint terminal.Sheet) []string {
	mark := terminal.Good
	for i := range a.Answers {
		mark = max(mark, markOf(a.Answers[i].State.Severity()))
	}
	if len(a.Silent) > 0 {
		mark = max(mark, terminal.Warn)
	}
	first := &a.Answers[0]
	text := fmt.Sprintf("%v group %s: %s, out %s/s, backlog %s", mark, first.Group.Name,
		terminal.Plural(len(a.Answers)+len(a.Silent), "member"), terminal.Number(outOf(a)),
		terminal.Count(backlogOf(a)))
	if rate := groupRate(&first.Group); rate != "" {
		text += ", rate " + rate + "/s for all (* keeps it)"
	}
	lines := paint.Wrap(printable.Line(text), 2)
	for i := range lines {
		lines[i] = paint.Paint(mark, lines[i])
	}
	for _, m := range a.Silent {
		text := "no answer within a second from " + cmp.Or(m.Host, m.ID)
		if !m.Heard.IsZero() {
			text += ", which was heard " + terminal.Age(max(0, first.Now.Sub(m.Heard))) + " ago"
		}
		for i, line := range paint.Wrap(printable.Line(text), 2) {
			sign := " "
			if i == 0 {
				sign = terminal.Warn.String()
			}
			lines = append(lines, paint.Paint(terminal.Warn, sign+" "+line))
		}
	}
	return lines
}

// groupRate is the region's rate of all members; empty: there is no limit.
func groupRate(g *admin.Group) string {
	for _, r := range g.Rates {
		if r.Scope == "region" && r.Rate != nil {
			return terminal.Number(*r.Rate)
		}
	}
	return ""
}

func outOf(a *admin.GroupAnswers) float64 {
	sum := 0.0
	for i := range a.Answers {
		sum += a.Answers[i].Rates.Out
	}
	return sum
}

// backlog is what waits on all routes: members that share a stream's consumer tell of the same messages.
func backlogOf(a *admin.GroupAnswers) int64 {
	most := map[string]int64{}
	for i := range a.Answers {
		for _, r := range a.Answers[i].Routes {
			most[r.Name] = max(most[r.Name], r.Waiting)
		}
	}
	sum := int64(0)
	for _, n := range most {
		sum += n
	}
	return sum
}

// memberNote says in words what a member holds and what is wrong with it.
func memberNote(one *admin.Answer) string {
	var parts, here []string
	for i := range one.Group.Leases {
		if l := &one.Group.Leases[i]; l.Mine {
			here = append(here, leaseName(l))
		}
	}
	if len(here) > 0 {
		parts = append(parts, "holds "+someOf(here))
	}
	if one.State.Severity() != admin.Good {
		parts = append(parts, one.Summary)
	}
	return strings.Join(parts, "; ")
}

// unheld names the leases that no member holds.
func unheld(a *admin.GroupAnswers, paint terminal.Sheet) []string {
	held := map[string]bool{}
	var free []string
	for i := range a.Answers {
		for j := range a.Answers[i].Group.Leases {
			l := &a.Answers[i].Group.Leases[j]
			held[leaseKey(l)] = held[leaseKey(l)] || l.Mine
		}
	}
	for i := range a.Answers {
		for j := range a.Answers[i].Group.Leases {
			l := &a.Answers[i].Group.Leases[j]
			if held[leaseKey(l)] {
				continue
			}
			held[leaseKey(l)] = true // Named once.
			free = append(free, leaseName(l))
		}
	}
	if len(free) == 0 {
		return nil
	}
	var lines []string
	for i, line := range paint.Wrap("nobody carries "+someOf(free), 2) {
		sign := " "
		if i == 0 {
			sign = terminal.Bad.String()
		}
		lines = append(lines, paint.Paint(terminal.Bad, sign+" "+printable.Line(line)))
	}
	return lines
}

func leaseKey(l *admin.Lease) string { return fmt.Sprintf("%s/%d", l.Route, l.Partition) }

// GroupLine renders the answers in one line, for logs and pipes.
func GroupLine(a *admin.GroupAnswers) string {
	var members []string
	for i := range a.Answers {
		one := &a.Answers[i]
		members = append(members, fmt.Sprintf("%s %s, leases %d, out %s/s", memberText(one), stateWord(one.State),
			heldBy(one), terminal.Number(one.Rates.Out)))
	}
	for _, m := range a.Silent {
		members = append(members, cmp.Or(m.Host, m.ID)+" no answer")
	}
	first := &a.Answers[0]
	return printable.Line(fmt.Sprintf("%s group %s: out %s/s, backlog %d; %s",
		first.Now.UTC().Format(time.RFC3339), first.Group.Name, terminal.Number(outOf(a)), backlogOf(a),
		strings.Join(members, "; ")))
}
