package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// commands are those that the program completes a command line with.
func commands(t *testing.T) (names []string) {
	t.Helper()
	for line := range strings.Lines(mustOutput(t, "", unpacked(t, "momento-bridge"), "__complete", "")) {
		if name, _, found := strings.Cut(line, "\t"); found && name != "help" {
			names = append(names, name)
		}
	}
	return names
}

func TestEachCommandHasAManPage(t *testing.T) {
	files := archive(t, archiveName("momento-bridge", runtime.GOOS, runtime.GOARCH))
	names := commands(t)
	if len(names) < 10 {
		t.Fatalf("the program has the commands %q alone", names)
	}
	for _, name := range names {
		if _, found := files["man/momento-bridge-"+name+".1"]; !found {
			t.Errorf("%s has no man page", name)
		}
	}
}

func TestManPagesRenderWithoutWarnings(t *testing.T) {
	dir := t.TempDir()
	for name, f := range archive(t, archiveName("momento-bridge", runtime.GOOS, runtime.GOARCH)) {
		if filepath.Dir(name) != "man" {
			continue
		}
		page := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(page, f.data, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command("groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-P-cbou", page).CombinedOutput()
		if err != nil {
			t.Fatalf("groff %s: %v\n%s", name, err, text)
		}
		for _, want := range []string{"NAME", "momento-bridge v" + version} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not say %s:\n%s", name, want, text)
			}
		}
		if strings.Contains(string(text), "warning:") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}
