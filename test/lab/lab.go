// Package lab is the rig of the tests and benchmarks that see the program from outside. It builds the programs and runs
// each as a process of its own on loopback, which dies with us: nats-server, the daemon, the emulator, nginx. It also
// has endpoints that count, and waits until something holds. It imports nothing of the program, and no package testing.
package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
)

// Lab is a directory with the programs, and what runs of them. Its methods may be called concurrently.
type Lab struct {
	Dir        string // For files; removed by Stop.
	Bridge     string // The program momento-bridge,
	NATSServer string // and nats-server, of the release in go.mod.
	NATS       *NATS  // The server that a daemon is told of which is started with flags; nil: none.

	root      string
	mu        sync.Mutex // Guards the following.
	processes []*Process
}

// New builds the programs. Root is a directory of the module momento-bridge, empty for the current one. Stop must be
// called unless there is an error.
func New(ctx context.Context, root string) (*Lab, error) {
	dir, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	l := &Lab{Dir: dir, root: root}
	if _, err = l.Build(ctx, "momento-bridge/cmd/momento-bridge", "github.com/nats-io/nats-server/v2"); err != nil {
		l.Stop()
		return nil, err
	}
	l.Bridge, l.NATSServer = filepath.Join(dir, "momento-bridge"), filepath.Join(dir, "nats-server")
	return l, nil
}

// NewWithNATS builds the programs and starts a NATS server, which daemons started with flags use.
func NewWithNATS(ctx context.Context) (*Lab, error) {
	l, err := New(ctx, "")
	if err != nil {
		return nil, err
	}
	if l.NATS, err = l.StartNATS(ctx); err != nil {
		l.Stop()
		return nil, err
	}
	return l, nil
}

// Build builds programs of the module momento-bridge, or of those that it depends on, and returns the path of the
// first.
func (l *Lab) Build(ctx context.Context, pkgs ...string) (string, error) {
	build := exec.CommandContext(ctx, "go", append([]string{"build", "-ldflags", "-s -w", "-o", l.Dir + "/"},
		pkgs...)...)
	build.Dir = l.root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkgs, err, out)
	}
	return filepath.Join(l.Dir, filepath.Base(pkgs[0])), nil
}

// Stop ends every process, the latest first, and removes the directory.
func (l *Lab) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range slices.Backward(l.processes) {
		_ = p.Stop()
	}
	_ = os.RemoveAll(l.Dir)
}

// Scratch makes a directory that is removed by Stop. Its name begins with a word.
func (l *Lab) Scratch(word string) (string, error) {
	dir, err := os.MkdirTemp(l.Dir, word+"-")
	if err != nil {
		return "", fmt.Errorf("make a directory: %w", err)
	}
	return dir, nil
}

// Write writes a file, such as a configuration, into a directory of its own, and returns its path.
func (l *Lab) Write(name, text string) (string, error) {
	dir, err := l.Scratch(name)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return file, nil
}
