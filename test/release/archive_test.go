package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// archives are the release's, by name, without version and ending.
var archives = []struct{ name, goos, goarch string }{
	{"momento-bridge", "linux", "amd64"},
	{"momento-bridge", "linux", "arm64"},
	{"momento-bridge", "darwin", "amd64"},
	{"momento-bridge", "darwin", "arm64"},
	{"momento-bridge-slim", "linux", "amd64"},
	{"momento-bridge-slim", "linux", "arm64"},
}

func archiveName(name, goos, goarch string) string {
	return name + "_" + version + "_" + goos + "_" + goarch
}

func TestAReleaseIsTheseFiles(t *testing.T) {
	want := []string{
		"checksums.txt", chartName,
		"momento-bridge_" + version + "_amd64.deb", "momento-bridge_" + version + "_arm64.deb",
		"momento-bridge-" + version + "-1.x86_64.rpm", "momento-bridge-" + version + "-1.aarch64.rpm",
	}
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch) + ".tar.gz"
		want = append(want, name, name+".cdx.json")
	}
	slices.Sort(want)
	if got := namesIn(t, made); !slices.Equal(got, want) {
		t.Errorf("the release is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

func TestEachFileHasItsChecksum(t *testing.T) {
	want := map[string]bool{"checksums.txt": true}
	for line := range strings.Lines(string(read(t, filepath.Join(made, "checksums.txt")))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		want[name] = true
		if got := digest(read(t, filepath.Join(made, name))); got != sum {
			t.Errorf("%s has SHA-256 %s, checksums.txt says %s", name, got, sum)
		}
	}
	for _, name := range namesIn(t, made) {
		if !want[name] {
			t.Errorf("%s has no checksum", name)
		}
	}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestArchivesHoldTheProgramAndItsPapers(t *testing.T) {
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(archive(t, name))
			for _, paper := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
				if string(files[paper].data) != source(t, paper) {
					t.Errorf("%s is not the commit's", paper)
				}
				delete(files, paper)
			}
			for _, other := range []string{
				"momento-bridge", "THIRD-PARTY-LICENSES", "completions/momento-bridge.bash",
				"completions/_momento-bridge", "completions/momento-bridge.fish",
			} {
				if len(files[other].data) == 0 {
					t.Errorf("there is no %s, or it is empty", other)
				}
				delete(files, other)
			}
			for name := range maps.Keys(files) {
				if ok, _ := filepath.Match("man/momento-bridge*.1", name); !ok {
					t.Errorf("nobody has asked for %s", name)
				}
			}
		})
	}
}

func TestFilesOfArchivesAreRootsAndOfTheTimeOfTheCommit(t *testing.T) {
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		for path, f := range archive(t, name) {
			want := fs.FileMode(0o644)
			if path == "momento-bridge" {
				want = 0o755
			}
			if f.mode != want {
				t.Errorf("%s: %s has mode %s, want %s", name, path, f.mode, want)
			}
			if f.owner != "root" || f.group != "root" {
				t.Errorf("%s: %s belongs to %s:%s", name, path, f.owner, f.group)
			}
			if !f.time.Equal(committed) {
				t.Errorf("%s: %s is of %s, the commit of %s", name, path, f.time, committed)
			}
		}
	}
}

// Nothing tells of the machine that has made the release.
func TestProgramsHoldNoPathOfTheMachine(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	goroot := strings.TrimSpace(mustOutput(t, "", "go", "env", "GOROOT"))
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		code := archive(t, name)["momento-bridge"].data
		for _, path := range []string{repository, home + "/", os.TempDir() + "/tmp.", goroot + "/src"} {
			if bytes.Contains(code, []byte(path)) {
				t.Errorf("%s: the program holds %s", name, path)
			}
		}
	}
}
