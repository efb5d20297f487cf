package docs

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// What design.md names must exist: files and directories by their path, functions as Receiver.name or package.Name.
func TestDesignNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile("design.md")
	if err != nil {
		t.Fatal(err)
	}
	known := declared(t)
	paths, names := 0, 0
	for _, span := range regexp.MustCompile("`([^`\n]+)`").FindAllSubmatch(text, -1) {
		name := string(span[1])
		switch {
		case regexp.MustCompile(`^[a-z]+(/[a-z_.-]+)+$`).MatchString(name):
			paths++
			if _, err := os.Stat("../" + name); err != nil {
				t.Errorf("design.md names the path %s, which does not exist", name)
			}
		case regexp.MustCompile(`^[A-Za-z]+\.[A-Za-z]+$`).MatchString(name) && name != "doc.go" && name != "mu.Unlock":
			names++
			if !known[name] {
				t.Errorf("design.md names %s, which does not exist", name)
			}
		}
	}
	if paths < 20 || names < 40 {
		t.Errorf("only %d paths and %d names were found", paths, names)
	}
}

var (
	function    = regexp.MustCompile(`^func (?:\(\w* ?\*?(\w+)(?:\[\w+\])?\) )?(\w+)[(\[]`)
	typeOf      = regexp.MustCompile(`^type (\w+) (interface \{$)?`)
	ofInterface = regexp.MustCompile(`^\t(\w+)\(`)
)

// declared returns what all programs declare, without their tests: Receiver.name, and package.Name.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	root := os.DirFS("..")
	all := map[string]bool{}
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git"):
			return fs.SkipDir
		case strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go"):
			text, err := fs.ReadFile(root, file)
			declaredIn(string(text), path.Base(path.Dir(file)), all)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// declaredIn adds what one file of a package declares.
func declaredIn(text, pkg string, all map[string]bool) {
	contract := "" // The interface whose methods follow.
	for line := range strings.Lines(text) {
		if m := function.FindStringSubmatch(line); m != nil {
			all[cmp.Or(m[1], pkg)+"."+m[2]] = true
		}
		if m := typeOf.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			all[pkg+"."+m[1]] = true
			contract = ""
			if m[2] != "" {
				contract = m[1]
			}
		}
		if m := ofInterface.FindStringSubmatch(line); m != nil && contract != "" {
			all[contract+"."+m[1]] = true
		}
	}
}
