package release

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// goreleaser is the one that `bash .ci/release` runs.
func goreleaser(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(mustOutput(t, repository, "go", "-C", "tools/release", "tool", "-n", "goreleaser"))
}

func clone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	mustOutput(t, "", "git", "clone", "--quiet", repository, dir)
	return dir
}

func TestTheConfigurationIsValidAndHasNothingDeprecated(t *testing.T) {
	mustOutput(t, clone(t), goreleaser(t), "check")
}

// Between two tags the version is Go's own for the commit, which the program is stamped with as well.
func TestASnapshotHasGosVersionOfTheCommit(t *testing.T) {
	dir, program := clone(t), goreleaser(t)
	for _, tag := range []struct{ name, next string }{
		{"v0.3.0-rc.1", "v0.3.0-rc.1.0."},
		{"v0.3.0", "v0.3.1-0."},
	} {
		mustOutput(t, dir, "git", "tag", tag.name)
		commit := []string{"-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "--allow-empty"}
		mustOutput(t, dir, "git", append(commit, "--message", "next")...)
		output := filepath.Join(t.TempDir(), "momento-bridge")
		mustOutput(t, dir, program, "build", "--snapshot", "--single-target", "--id", "slim", "--clean",
			"--skip", "before", "--output", output)
		said := mustOutput(t, "", output, "version")
		stamp := infoOf(t, read(t, output)).Main.Version
		if !strings.HasPrefix(said, "momento-bridge "+stamp+" ") || !strings.HasPrefix(stamp, tag.next) {
			t.Errorf("after %s it says %sand is stamped %s", tag.name, said, stamp)
		}
	}
}

func TestATagThatTheChangelogDoesNotKnowIsNoRelease(t *testing.T) {
	dir := clone(t)
	mustOutput(t, dir, "git", "tag", "v77.0.0")
	said, err := output(dir, "bash", ".ci/release", filepath.Join(t.TempDir(), "made"))
	if err == nil || !strings.Contains(err.Error(), "CHANGELOG.md says nothing of v77.0.0") {
		t.Errorf("it says %v\n%s", err, said)
	}
}

func TestAVersionThatGoDoesNotTakeForOneIsNoRelease(t *testing.T) {
	dir := clone(t)
	for _, version := range []string{
		"1.2.3", "v1.2", "v01.2.3", "v1.2.3+build.7", "v1.2.3 ", "nightly", "v1.2.3-", "v1.2.3-01",
	} {
		_, err := output(dir, "env", "VERSION="+version, "bash", ".ci/release", filepath.Join(t.TempDir(), "made"))
		if err == nil || !strings.Contains(err.Error(), "is no version") {
			t.Errorf("%q: it says %v", version, err)
		}
	}
}

// Whoever tags commits with something else gets the snapshot, or the release, that there is without.
func TestTagsThatAreNoVersionsDoNotCount(t *testing.T) {
	dir := clone(t)
	for _, tag := range []string{"nightly", "v1", "v9", "test/helm/v1.2.3", "v1.2.3+build.7", "v9.9.9.9"} {
		mustOutput(t, dir, "git", "tag", tag)
	}
	mustOutput(t, dir, "git", "tag", "v0.3.0", "HEAD~1")
	if said := snapshot(t, dir); !strings.Contains(said, "=0.3.1-0.") { // Its name may be in colour.
		t.Errorf("it says\n%s", said)
	}
	mustOutput(t, dir, "git", "tag", "v77.0.0-rc.1")
	mustOutput(t, dir, "git", "tag", "v77.0.0")
	if _, err := output(dir, "bash", ".ci/release", filepath.Join(t.TempDir(), "made")); err == nil ||
		!strings.Contains(err.Error(), "CHANGELOG.md says nothing of v77.0.0\n") {
		t.Errorf("it says %v", err)
	}
}

// snapshot begins to make a snapshot, ends that when its version is known, and returns what was said.
func snapshot(t *testing.T, dir string) (said string) {
	t.Helper()
	cmd := exec.Command("bash", ".ci/release", filepath.Join(t.TempDir(), "made"))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); { // To its end, when all that it has started has ended.
		said += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "building snapshot...") {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
	_ = cmd.Wait()
	return said
}

func TestAReleaseIsNotMadeIntoADirectoryThatHoldsSomething(t *testing.T) {
	if _, err := output(repository, "bash", ".ci/release", made); err == nil ||
		!strings.Contains(err.Error(), "is not empty") {
		t.Errorf("it says %v", err)
	}
}
