package main

import (
	"strings"

	"momento-bridge/admin"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// routeColumns are the table's columns. The first two are words, the others figures.
var routeColumns = [...]struct {
	head string
	of   func(r *admin.Route) string
}{
	{"ROUTE", func(r *admin.Route) string { return r.Name }},
	{"STATE", func(r *admin.Route) string { return r.State }},
	{"IN/S", func(r *admin.Route) string { return terminal.Number(r.Rates.In) }},
	{"OUT/S", func(r *admin.Route) string { return terminal.Number(r.Rates.Out) }},
	{"429/S", func(r *admin.Route) string { return terminal.Number(r.Rates.Refused) }},
	{"QUEUED", func(r *admin.Route) string { return terminal.Count(int64(r.Queued)) }},
	{"WAITING", func(r *admin.Route) string { return terminal.Count(r.Waiting) }},
	{"PUBLISHED", func(r *admin.Route) string { return terminal.Count(int64(r.Settled["published"])) }},
	{"LOST", func(r *admin.Route) string { return terminal.Count(int64(r.LostTotal)) }},
	{"DEAD", func(r *admin.Route) string { return terminal.Count(int64(r.Settled["dead_lettered"])) }},
}

// The states of a route that its lease gives it, and that are no trouble.
const (
	standby  = "standby"
	settling = "settling"
)

// routeWords is how many columns are words.
const routeWords = 2

// routeLines are the table of routes; under each route stand what limits it, its forecast and why it is not running.
func routeLines(routes []admin.Route, paint terminal.Palette) []string {
	rows := make([][]string, len(routes)+1)
	for _, column := range routeColumns {
		rows[0] = append(rows[0], column.head)
		for i := range routes {
			rows[i+1] = append(rows[i+1], printable.Line(column.of(&routes[i])))
		}
	}
	var lines []string
	for i, line := range aligned(rows, routeWords) {
		if i == 0 {
			lines = append(lines, line)
			continue
		}
		lines = append(lines, paintRoute(&routes[i-1], line, paint))
		for _, under := range terminal.Wrap(routeNote(&routes[i-1]), terminal.Width-2) {
			lines = append(lines, "  "+paint.Faint(under))
		}
	}
	return lines
}

// aligned makes lines of the rows of a table: the first columns are words, the others figures.
func aligned(rows [][]string, words int) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], len([]rune(cell)))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		for c, cell := range row {
			row[c] = terminal.PadLeft(cell, widths[c])
			if c < words {
				row[c] = terminal.Pad(cell, widths[c])
			}
		}
		lines[i] = strings.Join(row, "  ")
	}
	return lines
}

// paintRoute colours the line of a route that does not do its work.
func paintRoute(r *admin.Route, line string, paint terminal.Palette) string {
	switch {
	case r.State == standby, r.State == settling:
		return line
	case r.State == "running" && r.Reason != "" && r.Reason == r.Degraded:
		return paint.Paint(terminal.Warn, line)
	case r.State == "parked" || r.Reason != "" && r.State == "running":
		return paint.Paint(terminal.Bad, line)
	case r.State != "running":
		return paint.Paint(terminal.Warn, line)
	}
	return line
}

// routeNote says in words what the figures do not.
func routeNote(r *admin.Route) string {
	text := r.Forecast
	if r.LimitedBy != "" && r.LimitedBy != "nothing" {
		text = "limited by " + r.LimitedBy + "; " + text
	}
	if r.Reason != "" {
		text += "; " + r.Reason
	}
	if asked := byPolicy(r); asked != "" {
		text += "; by policy: " + asked
	}
	return printable.Line(text)
}

// byPolicy says how many messages have ended unpublished as the route says; empty: none.
func byPolicy(r *admin.Route) string {
	var texts []string
	for _, outcome := range [...]string{"replaced", "shed", "expired"} {
		if n := r.Settled[outcome]; n > 0 {
			texts = append(texts, terminal.Count(int64(n))+" "+outcome)
		}
	}
	if r.Skipped > 0 {
		texts = append(texts, terminal.Count(int64(r.Skipped))+" skipped")
	}
	return strings.Join(texts, ", ")
}
