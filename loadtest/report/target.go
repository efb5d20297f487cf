package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// target says what was tested, for people.
func (r *Report) target() []Fact {
	t := &r.Target
	facts := []Fact{{Name: "Endpoint", Text: printable.Text(t.Endpoint)}}
	if t.Region != "" {
		facts = append(facts, Fact{Name: "Region", Text: printable.Text(t.Region)})
	}
	topics := printable.Text(t.Topic)
	if t.Topics > 1 {
		topics = fmt.Sprintf("%s, the first of %s", topics, figure.Count(t.Topics))
	}
	caches := make([]string, len(t.Caches))
	for i, c := range t.Caches {
		caches[i] = printable.Text(c)
	}
	facts = append(facts, Fact{Name: "Cache", Text: strings.Join(caches, ", ")}, Fact{Name: "Topic", Text: topics},
		Fact{Name: "Payload", Text: figure.Count(t.Bytes) + " bytes"}, Fact{
			Name: "Connections",
			Text: figure.Count(t.Connections),
		})
	if t.Via != "" {
		facts = append(facts, Fact{Name: "Via", Text: printable.Text(t.Via)})
	}
	program := "momento-bridge " + printable.Text(t.Version)
	if r.Generator.OS != "" {
		program += " on " + printable.Text(r.Generator.OS)
	}
	return append(facts, Fact{Name: "Program", Text: program}, Fact{Name: "Settings", Text: r.Settings.words()})
}

// words are the settings that decide what the result means.
func (s *Settings) words() string {
	var parts []string
	add := func(given bool, format string, args ...any) {
		if given {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(s.Effort != "", "effort %s", printable.Text(s.Effort))
	add(s.Width > 0, "width %s", figure.Share(s.Width))
	add(s.Width > 0 && s.Goal == 0, "clean is without a refusal")
	add(s.Goal > 0, "clean is at most %s refused", figure.Share(s.Goal))
	add(s.NoOverload, "no overload")
	add(s.MaxRate > 0, "at most %s", figure.Rate(s.MaxRate))
	add(s.MaxRequests > 0, "at most %s requests", figure.Count(s.MaxRequests))
	add(s.MaxSeconds > 0, "at most %s", figure.Duration(s.MaxSeconds))
	add(true, "seed %d", s.Seed)
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		add(true, "%s=%s", printable.Text(name), printable.Text(s.Labels[name]))
	}
	return strings.Join(parts, ", ")
}
