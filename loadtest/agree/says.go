package agree

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"momento-bridge/loadtest/figure"
)

// sameHead compares the answers.
func (s *seen) sameHead() {
	if s.text.head != s.markdown.head {
		s.problem("answers differ: text %q, Markdown %q", s.text.head, s.markdown.head)
	}
	for _, part := range []string{s.page.title, strings.ToUpper(s.page.verdict), s.page.because} {
		if !strings.Contains(s.text.head, part) {
			s.problem("the page says %q on top, the text %q", part, s.text.head)
		}
	}
}

// greatNumbers compares the tiles with the facts of the same names.
func (s *seen) greatNumbers() {
	for _, t := range s.page.tiles {
		name, percentile, isTime := strings.Cut(t.name, ", ")
		if isTime {
			s.tileOfTimes(name, percentile, t.value)
			continue
		}
		i := slices.IndexFunc(s.page.facts.facts, func(f fact) bool { return f.name == t.name })
		if i < 0 {
			s.problem("%s is a great number, and no fact", t.name)
			continue
		}
		f := s.page.facts.facts[i]
		if f.text != t.value && !strings.HasPrefix(f.text, t.value+": ") {
			s.problem("%s is %q as a great number, and %q as a fact", t.name, t.value, f.text)
		}
		for _, n := range number.FindAllString(t.also, -1) {
			if !slices.Contains(number.FindAllString(f.text, -1), n) {
				s.problem("%s: %q is beside the great number only: %q", t.name, n, f.text)
			}
		}
	}
}

func (s *seen) tileOfTimes(name, percentile, value string) {
	column := map[string]int{"p50": 6, "p99": 8}[percentile] // After name, what, offered, n, min and mean.
	for _, row := range s.page.times {
		if strings.EqualFold(row[0], name) && row[1] == "response" && row[column] != value {
			s.problem("%s at %s is %s as a great number, and in the table %q", name, percentile, value, row)
		}
	}
}

// figures is a number as package figure writes it.
const figures = `(?:\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?`

var (
	number = regexp.MustCompile(figures)
	rate   = regexp.MustCompile(`(` + figures + `)/s\b`)
)

// fact is what the text says of a name.
func (s *seen) fact(name string) (string, bool) {
	for _, f := range s.text.facts {
		if f.name == name {
			return f.text, true
		}
	}
	return "", false
}

// formats are what people read of each.
func (s *seen) formats() map[string]string {
	return map[string]string{"text": s.text.all, "Markdown": s.markdown.all, "HTML": s.page.all}
}

// numbersAreKnown looks for rates that are no fact and no trial's, or are rounded in another way.
func (s *seen) numbersAreKnown() {
	known := map[string]bool{}
	note := func(v any) {
		if x, ok := v.(float64); ok {
			known[strings.TrimSuffix(figure.Rate(x), "/s")] = true
		}
	}
	for _, path := range []string{"settings.max_rate", "settings.rate"} {
		note(s.path(path))
	}
	latencies, _ := s.path("latency").(map[string]any)
	for _, l := range latencies {
		note(l.(map[string]any)["rate"])
	}
	for _, t := range s.trials() {
		note(t["rate"])
	}
	for _, f := range s.text.facts {
		if f.name == "Expected" {
			continue
		}
		for _, m := range rate.FindAllStringSubmatch(f.text, -1) {
			known[m[1]] = true
		}
	}
	for _, m := range rate.FindAllStringSubmatch(s.limit(), -1) {
		known[m[1]] = true
	}
	for _, m := range rate.FindAllStringSubmatch(s.str("expected"), -1) {
		known[m[1]] = true
	}
	for name, text := range s.formats() {
		for _, m := range rate.FindAllStringSubmatch(text, -1) {
			if !known[m[1]] {
				s.problem("%s has the rate %s, which is no fact's and no trial's", name, m[0])
			}
		}
	}
}

// limit is the limit itself, which is in the answer alone: the middle of a bracket.
func (s *seen) limit() string {
	if s.str("verdict") != "proved" {
		return ""
	}
	return s.page.title
}

// labels are statements of which a report has one at the most, whatever the format: the number is what is in brackets.
var labels = map[string]*regexp.Regexp{
	"sent in time":            labelled(`(N %) of all publishes sent in time`),
	"could send":              labelled(`could send (N/s)`),
	"refused at the failing":  labelled(`(?:refused in (\d+ of \d+) trials|, (\d+ of \d+) at the failing rate)`),
	"accepted of an overload": labelled(`(?:Plateau rate\s+(N/s)|, but (N/s) are accepted in overload)`),
	"refusals begin":          labelled(`(?:Failing rate\s+(N/s)|refusals begin at (N/s))`),
	"offered":                 labelled(`(?:of (N/s) offered|Offered[ |]+N: (N/s))`),
	"burst":                   labelled(`(?:Burst\s+(?:perhaps )?about (N)|a burst of (N))`),
	"trials at the clean":     labelled(`(\d+ of \d+) trials at the clean rate`),
	"at most refused":         labelled(`(?:that is at most (N %) with|at most (N %) refused)`),
}

func labelled(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(pattern, "N", figures))
}

func (s *seen) labels() {
	formats := s.formats()
	for format, text := range formats {
		formats[format] = withoutGoals(text)
	}
	for label, pattern := range labels {
		found := map[string]string{}
		for format, text := range formats {
			for _, m := range pattern.FindAllStringSubmatch(text, -1) {
				found[strings.Join(m[1:], "")] = format
			}
		}
		if len(found) > 1 {
			s.problem("%s has several values: %v", label, found)
		}
	}
	s.shares()
}

