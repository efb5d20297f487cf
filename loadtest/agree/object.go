package agree

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"momento-bridge/loadtest/figure"
)

// path is a member of the JSON, as generator.on_time; nil if it is not there.
func (s *seen) path(path string) any {
	var v any = s.object
	for name := range strings.SplitSeq(path, ".") {
		members, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = members[name]
	}
	return v
}

func (s *seen) num(path string) float64 {
	v, _ := s.path(path).(float64)
	return v
}

func (s *seen) str(path string) string {
	v, _ := s.path(path).(string)
	return v
}

func (s *seen) is(path string) bool { return s.path(path) == true }

// written are the facts that are a member of the JSON as it stands.
var written = []struct {
	name, path string
	as         func(float64) string
}{
	{"Clean rate", "clean_rate", figure.Rate},
	{"Failing rate", "failing_rate", figure.Rate},
	{"Plateau rate", "plateau_rate", figure.Rate},
	{"Requests", "requests", count},
	{"Delivered", "delivery.delivered", count},
	{"Lost", "delivery.lost", count},
	{"Duplicated", "delivery.duplicates", count},
	{"Reordered", "delivery.reordered", count},
	{"Breaks", "delivery.discontinuities", count},
}

func count(v float64) string { return figure.Count(int(v)) }

// sameAsJSON compares the facts with the members that they are made of.
func (s *seen) sameAsJSON() {
	if !reflect.DeepEqual(s.object, s.page.data) {
		s.problem("the report in the page is another one than the JSON")
	}
	for _, w := range written {
		text, ok := s.fact(w.name)
		if !ok {
			continue
		}
		want := "not determined"
		if s.path(w.path) != nil {
			want = w.as(s.num(w.path))
		}
		if value, _, _ := strings.Cut(text, ": "); value != want {
			s.problem("%s is %q, and %s in the JSON", w.name, value, want)
		}
	}
	s.samePreflight()
	if text, _ := s.fact("Generator"); len(s.trials()) > 0 &&
		!strings.Contains(text, ": "+figure.Share(s.num("generator.on_time"))+" of all publishes sent in time") {
		s.problem("on_time is %g in the JSON: %s", s.num("generator.on_time"), text)
	}
}

// samePreflight compares what was measured before with the list of the JSON.
func (s *seen) samePreflight() {
	timing, _ := s.path("generator.timing").([]any)
	text, told := s.fact("Preflight")
	if told != (len(timing) > 0) {
		s.problem("the JSON has a timing at %d rates: %q", len(timing), text)
	}
	if !told {
		return
	}
	want := "sends exactly up to " + figure.Rate(s.num("generator.fit_rate"))
	if s.num("generator.fit_rate") == 0 {
		want = "sends at no rate exactly"
	}
	if want += ": it stood still for up to " + figure.Time(s.num("generator.burst_seconds")); text != want {
		s.problem("the preflight is %q, and %q in the JSON", text, want)
	}
	at := slices.IndexFunc(s.text.facts, func(f fact) bool { return f.name == "Preflight" })
	for i, entry := range timing {
		of := func(name string) float64 { v, _ := entry.(map[string]any)[name].(float64); return v }
		want := fmt.Sprintf("at %s: %s in time, p99 %s late", figure.Rate(of("rate")), figure.Share(of("on_time")),
			figure.Time(of("p99_late_seconds")))
		if at+1+i >= len(s.text.facts) || s.text.facts[at+1+i].text != want {
			s.problem("the preflight does not say %q", want)
		}
	}
}

// trials are those of the JSON.
func (s *seen) trials() []map[string]any {
	var found []map[string]any
	list, _ := s.path("trials").([]any)
	for _, t := range list {
		found = append(found, t.(map[string]any))
	}
	return found
}
