package docs

import (
	"bufio"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is how long a line of Markdown may be. Tables, code and lines of one long word, such as an address, may be
// longer.
const columns = 120

// unread are directories of what others wrote, or programs made.
var unread = []string{"testdata", ".git", "node_modules", "bin"}

func TestMarkdownIsWrapped(t *testing.T) {
	root := os.DirFS("..")
	seen := 0
	for _, path := range markdown(t, root) {
		file, err := root.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		code, n := false, 0
		for lines := bufio.NewScanner(file); lines.Scan(); {
			line := strings.TrimSpace(lines.Text())
			n++
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			length := utf8.RuneCountInString(lines.Text())
			if length > columns && !code && !strings.HasPrefix(line, "|") && len(strings.Fields(line)) > 2 {
				t.Errorf("%s:%d has %d columns, and may have %d", path, n, length, columns)
			}
		}
		if code {
			t.Errorf("%s has code without an end", path)
		}
		_ = file.Close()
	}
	if seen < 10 {
		t.Errorf("only %d files were found", seen)
	}
}

// markdown returns the paths of all Markdown that is written by hand.
func markdown(t *testing.T, root fs.FS) (paths []string) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(unread, entry.Name()):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
