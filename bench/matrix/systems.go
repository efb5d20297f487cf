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
	t := table{columns: []string{"Go", "`go test ./...`"}, form: "`go run ./bench/matrix -what go`"}
	for _, release := range b.chosen(toolchains) {
		o, err := goTest(ctx, []string{"GOTOOLCHAIN=" + release}, "./...")
		if err != nil {
			return t, err
		}
		t.rows = append(t.rows, row{
			strings.TrimPrefix(release, "go"), []result{o.usual.add(o.cluster).add(o.upgrade)},
		})
	}
	return t, nil
}

// systems makes the table of systems that the program and its tests are compiled for.
func (b *bench) systems(ctx context.Context) (table, error) {
	t := table{
		columns: []string{"system", "built", "`go vet ./...`"}, form: "`go run ./bench/matrix -what systems`",
	}
	for _, system := range b.chosen(systems) {
		goos, goarch, _ := strings.Cut(system, "/")
		environment := []string{"GOOS=" + goos, "GOARCH=" + goarch, "CGO_ENABLED=0"}
		built := goDo(ctx, environment, "build", "-o", os.DevNull, "./cmd/momento-bridge")
		vetted := goDo(ctx, environment, "vet", "./...")
		if ctx.Err() != nil {
			return t, fmt.Errorf("compile: %w", ctx.Err())
		}
		t.rows = append(t.rows, row{system, []result{built, vetted}})
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
