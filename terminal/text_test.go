package terminal

import (
	"slices"
	"testing"
)

func TestNumbersAreNotBrokenBetweenLines(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		if got := Wrap(text, 12); !slices.Equal(got, want) {
			t.Errorf("Wrap(%q) = %q, want %q", text, got, want)
		}
	}
	f("here 0 of 16 384, 0 B", "here 0 of", "16 384, 0 B")
	f("aaaaa 1 234 567 b", "aaaaa", "1 234 567 b")
	f("port 1 2345 ab", "port 1 2345", "ab")
	f("", "")
}
