// Package docs checks the documents against the code.
package docs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each promise, and each witness of the emulator, names the tests that show it. They must exist.
func TestPromisesNameTestsThatExist(t *testing.T) {
	tests := sourceOfTests(t)
	for _, page := range []string{"guarantees.md", "witnesses.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllSubmatch(text, -1)
		if len(names) < 8 {
			t.Errorf("%s: only %d tests are named", page, len(names))
		}
		for _, name := range names {
			if !bytes.Contains(tests, []byte("\nfunc "+string(name[1])+"(")) {
				t.Errorf("%s names %s, which does not exist", page, name[1])
			}
		}
	}
}

// Other pages name some, too, by their names or, behind -run, by how these begin.
func TestPagesNameTestsThatExist(t *testing.T) {
	tests := sourceOfTests(t)
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range pages {
		if name == "decisions.md" {
			continue // It tells of what was.
		}
		for _, found := range regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w+)`).FindAllStringSubmatch(page(t, name), -1) {
			seen++
			if !bytes.Contains(tests, []byte("\nfunc "+found[1])) {
				t.Errorf("%s names %s, which does not exist", name, found[1])
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d tests were found", seen)
	}
}

// So does each row of the hardening table.
func TestHardeningNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := bytes.Cut(text, []byte("| held by |\n| --- | --- | --- | --- |\n"))
	if !found {
		t.Fatal("SECURITY.md has no hardening table")
	}
	table, _, _ = bytes.Cut(table, []byte("\n\n"))
	tests := sourceOfTests(t)
	for row := range bytes.Lines(table) {
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllSubmatch(row, -1)
		if len(names) == 0 {
			t.Errorf("no test holds %s", row)
		}
		for _, name := range names {
			if !bytes.Contains(tests, []byte("\nfunc "+string(name[1])+"(")) {
				t.Errorf("SECURITY.md names %s, which does not exist", name[1])
			}
		}
	}
}

// sourceOfTests returns the text of all test files of the repository.
func sourceOfTests(t *testing.T) (all []byte) {
	t.Helper()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, path)
		all = append(all, text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
