package image

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Each file and directory, with its mode and the user it belongs to. There is nothing else, and no shell.
const contents = `
/etc                                               drwxr-xr-x  0
/etc/group                                         -rw-r--r--  0
/etc/momento-bridge                                drwxr-xr-x  0
/etc/passwd                                        -rw-r--r--  0
/etc/ssl                                           drwxr-xr-x  0
/etc/ssl/certs                                     drwxr-xr-x  0
/etc/ssl/certs/ca-certificates.crt                 -rw-r--r--  0
/tmp                                               dtrwxrwxrwx 0
/usr                                               drwxr-xr-x  0
/usr/local                                         drwxr-xr-x  0
/usr/local/bin                                     drwxr-xr-x  0
/usr/local/bin/momento-bridge                      -rwxr-xr-x  0
/usr/share                                         drwxr-xr-x  0
/usr/share/doc                                     drwxr-xr-x  0
/usr/share/doc/momento-bridge                      drwxr-xr-x  0
/usr/share/doc/momento-bridge/LICENSE              -rw-r--r--  0
/usr/share/doc/momento-bridge/THIRD-PARTY-LICENSES -rw-r--r--  0
/var                                               drwxr-xr-x  0
/var/lib                                           drwxr-xr-x  0
/var/lib/momento-bridge                            drwxr-xr-x  65532
`

func TestTheImageHoldsTheProgramAndWhatItNeedsAlone(t *testing.T) {
	root := mount(t, image(t))
	var found strings.Builder
	found.WriteString("\n")
	ok(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		if owner.Uid != owner.Gid || info.ModTime().UTC().Format("2006-01-02T15:04:05Z") != created {
			t.Errorf("%s belongs to %d:%d and is of %v", path, owner.Uid, owner.Gid, info.ModTime())
		}
		_, err = fmt.Fprintf(&found, "%-50s %-11s %d\n", strings.TrimPrefix(path, root), info.Mode(), owner.Uid)
		return err
	}))
	if found.String() != contents {
		t.Errorf("the image holds%s", found.String())
	}
	got := read(t, filepath.Join(root, "usr/share/doc/momento-bridge/LICENSE"))
	if got != read(t, repository+"/LICENSE") {
		t.Errorf("the licence in the image is %q", got)
	}
}

func TestTheImageHasTheLicencesOfAllThatIsLinked(t *testing.T) {
	for _, image := range []string{image(t), slim(t)} {
		root := mount(t, image)
		info, err := buildinfo.ReadFile(filepath.Join(root, "usr/local/bin/momento-bridge"))
		ok(t, err)
		texts := read(t, filepath.Join(root, "usr/share/doc/momento-bridge/THIRD-PARTY-LICENSES"))
		for _, m := range info.Deps {
			if !strings.Contains(texts, "\n==== "+m.Path+" "+m.Version+"/") {
				t.Errorf("%s: no licence of %s %s", image, m.Path, m.Version)
			}
		}
		if n := strings.Count(texts, "\n==== "); len(info.Deps) == 0 || n > 3*len(info.Deps) {
			t.Errorf("%s: %d texts for %d modules", image, n, len(info.Deps))
		}
		if !strings.Contains(texts, "\n==== Go, "+info.GoVersion+"\n\nCopyright") {
			t.Errorf("%s: no licence of %s", image, info.GoVersion)
		}
	}
}

// settings is what an image says of how it is to be run.
type settings struct {
	Architecture, Os string
	Config           struct {
		User, WorkingDir     string
		Env, Cmd, Entrypoint []string
		Labels               map[string]string
	}
	Healthcheck struct {
		Test                           []string
		Interval, Timeout, StartPeriod time.Duration
		Retries                        int
	}
	RootFS struct{ Layers []string }
	Digest string
}

func inspect(t *testing.T, image string) settings {
	t.Helper()
	var all []settings
	ok(t, json.Unmarshal([]byte(must(t, "podman", "image", "inspect", image)), &all))
	return all[0]
}

