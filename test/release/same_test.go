package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A release that is made again has the same digests, wherever and by whomever: in another folder, later, with another
// umask, time zone, language, temporary directory and number of threads, under another host's name, and without any
// network, as the modules are there.
func TestAReleaseMadeTwiceIsTheSame(t *testing.T) {
	dir := t.TempDir()
	elsewhere := filepath.Join(dir, "elsewhere")
	if err := os.MkdirAll(filepath.Join(elsewhere, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	clone, again := filepath.Join(elsewhere, "of another name"), filepath.Join(dir, "again")
	starters := []string{
		"env", "TZ=Asia/Kathmandu", "LC_ALL=C.UTF-8", "TMPDIR=" + filepath.Join(elsewhere, "tmp"), "GOMAXPROCS=3",
	}
	if os.Getenv("LONG_TESTS") == "1" {
		starters = append(starters, "GOCACHE="+filepath.Join(dir, "cache"))
	}
	starters = append(starters, "sh", "-c", `umask 077; "$@"`, "sh")
	if exec.Command("unshare", "--net", "--uts", "hostname", "elsewhere").Run() == nil {
		starters = append(starters, "unshare", "--net", "--uts", "sh", "-c", `hostname elsewhere && "$@"`, "sh")
	} else {
		t.Log("the host's name cannot be changed here: it is the same for both, and there is a network")
	}
	if err := release(clone, again, starters...); err != nil {
		t.Fatal(err)
	}
	for _, name := range namesIn(t, made) {
		first, second := read(t, filepath.Join(made, name)), read(t, filepath.Join(again, name))
		if digest(first) != digest(second) {
			t.Errorf("%s differs: %s and %s", name, digest(first), digest(second))
		}
	}
	if first, second := len(namesIn(t, made)), len(namesIn(t, again)); first != second {
		t.Errorf("there are %d files, and then %d", first, second)
	}
}
