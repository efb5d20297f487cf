package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// In testdata/wrong.txt are snippets as somebody may write them, each below a name and what is to be said of it. The
// real programs of the long form refuse them, too, in words of their own.
func TestWrongSnippetsAreRefused(t *testing.T) {
	t.Parallel()
	eachCase(t, "testdata/wrong.txt", func(t *testing.T, text string) {
		t.Helper()
		told, snippet, _ := strings.Cut(strings.TrimPrefix(text, "-- "), "\n")
		if err := tried(t, snippet); err == nil || !long && !strings.Contains(err.Error(), told) {
			t.Errorf("not told: %q, but: %v", told, err)
		}
	})
}

func TestRightSnippetsAreTaken(t *testing.T) {
	t.Parallel()
	eachCase(t, "testdata/right.txt", func(t *testing.T, snippet string) {
		t.Helper()
		if err := tried(t, snippet); err != nil {
			t.Error(err)
		}
	})
}

// tried tries a text as if it were a page.
func tried(t *testing.T, text string) error {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := ParsePage("page.md", text)
	if err != nil {
		return err
	}
	return page.Run(t.TempDir(), root, false, NewTally())
}

// eachCase runs a test for each part of a file, which begins with == and its name.
func eachCase(t *testing.T, file string, test func(t *testing.T, text string)) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(string(text), "== "), "\n== ") {
		name, text, _ := strings.Cut(part, "\n")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, text+"\n")
		})
	}
}
