package template

import (
	"slices"
	"strings"
)

// choice is the template of one filter among several.
type choice struct {
	filter   []string // Its tokens.
	template *Template
}

// Compile reads a template for a route that consumes one filter, a NATS subject that may have wildcards, or several
// that do not overlap, at least one: wildcards are counted in the filter that a subject matches. The template must be
// valid for each of them. The error is meant for the person who wrote them: it names what is wrong and what to write
// instead.
func Compile(filters []string, template string) (*Template, error) {
	var choices []choice
	same := true
	for _, filter := range filters {
		t, err := compileOne(filter, template)
		if err != nil {
			return nil, err
		}
		choices = append(choices, choice{strings.Split(filter, "."), t})
		same = same && slices.Equal(mustWildcards(filter), mustWildcards(filters[0]))
	}
	if same {
		return choices[0].template, nil
	}
	first := choices[0].template
	return &Template{text: template, headers: first.headers, choices: choices, whole: first.whole}, nil
}

// mustWildcards returns where the wildcards of a filter are that has been compiled.
func mustWildcards(filter string) []tokenSpan {
	wildcards, _ := filterWildcards(filter)
	return wildcards
}

// choose returns the template of the filter that a subject matches; the first, if it matches none.
func (t *Template) choose(subject string) *Template {
	for _, c := range t.choices {
		if matches(c.filter, subject) {
			return c.template
		}
	}
	return t.choices[0].template
}

// matches reports whether a subject matches a filter, given by its tokens.
func matches(filter []string, subject string) bool {
	more := true
	for _, want := range filter {
		if !more {
			return false
		}
		if want == ">" {
			return true
		}
		var token string
		token, subject, more = strings.Cut(subject, ".")
		if want != "*" && want != token {
			return false
		}
	}
	return !more
}
