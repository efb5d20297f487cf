package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// toolchains makes the table of releases of Go.
func (b *bench) toolchains(ctx context.Context) (table, error) {
	packages, form := []string{"./..."}, "`go run ./bench/matrix -what go`"
	if b.short { // Without what takes longest.
		packages = []string{"./config/...", "./pipeline/...", "./sink/...", "./source/..."}
		form = "`go run ./bench/matrix -short -what go`"
	}
	t := table{columns: []string{"Go", "`go test " + strings.Join(packages, " ") + "`"}, form: form}
	for _, release := range b.chosen(toolchains) {
		o, err := goTest(ctx, []string{"GOTOOLCHAIN=" + release}, packages...)
		if err != nil {
			return t, err
		}
		t.rows = append(t.rows, row{
			strings.TrimPrefix(release, "go"), []result{o.usual.add(o.cluster).add(o.upgrade)},
		})
	}
	return t, nil
}

// systems makes the table of systems that the program is built for. Tests need Linux, as test/lab does.
func (b *bench) systems(ctx context.Context) (table, error) {
	t := table{
		columns: []string{"system", "built", "built with `-tags slim`"},
		form:    "`go run ./bench/matrix -what systems`",
	}
	for _, system := range b.chosen(systems) {
		goos, goarch, _ := strings.Cut(system, "/")
		environment := []string{"GOOS=" + goos, "GOARCH=" + goarch, "CGO_ENABLED=0"}
		built := goDo(ctx, environment, "build", "-o", os.DevNull, "./cmd/momento-bridge")
		slim := goDo(ctx, environment, "build", "-tags", "slim", "-o", os.DevNull, "./cmd/momento-bridge")
		if ctx.Err() != nil {
			return t, fmt.Errorf("compile: %w", ctx.Err())
		}
		t.rows = append(t.rows, row{system, []result{built, slim}})
	}
	return t, nil
}

// goDo runs a command of go, and shows what it says if it fails.
func goDo(ctx context.Context, environment []string, args ...string) result {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s go %s\n%s", strings.Join(environment, " "), strings.Join(args, " "), out)
		return result{said: "**no**", broken: true}
	}
	return result{said: "yes"}
}
