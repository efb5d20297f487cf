package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"momento-bridge/test/lab"
)

const module = "github.com/nats-io/nats-server/v2"

// servers makes the table of releases of nats-server.
func (b *bench) servers(ctx context.Context) (table, error) {
	newest := servers[len(servers)-1]
	t := table{
		columns: []string{
			"nats-server", "`source`", "`test/chaos`", "clusters of three",
			"upgrade of a cluster to " + strings.TrimPrefix(newest, "v") + " under load",
		},
		form: form(b.short),
	}
	for _, version := range b.chosen(servers) {
		in, out := outcome{}, outcome{}
		if whole := !b.short || version == servers[0]; whole || version != newest {
			var err error
			if in, err = b.source(ctx, version); err != nil {
				return t, err
			}
			if out, err = chaos(ctx, version, whole); err != nil {
				return t, err
			}
		} // The newest one is that of go.mod, which all other steps of CI have.
		t.rows = append(t.rows, row{
			strings.TrimPrefix(version, "v"),
			[]result{in.usual, out.usual, in.cluster.add(out.cluster), in.upgrade.add(out.upgrade)},
		})
	}
	return t, nil
}

func form(short bool) string {
	long := "the short forms of the tests"
	if os.Getenv("LONG_TESTS") == "1" {
		long = "the long forms of the tests"
	}
	if short {
		return "`go run ./bench/matrix -short`, " + long
	}
	return "`go run ./bench/matrix`, " + long
}

// source runs the tests of source, linked with a release.
func (b *bench) source(ctx context.Context, version string) (outcome, error) {
	dir := filepath.Join(b.dir, version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return outcome{}, fmt.Errorf("make a directory: %w", err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return outcome{}, fmt.Errorf("run this at the top of the repository: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return outcome{}, fmt.Errorf("write a copy: %w", err)
		}
	}
	file := filepath.Join(dir, "go.mod")
	edit := exec.CommandContext(ctx, "go", "mod", "edit", "-require", module+"@"+version, file)
	if out, err := edit.CombinedOutput(); err != nil {
		return outcome{}, fmt.Errorf("choose %s in go.mod: %w\n%s", version, err, out)
	}
	packages := []string{"./source", "./source/bus", "./source/lease"}
	if version != "v2.10.27" && version != "v2.11.17" { // Their transforms panic on {{partition(0)}}.
		packages = append(packages, "./source/template")
	}
	return goTest(ctx, nil, append([]string{"-modfile", file, "-mod=mod"}, packages...)...)
}

// chaos runs the tests of chaos with processes of a release, or the upgrade of a cluster alone.
func chaos(ctx context.Context, version string, whole bool) (outcome, error) {
	if _, err := lab.InstallNATS(ctx, version); err != nil {
		return outcome{}, err
	}
	args := []string{"./test/chaos"}
	if !whole {
		args = append(args, "-run", upgrades.String())
	}
	return goTest(ctx, []string{lab.VersionKey + "=" + version}, args...)
}
