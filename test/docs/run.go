package docs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// How a block was tried.
const (
	ByRunning = "run"              // Its commands were run: the program, servers and the machine's programs.
	ByPlay    = "run, with a play" // Some of its programs were played.
	ByOther   = "run by another"   // The same, and another module's test runs it as it stands, with the real programs.
	ByReading = "read"             // It was read by its rule.
	NotRun    = "not run"          // Its flags were read, and it says why it was not run.
	Elsewhere = "by the long form" // The long form of the test tries it.
)

// Tally counts blocks by how they were tried, and how often each program was played.
type Tally struct {
	Ways   map[string]int
	Played map[string]int
	Why    []string // Why blocks were not run.
}

// others are the pages whose commands a test of another module reads and runs, as root on machines of its own. That
// test names the page.
var others = map[string]string{"docs/packages.md": "test/packages/page_test.go"}

// NewTally returns a tally of nothing.
func NewTally() *Tally { return &Tally{Ways: map[string]int{}, Played: map[string]int{}} }

// Add adds what another one has counted.
func (t *Tally) Add(other *Tally) {
	for way, n := range other.Ways {
		t.Ways[way] += n
	}
	for name, n := range other.Played {
		t.Played[name] += n
	}
	t.Why = append(t.Why, other.Why...)
}

// Run tries all blocks of a page, in a session whose directory is given, and counts them. The errors begin with where
// the block is.
func (p *Page) Run(dir, repository string, long bool, tally *Tally) (err error) {
	var s *Session
	defer func() {
		if s != nil {
			if wrong := s.Close(); wrong != nil {
				err = errors.Join(err, fmt.Errorf("%s: at the end of the page: %w", p.Name, wrong))
			}
		}
	}()
	for i := range p.Blocks {
		b := &p.Blocks[i]
		if p.Apart && !long {
			tally.Ways[Elsewhere]++
			if wrong := unrun(b); wrong != nil {
				return fmt.Errorf("%s: %w", b.At(), wrong)
			}
			continue
		}
		if s == nil && (b.typed() || b.Words.File != "") {
			if s, err = NewSession(p, dir, repository, long); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		wrong := b.try(s, long, tally)
		if wrong == nil {
			continue
		}
		err = errors.Join(err, fmt.Errorf("%s: %w", b.At(), wrong))
		if b.typed() {
			return err // What follows builds on it.
		}
	}
	return err
}

func (b *Block) typed() bool {
	return (b.Language == "sh" || b.Language == "console") && b.Words.NotRun == ""
}

func (b *Block) try(s *Session, long bool, tally *Tally) error {
	if b.Words.File != "" {
		if err := s.WriteFile(b.Words.File, b.Text); err != nil {
			return err
		}
	}
	if b.typed() {
		err := s.runBlock(b)
		played := s.played()
		for _, name := range played {
			tally.Played[name]++
		}
		if others[b.Page] != "" && len(played) > 0 {
			tally.Ways[ByOther]++
		} else if len(played) > 0 {
			tally.Ways[ByPlay]++
		} else {
			tally.Ways[ByRunning]++
		}
		return err
	}
	check, ok := languages[b.Language]
	if !ok {
		return fmt.Errorf("no rule for language %q: see test/docs/doc.go", b.Language)
	}
	if b.Words.NotRun != "" {
		tally.Why = append(tally.Why, b.At()+": "+b.Words.NotRun)
		tally.Ways[NotRun]++
		return check(b)
	}
	if parse, ok := byPrograms[b.Language]; ok {
		if !long {
			tally.Ways[Elsewhere]++
			return check(b)
		}
		if err := parse(b); err != nil {
			return err
		}
	}
	tally.Ways[ByReading]++
	return check(b)
}

// played returns the programs that have been played since it was last called.
func (s *Session) played() []string {
	file := filepath.Join(s.Dir, "played")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	_ = os.Remove(file)
	names := strings.Fields(string(text))
	slices.Sort(names)
	return slices.Compact(names)
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
