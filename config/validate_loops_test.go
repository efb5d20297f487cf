package config

import (
	"strings"
	"testing"
)

func TestCirclesOfDeadLettersAreFoundAndChainsAreFine(t *testing.T) {
	t.Parallel()
	const found = "a rejected message would go round for ever"
	tests := map[string]struct {
		routes string
		want   int
	}{
		"a chain": {`{name: a, subject: a, dead_letter: {subject: b}}, {name: b, subject: b, dead_letter: ` +
			`{subject: d}}, {name: d, subject: d}`, 0},
		"two": {`{name: a, subject: a, dead_letter: {subject: b}}, {name: b, subject: b, dead_letter: ` +
			`{subject: a}}`, 1},
		"two twice": {`{name: a, subject: a, dead_letter: {subject: b}}, {name: b, subject: b, dead_letter: ` +
			`{subject: a}}, {name: x, subject: x, dead_letter: {subject: y}}, {name: y, subject: y, dead_letter: ` +
			`{subject: x}}`, 2},
		"by a wildcard": {`{name: a, subject: "a.*", dead_letter: {subject: b.x}}, {name: b, subject: "b.>", ` +
			`dead_letter: {subject: a.x}}`, 1},
		"four": {`{name: a, subject: a, dead_letter: {subject: b}}, {name: b, subject: b, dead_letter: ` +
			`{subject: d}}, {name: d, subject: d, dead_letter: {subject: e}}, {name: e, subject: e, dead_letter: ` +
			`{subject: a}}`, 1},
		"filters": {`{name: a, stream: S, subject: "a.>", dead_letter: {subject: b.x}}, {name: b, stream: S, ` +
			`subject: "b.>", dead_letter: {subject: a.x}}`, 1},
		// NATS knows.
		"whole streams": {`{name: a, stream: A, dead_letter: {subject: b.x}}, {name: b, stream: B, dead_letter: ` +
			`{subject: a.x}}`, 0},
		"a wildcard alone": {`{name: a, stream: A, subject: "*.a", dead_letter: {subject: b.b}}, {name: b, stream: ` +
			`B, subject: "*.b", dead_letter: {subject: a.a}}`, 0},
		"one without any": {`{name: a, subject: a, dead_letter: {subject: b}}, {name: b, subject: b}`, 0},
	}
	for name, tt := range tests {
		routes := strings.ReplaceAll(tt.routes, "{name:", "{cache: c, name:")
		f := Read("f", []byte("routes: ["+routes+"]\n"))
		f.Validate()
		text := ""
		if err := f.Err(); err != nil {
			text = err.Error()
		}
		if got := strings.Count(text, found); got != tt.want || tt.want == 0 && text != "" {
			t.Errorf("%s: %d circles, want %d: %s", name, got, tt.want, text)
		}
	}
}
