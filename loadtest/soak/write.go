package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"momento-bridge/loadtest/drift"
	"momento-bridge/loadtest/report"
	"momento-bridge/printable"
)

// WriteText writes the report for a terminal: the answer first. files are those that were written besides.
func WriteText(to io.Writer, r *Report, files ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.answer())
	for _, f := range r.facts() {
		fmt.Fprintf(&b, "%-18s %s\n", f.name, f.text)
	}
	for i, file := range files {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%-18s %s\n", map[bool]string{true: "Files"}[i == 0], printable.Text(file))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// WriteMarkdown writes the report as Markdown.
func WriteMarkdown(to io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Soak\n\n**%s**\n\n| | |\n| --- | --- |\n", report.Inline(r.answer()))
	for _, f := range r.facts() {
		fmt.Fprintf(&b, "| %s | %s |\n", report.Inline(f.name), report.Inline(f.text))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// WriteJSON writes the report as JSON.
func WriteJSON(to io.Writer, r *Report) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	_, err = to.Write(append(printable.JSON(text), '\n'))
	return err
}

// Read reads a report that WriteJSON has written; ok is false for that of another test.
func Read(text []byte) (r *Report, ok bool, err error) {
	var head struct {
		Schema int    `json:"schema"`
		Test   string `json:"test"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Test != Test {
		return nil, false, nil //nolint:nilerr // Whoever reads other tests says what is wrong with it.
	}
	if head.Schema != Schema {
		return nil, true, fmt.Errorf("the report has schema %d, this program reads %d", head.Schema, Schema)
	}
	r = &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, true, fmt.Errorf("the report cannot be read: %w", err)
	}
	return r, true, r.check()
}

// check says what would make the report mean nothing.
func (r *Report) check() error {
	again := *r
	if again.judge(); again.Verdict != r.Verdict {
		return fmt.Errorf("the report contradicts itself: it is called %.40q, and the rest says %q", r.Verdict,
			again.Verdict)
	}
	for i := range r.Series {
		s := &r.Series[i]
		d := &s.Drift
		switch {
		case s.Name == "":
			return errors.New("the report contradicts itself: a series has no name")
		case len(s.Values) != len(r.At):
			return fmt.Errorf("the report contradicts itself: %.40q has %d values for %d times", s.Name, len(s.Values),
				len(r.At))
		case d.Has() && (d.Since == nil || d.Before == nil || d.After == nil || d.First == nil || d.Last == nil),
			d.PerHour == nil && d.Shape == drift.Slope:
			return fmt.Errorf("the report contradicts itself: %.40q drifts, and it is not said how", s.Name)
		}
	}
	return nil
}

// WriteAll writes every format into a directory, as report.WriteFiles does, and returns the paths.
func WriteAll(dir string, r *Report) ([]string, error) {
	return report.WriteFiles(dir, []report.File{
		{Name: "report.json", Write: func(w io.Writer) error { return WriteJSON(w, r) }},
		{Name: "report.html", Write: func(w io.Writer) error { return WriteHTML(w, r) }},
		{Name: "report.md", Write: func(w io.Writer) error { return WriteMarkdown(w, r) }},
		{Name: "report.txt", Write: func(w io.Writer) error { return WriteText(w, r) }},
	})
}
