package docs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
	if Tools, err = FindTools(long); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	Bin = filepath.Join(dir, "bin")
	if err := errors.Join(os.Mkdir(Bin, 0o700), MakePrograms(Bin, long)); err != nil {
		fmt.Fprintln(os.Stderr, err)
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
	sum := NewTally()
	var mu sync.Mutex // Guards sum.
	t.Cleanup(func() {
		t.Logf("blocks %v\nplayed %v\nnot run:\n%s", sum.Ways, sum.Played, strings.Join(sum.Why, "\n"))
	})
	var all []Page
	for _, page := range pages {
		all = append(all, page.Split()...)
	}
	for _, page := range all {
		if len(page.Blocks) == 0 {
			continue
		}
		t.Run(page.Name, func(t *testing.T) {
			t.Parallel()
			tally := NewTally()
			if err := page.Run(t.TempDir(), root, long, tally); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Add(tally)
		})
	}
}

func TestOtherTestsRunThePagesThatAreLeftToThem(t *testing.T) {
	t.Parallel()
	for page, test := range others {
		text, err := os.ReadFile("../../" + test)
		if err != nil || !strings.Contains(string(text), page) {
			t.Errorf("%s does not read %s: %v", test, page, err)
		}
	}
}
