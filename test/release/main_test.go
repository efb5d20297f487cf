package release

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// version is that of the release that is tested.
const version = "1.2.3"

// What all tests look at.
var (
	repository = repositoryOf()
	made       string // The directory with the files of the release.
	revision   string
	committed  time.Time
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	scratch, err := os.MkdirTemp("", "release")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(scratch)
	said, err := output(repository, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return failed(err)
	}
	hash, seconds, _ := strings.Cut(strings.TrimSpace(said), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return failed(err)
	}
	revision, committed = hash, time.Unix(unix, 0).UTC()
	if made = os.Getenv("MOMENTO_BRIDGE_RELEASE"); made == "" {
		made = filepath.Join(scratch, "made")
		if err := release(filepath.Join(scratch, "clone"), made); err != nil {
			return failed(err)
		}
	}
	return m.Run()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func repositoryOf() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}

// release makes the release in a clone of its own, by a command that other programs may have to start.
func release(clone, dir string, starters ...string) error {
	if _, err := output("", "git", "clone", "--quiet", repository, clone); err != nil {
		return err
	}
	// Somebody may have committed something meanwhile.
	if _, err := output(clone, "git", "checkout", "--quiet", "--detach", revision); err != nil {
		return err
	}
	command := append(starters, "env", "VERSION=v"+version, "bash", ".ci/release", dir)
	_, err := output(clone, command[0], command[1:]...)
	return err
}

// output runs a program in a directory, and returns what it prints. Errors hold what it said of them.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w\n%s%s", cmd, err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// mustOutput is output of a program that has to succeed.
func mustOutput(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	said, err := output(dir, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// source is a file of the repository, as it is in the commit.
func source(t *testing.T, name string) string {
	t.Helper()
	return mustOutput(t, repository, "git", "show", revision+":"+name)
}
