package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"momento-bridge/test/docs/standin"
	"momento-bridge/test/lab"
)

// The test program is also each of the programs that are played.
func TestMain(m *testing.M) {
	if status, played := standin.Main(filepath.Base(os.Args[0]), os.Args[1:]); played {
		os.Exit(status)
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	lab.SetParallel("4") // Pages mostly wait for programs.
	dir, err := os.MkdirTemp("", "docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	Bridge = filepath.Join(dir, "momento-bridge")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", Bridge, "../../cmd/momento-bridge")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// long asks for what takes minutes, or programs beside Go.
var long = os.Getenv("DOCS_ALL") != ""

func TestEverySnippetOfTheDocumentsWorks(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := ReadPages(os.DirFS(root))
	if err != nil {
		t.Error(err)
	}
	for _, page := range pages {
		if len(page.Blocks) == 0 {
			continue
		}
		t.Run(page.Name, func(t *testing.T) {
			t.Parallel()
			runPage(t, &page, root)
		})
	}
}

func runPage(t *testing.T, page *Page, root string) {
	t.Helper()
	var s *Session
	for i := range page.Blocks {
		b := &page.Blocks[i]
		typed := (b.Language == "sh" || b.Language == "console") && b.Words.NotRun == ""
		if s == nil && (typed || b.Words.File != "") {
			var err error
			if s, err = NewSession(page, t.TempDir(), root, Bridge, long); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("%s: at the end of the page: %v", page.Name, err)
				}
			})
		}
		if b.Words.File != "" {
			if err := s.WriteFile(b.Words.File, b.Text); err != nil {
				t.Errorf("%s: %v", b.At(), err)
			}
		}
		if typed {
			if err := s.runBlock(b); err != nil {
				t.Errorf("%s: %v", b.At(), err)
				return // What follows builds on it.
			}
			continue
		}
		check, ok := languages[b.Language]
		if !ok {
			t.Errorf("%s: no rule for language %q: see test/docs/doc.go", b.At(), b.Language)
			continue
		}
		if err := check(b); err != nil {
			t.Errorf("%s: %v", b.At(), err)
		}
	}
}

// runBlock runs the commands of a block.
func (s *Session) runBlock(b *Block) error {
	if b.Language == "sh" {
		printed, status, err := s.Run(b.Text, "-ex")
		if err != nil {
			return fmt.Errorf("%w\n%s", err, printed)
		}
		if want := max(b.Words.Status, 0); status != want {
			return fmt.Errorf("ended with status %d, not %d:\n%s", status, want, printed)
		}
		return nil
	}
	exchanges, err := Exchanges(b.Text)
	if err != nil {
		return err
	}
	for _, e := range exchanges {
		printed, _, err := s.Run(e.Command, "")
		if err != nil {
			return fmt.Errorf("%w\n%s", err, printed)
		}
		if missing, ok := Matches(e.Want, printed, b.Words.Numbers); !ok {
			return fmt.Errorf("$ %sdid not print %q, but:\n%s", e.Command, missing, printed)
		}
	}
	if b.Words.Status >= 0 && s.status != b.Words.Status {
		return fmt.Errorf("ended with status %d, not %d", s.status, b.Words.Status)
	}
	return nil
}