// goals have rates and reasons of their own; so have the settings.
var goals = regexp.MustCompile(`(?m)^.*(?:Goal [\d.]+ %|clean is at most).*$|Goal [\d.]+ %\s+[^\n]*`)

func withoutGoals(text string) string { return goals.ReplaceAllString(text, "") }

// shares looks for shares of a trial's publishes that are none of the trials'.
func (s *seen) shares() {
	known := map[string]bool{}
	for _, t := range s.trials() {
		share, _ := t["on_time"].(float64)
		known[figure.Share(share)] = true
		sent, _ := t["sent"].(float64)
		lost, _ := t["not_sent"].(float64)
		known[figure.Share(sent/(sent+lost))] = true
	}
	for _, m := range onlySent.FindAllStringSubmatch(s.str("reason"), -1) {
		if !known[m[1]] {
			s.problem("the reason says that only %s were sent, which is no trial's share: %v", m[1], known)
		}
	}
}

var onlySent = regexp.MustCompile(`only ([\d.]+ %) of (?:the|its) publishes were sent`)

// chart compares what is drawn with the facts.
func (s *seen) chart() {
	for name, text := range map[string]string{"Offered": "offered", "Accepted": "accepted", "Refused": "refused"} {
		sum, seconds := 0.0, s.path("seconds").([]any)
		for _, second := range seconds {
			v, _ := second.(map[string]any)[text].(float64)
			sum += v
		}
		if fact, ok := s.fact(name); ok && len(seconds) > 0 && !strings.HasPrefix(fact, count(sum)+":") {
			s.problem("%s is %s, and the chart adds up to %s", name, fact, count(sum))
		}
	}
	if sent := s.sent(); s.str("test") == "find" && len(s.path("seconds").([]any)) > 0 &&
		(s.num("requests") < sent || s.num("requests") > sent+1) { // One may have been sent before.
		s.problem("requests are %g, and the chart adds up to %g", s.num("requests"), sent)
	}
	if fit := s.page.drawn.Fit; fit != nil && fit.Text != figure.Rate(s.num("plateau_rate")) {
		s.problem("the line of the plateau is named %s", fit.Text)
	}
	for i, t := range s.page.drawn.Shares {
		row := s.page.trials[i]
		if want := fmt.Sprintf("%s: %s", row[0], row[2]); t.Text != want {
			s.problem("the chart names a trial %q, the table %q", t.Text, want)
		}
	}
}

// sent is how many publishes are drawn that were sent.
func (s *seen) sent() float64 {
	sum := 0.0
	for _, second := range s.path("seconds").([]any) {
		for _, of := range []string{"accepted", "refused", "failed"} {
			v, _ := second.(map[string]any)[of].(float64)
			sum += v
		}
	}
	return sum
}

// colour compares the banner with what is said.
func (s *seen) colour() {
	doubts := []string{}
	for _, word := range []string{"NOT FIT", "NOT PROVED", "INTERRUPTED", "NOT MET"} {
		if strings.Contains(withoutGoals(s.text.all), word) {
			doubts = append(doubts, word)
		}
	}
	clean := s.str("verdict") == "proved"
	if s.str("test") == "rate" {
		clean = s.num("delivery.lost") == 0
		for _, name := range []string{"Refused", "Failed", "Unanswered", "Not sent"} {
			if text, ok := s.fact(name); ok && !strings.HasPrefix(text, "0:") {
				clean = false
			}
		}
	}
	if s.is("interrupted") && !slices.Contains(doubts, "INTERRUPTED") {
		s.problem("it does not say that it was interrupted")
	}
	if good := s.page.tone == "good"; good != (clean && len(doubts) == 0) {
		s.problem("the banner is %q: verdict %q, clean %v, %q", s.page.tone, s.str("verdict"), clean, doubts)
	}
}

// unproved looks for a kind and a burst that nothing shows, and for advice that is made of them.
func (s *seen) unproved() {
	if s.str("test") != "find" {
		return
	}
	for _, of := range []string{"limiter", "burst"} {
		none, confidence := s.path(of) == nil || s.path(of) == "unknown", s.str(of+"_confidence")
		byVerdict := s.path(of) == "soft" || s.path(of) == "shared"
		if none && confidence != "none" && confidence != "" || confidence == "none" && !none && !byVerdict {
			s.problem("%s is %v with the confidence %q", of, s.path(of), confidence)
		}
		if s.str("verdict") != "proved" && !none && !byVerdict && confidence != "low" {
			s.problem("nothing is proved, but %s is %v with the confidence %q", of, s.path(of), confidence)
		}
	}
	if s.str("verdict") == "proved" {
		return
	}
	if text, _ := s.fact("Limiter"); !strings.HasPrefix(text, "unknown") && !strings.HasPrefix(text, "perhaps ") &&
		!strings.HasPrefix(text, "soft") && !strings.HasPrefix(text, "shared") {
		s.problem("nothing is proved, but the limiter is %q", text)
	}
	if text, _ := s.fact("Burst"); !strings.HasPrefix(text, "not determined") &&
		!strings.HasPrefix(text, "perhaps ") {
		s.problem("nothing is proved, but the burst is %q", text)
	}
	if s.text.advice != "limits:\n  rate: auto" {
		s.problem("nothing is proved, but it advises %q", s.text.advice)
	}
}
