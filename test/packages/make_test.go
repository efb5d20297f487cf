package packages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // The formats.
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// pair are the versions of the packages on the shelf, as the program tells them.
type pair struct{ before, now string }

// nameBefore is how the package before is versioned: below all others, by the rules of both kinds.
const nameBefore = "0.0.0~~before"

// The packages on the shelf are named after these.
const (
	before = "before"
	now    = "now"
)

// fill puts both packages of both versions onto the shelf: before.deb, before.rpm, now.deb, now.rpm.
func fill(ctx context.Context, shelf string) (p pair, err error) {
	if released := os.Getenv("MOMENTO_BRIDGE_PACKAGES"); released != "" {
		err = takeReleased(released, shelf)
	} else {
		err = makeNow(ctx, shelf)
	}
	if err != nil {
		return p, err
	}
	unpacked, err := unpack(ctx, filepath.Join(shelf, now+".deb"))
	if err != nil {
		return p, err
	}
	if p.now, err = versionOf(ctx, filepath.Join(unpacked, "usr/bin/momento-bridge")); err != nil {
		return p, err
	}
	older, err := makeBefore(ctx, unpacked)
	if err != nil {
		return p, err
	}
	if p.before, err = versionOf(ctx, older); err != nil {
		return p, err
	}
	return p, pack(unpacked, nameBefore, filepath.Join(shelf, before))
}

// takeReleased takes the packages of a release for this machine.
func takeReleased(dir, shelf string) error {
	for pattern, to := range map[string]string{"*amd64.deb": now + ".deb", "*x86_64.rpm": now + ".rpm"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%s has %d packages named %s, want one", dir, len(found), pattern)
		}
		if out, err := exec.Command("cp", found[0], filepath.Join(shelf, to)).CombinedOutput(); err != nil {
			return fmt.Errorf("take the package: %w\n%s", err, out)
		}
	}
	return nil
}

// makeNow makes the packages of the files of this work tree.
func makeNow(ctx context.Context, shelf string) error {
	dir, err := rig.Scratch("now")
	if err != nil {
		return err
	}
	program := filepath.Join(dir, "usr/bin/momento-bridge")
	if err := build(ctx, root, program, "v0.0.2"); err != nil {
		return err
	}
	for from, to := range map[string]string{
		"deploy/momento-bridge.service": "usr/lib/systemd/system/momento-bridge.service",
		"deploy/packages/config.yaml":   "etc/momento-bridge/config.yaml",
		"LICENSE":                       "usr/share/doc/momento-bridge/copyright",
		"deploy/packages/preinst":       "DEBIAN/preinst",
		"deploy/packages/postinst":      "DEBIAN/postinst",
		"deploy/packages/prerm":         "DEBIAN/prerm",
		"deploy/packages/postrm":        "DEBIAN/postrm",
	} {
		text, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, to), text); err != nil {
			return err
		}
	}
	return pack(dir, "0.0.2", filepath.Join(shelf, now))
}

// makeBefore puts the program before, another unit, and another default configuration, into an unpacked package.
func makeBefore(ctx context.Context, unpacked string) (program string, err error) {
	program = filepath.Join(unpacked, "usr/bin/momento-bridge")
	if err := buildOlder(ctx, program); err != nil {
		return "", err
	}
	unit := filepath.Join(unpacked, strings.TrimPrefix(unitFile, "/"))
	file, err := os.ReadFile(unit)
	if err != nil {
		return "", err
	}
	if err := write(unit, bytes.Replace(file, []byte("RestartSec=1s"), []byte("RestartSec=2s"), 1)); err != nil {
		return "", err
	}
	config := filepath.Join(unpacked, "etc/momento-bridge/config.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	return program, write(config, append([]byte("# The default of the version before.\n"), text...))
}

// buildOlder builds the program as it was some commits ago, if the history tells, or else as it is.
func buildOlder(ctx context.Context, program string) error {
	commit, err := exec.CommandContext(ctx, "git", "-C", root, "rev-list", "--max-count=1", "--skip=100",
		"HEAD").Output()
	if err != nil || len(commit) == 0 {
		fmt.Println("The history holds no older commit: the version before is the same program with a lower version.")
		return build(ctx, root, program, "v0.0.1")
	}
	dir, err := rig.Scratch("older")
	if err != nil {
		return err
	}
	archive := fmt.Sprintf("git -C %s archive %s | tar -x -C %s", root, strings.TrimSpace(string(commit)), dir)
	if out, err := exec.CommandContext(ctx, "sh", "-c", archive).CombinedOutput(); err != nil {
		return fmt.Errorf("get the older commit: %w\n%s", err, out)
	}
	fmt.Printf("The version before is commit %.12s.\n", commit)
	return build(ctx, dir, program, "v0.0.1")
}

// build builds the program of a directory, as packages have it.
func build(ctx context.Context, dir, program, version string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "slim", "-ldflags",
		"-s -w -X main.version="+version, "-o", program, "./cmd/momento-bridge")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", version, err, out)
	}
	return nil
}

// unpack unpacks a .deb: its files, and its scripts in the directory DEBIAN.
func unpack(ctx context.Context, deb string) (string, error) {
	dir, err := rig.Scratch("unpacked")
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "dpkg-deb", "--raw-extract", deb, dir).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w\n%s", deb, err, out)
	}
	return dir, nil
}

func versionOf(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return "", errors.New("the program tells no version")
	}
	return fields[len(fields)-1], nil
}

// write writes a file, with the directories that lead to it.
func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// pack makes a .deb and a .rpm of an unpacked package.
func pack(dir, version, name string) error {
	contents, err := contentsOf(dir)
	if err != nil {
		return err
	}
	for _, format := range []string{"deb", "rpm"} {
		info := &nfpm.Info{
			Name: "momento-bridge", Arch: "amd64", Platform: "linux", Version: version, VersionSchema: "none",
			Maintainer: "Tests <nobody@example.org>", Description: "Carries messages from NATS to Momento Topics",
			License: "MIT",
		}
		info.Contents = contents
		info.Scripts.PreInstall = filepath.Join(dir, "DEBIAN/preinst")
		info.Scripts.PostInstall = filepath.Join(dir, "DEBIAN/postinst")
		info.Scripts.PreRemove = filepath.Join(dir, "DEBIAN/prerm")
		info.Scripts.PostRemove = filepath.Join(dir, "DEBIAN/postrm")
		info.Deb.Compression, info.RPM.Compression = "none", "gzip:1"
		if err := writePackage(info, format, name+"."+format); err != nil {
			return err
		}
	}
	return nil
}

func writePackage(info *nfpm.Info, format, to string) error {
	packager, err := nfpm.Get(format)
	if err != nil {
		return fmt.Errorf("make a .%s: %w", format, err)
	}
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return fmt.Errorf("make a .%s: %w", format, err)
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(packager.Package(info, file), file.Close())
}

// contentsOf are the files of an unpacked package.
func contentsOf(dir string) (files.Contents, error) {
	contents := files.Contents{
		{Destination: "/etc/momento-bridge", Type: files.TypeDir},
		{Destination: "/usr/share/doc/momento-bridge", Type: files.TypeDir},
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		rel, _ := strings.CutPrefix(path, dir)
		c := &files.Content{Source: path, Destination: rel}
		switch {
		case strings.HasPrefix(rel, "/DEBIAN/"):
			return nil
		case strings.HasPrefix(rel, "/etc/momento-bridge/"):
			c.Type = files.TypeConfigNoReplace
		}
		contents = append(contents, c)
		return nil
	})
	return contents, err
}
