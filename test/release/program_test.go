package release

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

func infoOf(t *testing.T, code []byte) *debug.BuildInfo {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(code))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestProgramsAreBuiltOfTheCommitForTheirPlatform(t *testing.T) {
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		info := infoOf(t, archive(t, name)["momento-bridge"].data)
		got := map[string]string{}
		for _, s := range info.Settings {
			got[s.Key] = s.Value
		}
		want := map[string]string{
			"GOOS": a.goos, "GOARCH": a.goarch, "CGO_ENABLED": "0", "-trimpath": "true", "vcs.revision": revision,
			"vcs.modified": "false", "-tags": "",
		}
		slim := a.name == "momento-bridge-slim"
		if slim {
			want["-tags"] = "slim"
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got[key], value)
			}
		}
		server := slices.ContainsFunc(info.Deps, func(m *debug.Module) bool {
			return m.Path == "github.com/nats-io/nats-server/v2"
		})
		if server == slim {
			t.Errorf("%s: with a NATS server in it: %t", name, server)
		}
	}
}

// unpacked writes an archive's program for this machine to a file.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("slim archives are made for Linux alone")
	}
	path := filepath.Join(t.TempDir(), "momento-bridge")
	code := archive(t, archiveName(name, runtime.GOOS, runtime.GOARCH))["momento-bridge"].data
	if err := os.WriteFile(path, code, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheProgramSaysTheVersionOfTheTag(t *testing.T) {
	for _, name := range []string{"momento-bridge", "momento-bridge-slim"} {
		said := mustOutput(t, "", unpacked(t, name), "version")
		if !strings.HasPrefix(said, "momento-bridge v"+version+" (revision "+revision[:12]+", ") {
			t.Errorf("%s version: %s", name, said)
		}
	}
}

func TestTheProgramCarriesMessages(t *testing.T) {
	said := mustOutput(t, "", unpacked(t, "momento-bridge"), "demo", "--duration", "2s")
	pattern := regexp.MustCompile(`(?:^|\n)published=([1-9]\d*) delivered=(\d+) lost=0 duplicates=0\n$`)
	sum := pattern.FindStringSubmatch(said)
	if sum == nil || sum[1] != sum[2] {
		t.Errorf("the demo ends with %s", said)
	}
}

// So nobody needs goreleaser to see that a program is what it says.
func TestGoAloneBuildsTheSameProgram(t *testing.T) {
	dir := clone(t)
	mustOutput(t, dir, "git", "checkout", "--quiet", "--detach", revision)
	mustOutput(t, dir, "git", "tag", "v"+version)
	built := filepath.Join(t.TempDir(), "momento-bridge")
	mustOutput(t, dir, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=true",
		"-ldflags", "-s -w -X main.version=v"+version, "-o", built, "./cmd/momento-bridge")
	if got, want := digest(read(t, built)), digest(read(t, unpacked(t, "momento-bridge"))); got != want {
		t.Errorf("go build makes a program with SHA-256 %s, the release's has %s", got, want)
	}
}
