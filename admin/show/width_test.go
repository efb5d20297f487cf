package show

import (
	"strings"
	"testing"
	"unicode/utf8"

	"momento-bridge/admin"
	"momento-bridge/admin/admintest"
	"momento-bridge/terminal"
)

// Every line fits into the terminal, and no word is broken that has room in a line.
func TestStatusFitsTheTerminal(t *testing.T) {
	t.Parallel()
	s := admintest.Running()
	long := s.Routes[0]
	long.Name = "orders-of-the-whole-of-europe.and-of-the-middle-east.partition-12"
	s.Routes = append(s.Routes, long)
	for i := range s.Routes {
		s.Routes[i].Settled = map[string]uint64{"published": 123_456_789, "dead_lettered": 77, "rejected": 5}
	}
	narrow := strings.Join(Status(s, terminal.Sheet{Width: 40, Fit: true}), " ")
	for _, words := range []string{"STATE", "WAITING", "published ", "dead 77"} {
		if !strings.Contains(narrow, words) {
			t.Errorf("at 40 columns there is no %q:\n%s", words, narrow)
		}
	}
	words := map[string]bool{}
	for word := range strings.FieldsSeq(strings.Join(Status(s, terminal.Sheet{Width: 10_000, Fit: true}), " ")) {
		words[word] = true
	}
	for width := 40; width <= 300; width++ {
		lines := Status(s, terminal.Sheet{Width: width, Fit: true})
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width {
				t.Fatalf("at %d columns this does not fit: %q", width, line)
			}
		}
		if width < 80 {
			continue // Long words may be broken there.
		}
		for word := range strings.FieldsSeq(strings.Join(lines[:len(lines)-1], " ")) {
			word = strings.TrimSuffix(word, ";")
			whole := words[word] || words[word+";"] || strings.HasSuffix(word, "…") || isHead(word)
			if !whole && strings.Trim(word, "0123456789.;") != "" {
				t.Fatalf("at %d columns %q is no whole word", width, word)
			}
		}
	}
}

// isHead reports whether a word names a column that is left out.
func isHead(word string) bool {
	for _, column := range routeColumns {
		if word == strings.ToLower(column.head) {
			return true
		}
	}
	return false
}

func TestMembersFitTheTerminal(t *testing.T) {
	t.Parallel()
	a := admintest.Group()
	a.Answers[0].Group = admin.Group{} // So that it is named by its host.
	a.Answers[0].Host = strings.Repeat("a-long-host.", 8)
	for width := 40; width <= 300; width++ {
		for _, line := range Group(a, terminal.Sheet{Width: width, Fit: true}) {
			if utf8.RuneCountInString(line) > width {
				t.Fatalf("at %d columns this does not fit: %q", width, line)
			}
		}
	}
}
