package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// result is what became of tests.
type result struct {
	passed, failed, skipped int
	said                    string // Instead of the numbers.
	broken                  bool   // Something else failed, such as a build.
}

func (r result) bad() bool { return r.failed > 0 || r.broken }

// add puts two together.
func (r result) add(other result) result {
	return result{
		r.passed + other.passed, r.failed + other.failed, r.skipped + other.skipped, r.said + other.said,
		r.broken || other.broken,
	}
}

func (r result) String() string {
	switch {
	case r.said != "":
		return r.said
	case r.failed > 0:
		return fmt.Sprintf("%d passed, **%d failed**", r.passed, r.failed)
	case r.passed == 0:
		return "not run"
	}
	return fmt.Sprintf("%d passed", r.passed)
}

// table is one of the page's. Each row has a name and a result for each column but the first.
type table struct {
	columns []string
	rows    []row
	form    string // What was run.
}

type row struct {
	name    string
	results []result
}

func (t table) failed() bool {
	for _, r := range t.rows {
		for _, one := range r.results {
			if one.bad() {
				return true
			}
		}
	}
	return false
}

// text is the table in Markdown, with the day on which it was made.
func (t table) text(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Run on %s: %s.\n\n", now.UTC().Format(time.DateOnly), t.form)
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.columns, " | "), strings.Repeat(" --- |", len(t.columns)))
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s", r.name)
		for _, one := range r.results {
			fmt.Fprintf(&b, " | %s", one)
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// replace writes a table between its marks in a page.
func replace(file, name, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no marks %q and %q", file, begin, end)
	}
	if err := os.WriteFile(file, []byte(before+begin+"\n"+text+"\n"+end+after), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