func TestTheImageSaysWhatItIs(t *testing.T) {
	s := inspect(t, image(t))
	for label, want := range map[string]string{
		"title": "momento-bridge", "description": "Carries messages from NATS to Momento Topics", "licenses": "MIT",
		"version": version, "revision": revision, "created": created,
	} {
		if got := s.Config.Labels["org.opencontainers.image."+label]; got != want {
			t.Errorf("%s is %q, not %q", label, got, want)
		}
	}
	if s.Config.User != "65532:65532" || s.Config.WorkingDir != "/etc/momento-bridge" ||
		!slices.Equal(s.Config.Env, []string{"PATH=/usr/local/bin"}) {
		t.Errorf("it runs as %s in %s with %v", s.Config.User, s.Config.WorkingDir, s.Config.Env)
	}
	if got := must(t, "podman", flags(image(t), "version")...); !strings.HasPrefix(got, "momento-bridge "+version+" ") {
		t.Errorf("the program says it is %q", got)
	}
}

// Another directory, other times of the files, and a build from nothing: the same image.
func TestTheSameSourcesGiveTheSameDigest(t *testing.T) {
	other, err := rig.Scratch("sources")
	ok(t, err)
	files := must(t, "git", "-C", repository, "ls-files", "--cached", "--others", "--exclude-standard")
	for file := range strings.FieldsSeq(files) {
		if data, err := os.ReadFile(filepath.Join(repository, file)); err == nil { // It may be deleted.
			write(t, other, file, string(data))
		}
	}
	// Docker's format as buildah 1.28 writes it names the container of the build, so its layers alone are the same.
	const one, two = "localhost/momento-bridge:one", "localhost/momento-bridge:two"
	build(t, repository, one, "--format", "oci")
	build(t, other, two, "--format", "oci", "--no-cache")
	first, second := inspect(t, one), inspect(t, two)
	if first.Digest != second.Digest || first.Digest == "" {
		t.Errorf("the digests are %s and %s", first.Digest, second.Digest)
	}
	if docker := inspect(t, image(t)); !slices.Equal(docker.RootFS.Layers, first.RootFS.Layers) {
		t.Errorf("the layers are %v, and %v in Docker's format", first.RootFS.Layers, docker.RootFS.Layers)
	}
}

// What lies beside the sources does not get into the build, so neither into an image nor into a cache of layers.
func TestTheBuildSeesNoSecrets(t *testing.T) {
	dir, err := rig.Scratch("secrets")
	ok(t, err)
	write(t, dir, ".dockerignore", read(t, repository+"/.dockerignore"))
	secrets := []string{
		".env", "key.txt", "config.yaml", ".git/config", "bin/key", "examples/compose/api-key.txt", "node_modules/x",
		"deploy/key", "test/key", "batch/js/node_modules/key",
	}
	for _, file := range append(secrets, "go.mod", "daemon/run.go", "daemon/run_test.go", "daemon/testdata/x") {
		write(t, dir, file, "x")
	}
	file := write(t, dir, "Dockerfile.all", "FROM scratch\nCOPY . /\n")
	must(t, "buildah", "build", "--isolation", "chroot", "--quiet", "--file", file, "--tag", "localhost/all", dir)
	root := mount(t, "localhost/all")
	var found []string
	ok(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, strings.TrimPrefix(path, root+"/"))
		}
		return err
	}))
	if !slices.Equal(found, []string{"daemon/run.go", "go.mod"}) {
		t.Errorf("the build sees %v", found)
	}
}

// The compiler runs on this machine's architecture whatever the image is for: no emulator is needed.
func TestOneCommandBuildsAllArchitectures(t *testing.T) {
	const name = "localhost/momento-bridge:all"
	base(t)
	build(t, repository, "", "--manifest", name, "--platform", "linux/amd64,linux/arm64",
		"--build-arg", "BUILDPLATFORM=linux/"+hostArchitecture(t))
	machines := map[string]elf.Machine{}
	for _, m := range readManifest(t, name).Manifests {
		root := mount(t, "localhost/momento-bridge@"+m.Digest)
		program, err := elf.Open(filepath.Join(root, "usr/local/bin/momento-bridge"))
		ok(t, err)
		machines[m.Platform.OS+"/"+m.Platform.Architecture] = program.Machine
		if libraries, err := program.ImportedLibraries(); err == nil && len(libraries) > 0 {
			t.Errorf("the program for %s needs %v", m.Platform.Architecture, libraries)
		}
		ok(t, program.Close())
	}
	if len(machines) != 2 || machines["linux/amd64"] != elf.EM_X86_64 || machines["linux/arm64"] != elf.EM_AARCH64 {
		t.Errorf("the image has programs for %v", machines)
	}
}

// hostArchitecture is that of this machine, as images call it.
func hostArchitecture(t *testing.T) string {
	t.Helper()
	return must(t, "go", "env", "GOHOSTARCH")
}
