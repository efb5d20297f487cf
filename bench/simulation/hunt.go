package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"momento-bridge/test/simulation/planted"
)

// hunt looks for faults.
type hunt struct {
	root   string
	within time.Duration
	seeds  int
}

// found is how a fault was found.
type found struct {
	rule string // Empty: it was not.
	text string
	seed uint64
	at   string // Virtual time.
	took time.Duration
	ran  uint64 // Seeds without a fault.
}

func (f *found) row(of *planted.Fault) string {
	if f.rule == "" {
		return fmt.Sprintf("| %s | %s | not found in %d seeds | | | %.0f |", of.Name, of.Kind, f.ran, f.took.Seconds())
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %s | %.1f |", of.Name, of.Kind, f.rule, f.seed, f.at, f.took.Seconds())
}

// fault builds the tests with a fault and runs seeds until it is found, or the time is over.
func (h *hunt) fault(ctx context.Context, f *planted.Fault) (found, error) {
	dir, err := os.MkdirTemp("", "planted")
	if err != nil {
		return found{}, fmt.Errorf("make a directory for the overlay: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := f.Overlay(h.root, dir)
	if err != nil {
		return found{}, err
	}
	program := filepath.Join(dir, "simulation.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay,
		"-o", program, "./test/simulation")
	build.Dir = h.root
	if said, err := build.CombinedOutput(); err != nil {
		return found{}, fmt.Errorf("build with %s: %w\n%s", f.Name, err, said)
	}
	ctx, cancel := context.WithTimeout(ctx, h.within)
	defer cancel()
	return h.run(ctx, program, cmp.Or(f.Form, "brief"))
}

// stuckAfter is how long a seed may take before it is taken for stuck: a daemon that holds a mutex while it waits, or
// goes round in circles, lets no virtual time pass. A seed of the longest form used takes some seconds.
const stuckAfter = time.Minute

func (h *hunt) run(ctx context.Context, program, form string) (found, error) {
	began := time.Now()
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	tests := exec.CommandContext(run, program, "-test.run", "^TestSimulation$", "-test.v", "-test.timeout", "0",
		"-seeds", strconv.Itoa(h.seeds), "-form", form, "-lines", "0")
	tests.Dir = filepath.Join(h.root, "test", "simulation")
	out, err := tests.StdoutPipe()
	if err != nil {
		return found{}, fmt.Errorf("run the simulation: %w", err)
	}
	tests.Stderr = tests.Stdout
	if err := tests.Start(); err != nil {
		return found{}, fmt.Errorf("run the simulation: %w", err)
	}
	var stuck atomic.Bool
	watchdog := time.AfterFunc(stuckAfter, func() { stuck.Store(true); cancel() })
	f := read(out, func() { watchdog.Reset(stuckAfter) })
	watchdog.Stop()
	err = tests.Wait()
	f.took = time.Since(began)
	switch ended := (*exec.ExitError)(nil); {
	case f.rule != "" || ctx.Err() != nil:
	case stuck.Load():
		f.rule, f.text, f.seed = "no time passes", "a seed does not end", f.ran+1
	case errors.As(err, &ended):
		f.rule, f.seed = "the process dies", f.ran+1
	}
	return f, nil
}

// read reads what the tests say until they end.
func read(out io.Reader, progress func()) found {
	var f found
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		_, line, _ = strings.Cut(line, ".go:") // The file and the line.
		_, line, _ = strings.Cut(line, ": ")
		rest, ok := strings.CutPrefix(line, "seed ")
		if !ok || f.rule != "" {
			continue
		}
		progress()
		if number, rest, ok := strings.Cut(rest, ", at "); ok && !strings.Contains(number, ":") {
			f.seed, _ = strconv.ParseUint(number, 10, 64)
			f.at, f.text, _ = strings.Cut(rest, ": ")
			f.rule = ruleOf(f.text)
			fmt.Fprintln(os.Stderr, line)
			continue
		}
		f.ran++
	}
	return f
}
