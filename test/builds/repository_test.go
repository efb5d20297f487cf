package builds

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a copy of the work tree, without what git or npm keep in it.
type tree struct {
	t   *testing.T
	dir string
}

func copyTree(t *testing.T) tree {
	t.Helper()
	dir := t.TempDir()
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch to := filepath.Join(dir, filepath.FromSlash(name)); {
		case err != nil:
			return err
		case name == ".git" || name == "bin" || d.Name() == "node_modules":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case d.Type().IsRegular():
			text, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			return os.WriteFile(to, text, 0o644)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree{t, dir}
}

// run runs a program in the tree and returns what it prints. Settings of the user's git and go do not count.
func (r tree) run(program string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), program, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=auto", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-01-31T06:00:00Z",
		"GIT_COMMITTER_DATE=2026-01-31T06:00:00Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit puts all that has changed into the repository, and returns the revision as versions have it.
func (r tree) commit() string {
	r.t.Helper()
	r.run("git", "add", "-A")
	r.run("git", "commit", "-q", "-m", "a change")
	return r.run("git", "rev-parse", "--short=12", "HEAD")
}

// write writes a file of the tree.
func (r tree) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// build builds the slim program, which is linked sooner, with flags of the linker, and returns its path.
func (r tree) build(linker ...string) string {
	r.t.Helper()
	program := filepath.Join(r.t.TempDir(), "momento-bridge")
	flags := strings.Join(append([]string{"-s", "-w"}, linker...), " ")
	r.run("go", "build", "-trimpath", "-tags", "slim", "-ldflags", flags, "-o", program, "./cmd/momento-bridge")
	return program
}

// versionOf is the second word of what `version` prints.
func (r tree) versionOf(program string) string {
	r.t.Helper()
	return strings.Fields(r.run(program, "version"))[1]
}
