package template

import (
	"strings"
	"testing"
)

func TestTemplateOfSeveralFiltersTakesTheWildcardsOfTheOneThatMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filters  []string
		template string
		topics   map[string]string
	}{
		{[]string{"a.>", "b.*"}, "{{subject}}", map[string]string{"a.x.y": "a.x.y", "b.z": "b.z"}},
		{[]string{"a.>", "b.*.c"}, "t-{{wildcard(1)}}", map[string]string{
			"a.x.y": "t-x.y", "a.x": "t-x",
			"b.z.c": "t-z",
		}},
		{[]string{"a.*", "b.x.*", "*.y.z.>"}, "$1", map[string]string{"a.1": "1", "b.x.2": "2", "c.y.z.3.4": "c"}},
		{[]string{"a.*", "b.*"}, "$1", map[string]string{"a.1": "1", "b.2": "2", "c.3": "3"}},
		{[]string{"a.*.x", "b"}, "all", map[string]string{"a.1.x": "all", "b": "all"}},
		{[]string{"a.*.*", "*.c"}, "{{wildcard(1)}}", map[string]string{"none.of.them": "of"}}, // As the first would.
	} {
		template, err := Compile(tt.filters, tt.template)
		if err != nil {
			t.Errorf("%q of %q: %v", tt.template, tt.filters, err)
			continue
		}
		for subject, want := range tt.topics {
			if got := template.Topic(subject, nil); got != want {
				t.Errorf("%q of %q makes %q of %q, want %q", tt.template, tt.filters, got, subject, want)
			}
		}
	}
	_, err := Compile([]string{"a.*.*", "b.*"}, "{{wildcard(2)}}")
	if err == nil || !strings.Contains(err.Error(), `filter "b.*" has one wildcard`) {
		t.Errorf("a template that is wrong for one of two filters: %v", err)
	}
}

func TestFilterMatchesAsTheServerDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filter, subject string
		want            bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a", "a.b", false},
		{"a.b", "a", false},
		{"*", "a", true},
		{"*", "a.b", false},
		{">", "a.b", true},
		{"a.>", "a", false},
		{"a.>", "a.b", true},
		{"a.>", "a.b.c", true},
		{"a.*.c", "a.b.c", true},
		{"a.*.c", "a.b.d", false},
		{"*.b", "a.b", true},
	} {
		if got := matches(strings.Split(tt.filter, "."), tt.subject); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.filter, tt.subject, got, tt.want)
		}
	}
}
