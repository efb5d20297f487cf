package show

import (
	"slices"
	"strings"
	"unicode/utf8"

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

// routeLeaves are the columns that are left out where the terminal is too narrow, the first ones first. What is not
// zero in them stands under the route.
var routeLeaves = []int{4, 5, 7, 9, 2, 8, 3}

// leftOut says what the columns have that are left out.
func leftOut(r *admin.Route, columns []int) string {
	var text strings.Builder
	for _, c := range columns {
		if value := routeColumns[c].of(r); value != "0" {
			text.WriteString("; " + strings.ToLower(routeColumns[c].head) + " " + value)
		}
	}
	return text.String()
}

// routeWords is how many columns are words.
const routeWords = 2

// routeLines are the table of routes; under each route stand what limits it, its forecast and why it is not running.
func routeLines(routes []admin.Route, paint terminal.Sheet) []string {
	rows := make([][]string, len(routes)+1)
	for _, column := range routeColumns {
		rows[0] = append(rows[0], column.head)
		for i := range routes {
			rows[i+1] = append(rows[i+1], printable.Line(column.of(&routes[i])))
		}
	}
	var lines []string
	left := fit(rows, routeLeaves, paint)
	for i, line := range aligned(rows, routeWords) {
		if i == 0 {
			lines = append(lines, line)
			continue
		}
		lines = append(lines, paintRoute(&routes[i-1], line, paint))
		for _, under := range paint.Wrap(routeNote(&routes[i-1])+leftOut(&routes[i-1], left), 2) {
			lines = append(lines, "  "+paint.Faint(under))
		}
	}
	return lines
}

// fit takes columns out of the rows of a table until a terminal has room for them, and says which; in the end the first
// column is cut.
func fit(rows [][]string, leaves []int, paint terminal.Sheet) (left []int) {
	if !paint.Fit {
		return nil
	}
	for _, c := range leaves {
		if tableWidth(rows) <= paint.Width {
			break
		}
		left = append(left, c)
		for _, row := range rows {
			row[c] = noColumn
		}
	}
	for i, row := range rows {
		rows[i] = slices.DeleteFunc(row, func(cell string) bool { return cell == noColumn })
	}
	if over := tableWidth(rows) - paint.Width; over > 0 {
		widest := 0
		for _, row := range rows {
			widest = max(widest, utf8.RuneCountInString(row[0]))
		}
		for _, row := range rows {
			row[0] = terminal.Cut(row[0], max(leastName, widest-over))
		}
	}
	return left
}

// noColumn is in no cell, as that is printable; leastName is how much of a name is left in the narrowest table.
const (
	noColumn  = "\x00"
	leastName = 8
)

func tableWidth(rows [][]string) int {
	width := 0
	for c := range rows[0] {
		if rows[0][c] == noColumn {
			continue
		}
		widest := 0
		for _, row := range rows {
			widest = max(widest, utf8.RuneCountInString(row[c]))
		}
		width += widest + len(columnGap)
	}
	return width - len(columnGap)
}

// columnGap stands between two columns.
const columnGap = "  "

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
		lines[i] = strings.Join(row, columnGap)
	}
	return lines
}

// paintRoute colours the line of a route that does not do its work.
func paintRoute(r *admin.Route, line string, paint terminal.Sheet) string {
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
