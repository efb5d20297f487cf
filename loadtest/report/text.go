package report

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// WriteText writes the report for a terminal: the answer first. files are those that were written besides; they may be
// none.
func WriteText(to io.Writer, r *Report, files ...string) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	r = tidy(r)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.answer())
	for _, f := range r.Facts() {
		line(&b, f.Name, f.Sentence())
	}
	b.WriteByte('\n')
	for _, f := range r.target() {
		line(&b, f.Name, f.Text)
	}
	r.writeLatencies(&b)
	r.writeRefusals(&b)
	if a := r.Advice(); len(a.Lines) > 0 {
		fmt.Fprintf(&b, "\nFor the daemon's configuration (%s):\n\n    %s\n", a.Why, strings.Join(a.Lines, "\n    "))
	}
	if len(files) > 0 {
		b.WriteByte('\n')
		for i, file := range files {
			line(&b, map[bool]string{true: "Files"}[i == 0], printable.Text(file))
		}
		b.WriteByte('\n')
		line(&b, "Next", r.next(files))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func line(b *strings.Builder, name, text string) { fmt.Fprintf(b, "%-13s %s\n", name, text) }

// next is the command that one may want to run afterwards.
func (r *Report) next(files []string) string {
	for _, file := range files {
		if filepath.Base(file) == jsonName && r.Test == Find {
			return "momento-bridge loadtest compare " + Shell(file) +
				" LATER.json   tells whether the limit has changed"
		}
	}
	return "momento-bridge loadtest report FILE   writes a report.json again in any format"
}

// Shell quotes a word for a shell, where it needs that.
func Shell(word string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.ContainsRune("/._-+=:@%", c)
	}
	if word != "" && strings.IndexFunc(word, func(c rune) bool { return !plain(c) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(printable.Text(word), "'", `'\''`) + "'"
}

// timing is one row of the tables of times.
type timing struct {
	name string
	what string
	rate float64
	*Latency
}

// timings are all times that were measured, in order.
func (r *Report) timings() []timing {
	var rows []timing
	for _, name := range r.names() {
		l := r.Latency[name]
		label := printable.Text(name)
		if r.Test == Find && strings.HasSuffix(name, "%") {
			label += " of clean"
		}
		rows = append(rows, timing{label, "response", l.Rate, &l})
		if l.Service != nil {
			rows = append(rows, timing{label, "service", l.Rate, l.Service})
		}
	}
	if r.Delivery != nil {
		rows = append(rows, timing{"end to end", "NATS to subscriber", 0, &r.Delivery.Latency})
	}
	if r.Generator.SendDelay.Count > 0 {
		rows = append(rows, timing{"generator", "send delay", 0, &r.Generator.SendDelay})
	}
	return rows
}

// timesExplained says what the times are.
const timesExplained = "response: from planned to answered; service: from sent to answered; send delay: from " +
	"planned to sent"

var timeHeads = []string{"", "time", "offered", "n", "min", "mean", "p50", "p90", "p99", "p99.9", "max"}

// cells returns the row as text, under timeHeads.
func (t *timing) cells() []string {
	rate := ""
	if t.rate > 0 {
		rate = figure.Rate(t.rate)
	}
	cells := []string{t.name, t.what, rate, figure.Count(t.Count)}
	for _, v := range []*float64{t.Min, t.Mean, t.P50, t.P90, t.P99, t.P999, t.Max} {
		cells = append(cells, optional(v))
	}
	return cells
}

func (r *Report) writeLatencies(b *strings.Builder) {
	rows := r.timings()
	if len(rows) == 0 {
		return
	}
	about := "Times"
	if r.Test == Find {
		about = "Times of accepted publishes"
	}
	fmt.Fprintf(b, "\n%s (%s)\n\n", about, timesExplained)
	table := [][]string{timeHeads}
	for _, row := range rows {
		table = append(table, row.cells())
	}
	writeTable(b, table, 2)
}

// writeTable aligns the first columns to the left, the others to the right.
func writeTable(b *strings.Builder, rows [][]string, left int) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var text strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < left {
				text.WriteString("  " + cell + pad)
			} else {
				text.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
}

func (r *Report) writeRefusals(b *strings.Builder) {
	if len(r.Refusals) == 0 {
		return
	}
	b.WriteString("\nRefused with\n\n")
	for _, refusal := range r.Refusals {
		fmt.Fprintf(b, "  %s times: %s\n", figure.Count(refusal.Count), refusal.shown())
	}
}

// shown is the refusal's body for people.
func (r *Refusal) shown() string { return cmp.Or(printable.Text(r.Text), "(an empty body)") }
