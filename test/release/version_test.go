package release

import (
	"path/filepath"
	"strings"
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

func TestAReleaseIsNotMadeIntoADirectoryThatHoldsSomething(t *testing.T) {
	if _, err := output(repository, "bash", ".ci/release", made); err == nil ||
		!strings.Contains(err.Error(), "is not empty") {
		t.Errorf("it says %v", err)
	}
}
