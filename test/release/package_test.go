package release

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sassoftware/go-rpmutils"
)

// packages are the release's: their names, and which program is in them.
var packages = []struct{ name, arch, goarch string }{
	{"momento-bridge_" + version + "_amd64.deb", "amd64", "amd64"},
	{"momento-bridge_" + version + "_arm64.deb", "arm64", "arm64"},
	{"momento-bridge-" + version + "-1.x86_64.rpm", "x86_64", "amd64"},
	{"momento-bridge-" + version + "-1.aarch64.rpm", "aarch64", "arm64"},
}

// contents returns what a package brings, without folders.
func contents(t *testing.T, name string) map[string]file {
	t.Helper()
	data := read(t, filepath.Join(made, name))
	var files map[string]file
	if path.Ext(name) == ".deb" {
		files = untar(t, arMembers(t, data)["data.tar.gz"])
	} else {
		files = rpmFiles(t, data)
	}
	maps.DeleteFunc(files, func(_ string, f file) bool { return f.mode.IsDir() })
	return files
}

// arMembers reads an ar archive, as a .deb is one.
func arMembers(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	members := map[string][]byte{}
	data, found := bytes.CutPrefix(data, []byte("!<arch>\n"))
	for found && len(data) >= 60 {
		size, err := strconv.Atoi(strings.TrimSpace(string(data[48:58])))
		if err != nil || len(data) < 60+size {
			t.Fatalf("a member of the package has the size %q: %v", data[48:58], err)
		}
		members[strings.TrimRight(string(data[:16]), "/ ")] = data[60 : 60+size]
		data = data[min(len(data), 60+size+size%2):]
	}
	return members
}

func rpmFiles(t *testing.T, data []byte) map[string]file {
	t.Helper()
	rpm, err := rpmutils.ReadRpm(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := rpm.PayloadReaderExtended()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]file{}
	for {
		info, err := payload.Next()
		if err != nil {
			return files
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(payload); err != nil {
			t.Fatal(err)
		}
		mode := fs.FileMode(info.Mode() & 0o7777)
		if info.Mode()&0o170000 == 0o040000 {
			mode |= fs.ModeDir
		}
		files[strings.TrimPrefix(info.Name(), "/")] = file{
			mode: mode, owner: info.UserName(), group: info.GroupName(),
			time: time.Unix(int64(info.Mtime()), 0).UTC(), data: content.Bytes(),
		}
	}
}

func TestPackagesBringTheseFiles(t *testing.T) {
	for _, p := range packages {
		from := map[string]string{ // Empty: made for the release.
			"etc/momento-bridge/config.yaml":                          "deploy/packages/config.yaml",
			"usr/bin/momento-bridge":                                  "",
			"usr/lib/systemd/system/momento-bridge.service":           "deploy/momento-bridge.service",
			"usr/share/doc/momento-bridge/copyright":                  "LICENSE",
			"usr/share/doc/momento-bridge/README.md":                  "README.md",
			"usr/share/doc/momento-bridge/CHANGELOG.md":               "CHANGELOG.md",
			"usr/share/doc/momento-bridge/THIRD-PARTY-LICENSES":       "",
			"usr/share/bash-completion/completions/momento-bridge":    "",
			"usr/share/fish/vendor_completions.d/momento-bridge.fish": "",
			"usr/share/zsh/vendor-completions/_momento-bridge":        "",
		}
		if path.Ext(p.name) == ".rpm" {
			delete(from, "usr/share/zsh/vendor-completions/_momento-bridge")
			from["usr/share/zsh/site-functions/_momento-bridge"] = ""
		}
		files := contents(t, p.name)
		for name, origin := range from {
			f, found := files[name]
			if !found || len(f.data) == 0 {
				t.Errorf("%s: there is no %s, or it is empty", p.name, name)
			}
			if origin != "" && string(f.data) != source(t, origin) {
				t.Errorf("%s: %s is not the commit's %s", p.name, name, origin)
			}
		}
		for name, f := range files {
			page, _ := path.Match("usr/share/man/man1/momento-bridge*.1", name)
			if _, asked := from[name]; !asked && !page {
				t.Errorf("%s: nobody has asked for %s", p.name, name)
			}
			want := fs.FileMode(0o644)
			if name == "usr/bin/momento-bridge" {
				want = 0o755
			}
			if f.mode != want || f.owner != "root" || f.group != "root" || !f.time.Equal(committed) {
				t.Errorf("%s: %s has mode %s, belongs to %s:%s and is of %s",
					p.name, name, f.mode, f.owner, f.group, f.time)
			}
		}
	}
}

func TestPackagesAndArchivesHoldTheSameProgramAndPages(t *testing.T) {
	for _, p := range packages {
		installed, unpacked := contents(t, p.name), archive(t, archiveName("momento-bridge", "linux", p.goarch))
		same := map[string]string{"usr/bin/momento-bridge": "momento-bridge"}
		for name := range unpacked {
			if page, found := strings.CutPrefix(name, "man/"); found {
				same["usr/share/man/man1/"+page] = name
			}
		}
		if len(same) < 20 {
			t.Errorf("%s: the archive has %d man pages", p.name, len(same)-1)
		}
		for packaged, archived := range same {
			if !bytes.Equal(installed[packaged].data, unpacked[archived].data) {
				t.Errorf("%s: %s is another than the archive's %s", p.name, packaged, archived)
			}
		}
	}
}

func TestDebianPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range packages {
		if path.Ext(p.name) != ".deb" {
			continue
		}
		control := untar(t, arMembers(t, read(t, filepath.Join(made, p.name)))["control.tar.gz"])
		for _, line := range []string{
			"Package: momento-bridge\n", "Version: " + version + "\n", "Architecture: " + p.arch + "\n",
			"Description: Carries messages from NATS to Momento Topics\n",
		} {
			if !strings.Contains(string(control["control"].data), line) {
				t.Errorf("%s does not say %s\n%s", p.name, line, control["control"].data)
			}
		}
		if got := string(control["conffiles"].data); got != "/etc/momento-bridge/config.yaml\n" {
			t.Errorf("%s: what users may change is %q", p.name, got)
		}
		for _, script := range []string{"preinst", "postinst", "prerm", "postrm"} {
			if string(control[script].data) != source(t, "deploy/packages/"+script) {
				t.Errorf("%s: %s is not the commit's", p.name, script)
			}
		}
	}
}

func TestRPMPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range packages {
		if path.Ext(p.name) != ".rpm" {
			continue
		}
		rpm, err := rpmutils.ReadRpm(bytes.NewReader(read(t, filepath.Join(made, p.name))))
		if err != nil {
			t.Fatal(err)
		}
		want := map[int]string{
			rpmutils.NAME: "momento-bridge", rpmutils.VERSION: version, rpmutils.RELEASE: "1", rpmutils.ARCH: p.arch,
			rpmutils.LICENSE: "MIT", rpmutils.SUMMARY: "Carries messages from NATS to Momento Topics",
			rpmutils.BUILDHOST: "localhost",
		}
		for _, script := range []struct {
			tag  int
			name string
		}{
			{rpmutils.PREIN, "preinst"},
			{rpmutils.POSTIN, "postinst"},
			{rpmutils.PREUN, "prerm"},
			{rpmutils.POSTUN, "postrm"},
		} {
			want[script.tag] = source(t, "deploy/packages/"+script.name)
		}
		for _, tag := range slices.Sorted(maps.Keys(want)) {
			got, err := rpm.Header.GetString(tag)
			if err != nil || got != want[tag] {
				t.Errorf("%s: tag %d is %q (%v), want %q", p.name, tag, got, err, want[tag])
			}
		}
		infos, err := rpm.Header.GetFiles()
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range infos {
			const config, noreplace = 1, 1 << 4
			want := 0
			if info.Name() == "/etc/momento-bridge/config.yaml" {
				want = config | noreplace
			}
			if got := info.Flags() & (config | noreplace); got != want {
				t.Errorf("%s: %s has the flags %d, want %d", p.name, info.Name(), got, want)
			}
		}
	}
}
