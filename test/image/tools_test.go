package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// natsServer is what the real image of NATS with the tag of the compose file holds.
const natsServer = "github.com/nats-io/nats-server/v2@v2.12.15"

// fetch gets what the tests need from the module proxy: the modules of the program, and the programs of the images that
// play others, below dir.
func fetch(ctx context.Context, dir string) error {
	// As the Dockerfile builds, so that one cache serves both.
	for _, v := range []string{"GOFLAGS=-trimpath", "CGO_ENABLED=0"} {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	download := exec.CommandContext(ctx, "go", "mod", "download")
	download.Dir = repository
	if out, err := download.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch modules: %w\n%s", err, out)
	}
	for program, command := range map[string][]string{
		"nats-server": {"install", "-ldflags", "-s -w", natsServer},
		"nats":        {"install", "-ldflags", "-s -w", "./nats"},
	} {
		install := exec.CommandContext(ctx, "go", command...)
		install.Env = append(os.Environ(), "GOBIN="+filepath.Join(dir, "bin"))
		if out, err := install.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", program, err, out)
		}
	}
	return nil
}

// outcome is what a command has printed, and how it has ended.
type outcome struct {
	stdout, stderr string
	status         int
}

// try runs a command.
func try(t *testing.T, name string, args ...string) outcome {
	t.Helper()
	o, err := run(t.Context(), name, args...)
	ok(t, err)
	return o
}

// cleanup runs a command after a test, whatever becomes of it.
func cleanup(name string, args ...string) outcome {
	o, _ := run(context.Background(), name, args...)
	return o
}

// run runs a command. That it fails is no error.
func run(ctx context.Context, name string, args ...string) (outcome, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return outcome{}, fmt.Errorf("run %s: %w", name, err)
	}
	status := cmd.ProcessState.ExitCode()
	return outcome{strings.TrimSpace(stdout.String()), strings.TrimSpace(stderr.String()), status}, nil
}

// must runs a command that works, and returns what it has printed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	o := try(t, name, args...)
	if o.status != 0 {
		t.Fatalf("%s %q: exit status %d\n%s\n%s", name, args, o.status, lastOf(o.stdout), lastOf(o.stderr))
	}
	return o.stdout
}

// lastOf is the end of what a command has printed.
func lastOf(text string) string { return text[max(0, len(text)-4000):] }

// ok ends the test if there is an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write writes a file below a directory.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	ok(t, os.MkdirAll(filepath.Dir(file), 0o755))
	ok(t, os.WriteFile(file, []byte(text), 0o644))
	return file
}

// copyFile copies a file with its mode.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	ok(t, err)
	info, err := os.Stat(from)
	ok(t, err)
	ok(t, os.WriteFile(to, data, info.Mode()))
}
