// Package agree says where the formats of one report contradict each other. It reads what people read, as a browser, a
// terminal and a program have it, and knows of a report only what it says. Tests use it.
package agree

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"momento-bridge/loadtest/report"
)

// seen is one report in each of its formats.
type seen struct {
	text, markdown facts
	page           page
	object         map[string]any // The JSON.
	problems       []string
}

func (s *seen) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// Problems are the contradictions in what is written of a report, in every format; none are wanted.
func Problems(r *report.Report) ([]string, error) {
	s := &seen{}
	if err := s.read(r); err != nil {
		return nil, err
	}
	s.compare()
	return s.problems, nil
}

func (s *seen) compare() {
	s.sameFacts()
	s.sameHead()
	s.greatNumbers()
	s.sameTables()
	s.sameAsJSON()
	s.numbersAreKnown()
	s.labels()
	s.chart()
	s.colour()
	s.unproved()
}

func (s *seen) read(r *report.Report) error {
	var text, markdown, html, object bytes.Buffer
	for _, f := range []struct {
		to    *bytes.Buffer
		write func(io.Writer, *report.Report) error
	}{
		{&text, func(w io.Writer, r *report.Report) error { return report.WriteText(w, r) }},
		{&markdown, report.WriteMarkdown},
		{&html, report.WriteHTML},
		{&object, report.WriteJSON},
	} {
		if err := f.write(f.to, r); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(object.Bytes(), &s.object); err != nil {
		return fmt.Errorf("the JSON cannot be read: %w", err)
	}
	s.text, s.markdown = readText(text.String()), readMarkdown(markdown.String())
	var err error
	s.page, err = readPage(&html)
	return err
}

// sameFacts compares the lists of facts, and what is to be written into a configuration.
func (s *seen) sameFacts() {
	if len(s.text.facts) == 0 {
		s.problem("the text has no facts")
	}
	for name, other := range map[string]facts{"Markdown": s.markdown, "HTML": s.page.facts} {
		if !reflect.DeepEqual(s.text.facts, other.facts) {
			s.problem("facts differ:\ntext %q\n%s %q", s.text.facts, name, other.facts)
		}
		if s.text.advice != other.advice {
			s.problem("advice differs:\ntext %q\n%s %q", s.text.advice, name, other.advice)
		}
	}
	names := map[string]string{}
	for _, f := range s.text.facts {
		if have, ok := names[f.name]; ok && f.name != "" {
			s.problem("%s is told twice: %s; %s", f.name, have, f.text)
		}
		names[f.name] = f.text
	}
}

// sameTables compares the tables of times and of trials.
func (s *seen) sameTables() {
	if !reflect.DeepEqual(s.markdown.times, s.page.times) || !reflect.DeepEqual(s.text.times, s.page.times) {
		s.problem("times differ:\ntext %q\nMarkdown %q\nHTML %q", s.text.times, s.markdown.times, s.page.times)
	}
	on := map[string]bool{}
	for _, row := range s.page.trials {
		on[fmt.Sprint(row)] = true
	}
	for _, row := range s.markdown.trials {
		if !on[fmt.Sprint(row)] {
			s.problem("the Markdown has the trial %q, the page does not: %q", row, s.page.trials)
		}
	}
}
