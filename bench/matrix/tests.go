package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// clusters are the tests that need several servers; upgrades those that change their release meanwhile.
var (
	clusters = regexp.MustCompile(`Cluster|Leaders`)
	upgrades = regexp.MustCompile(`RollingUpgradeOfTheServers`)
)

// outcome is what became of each test, by kind: all others, those of clusters, those of upgrades.
type outcome struct{ usual, cluster, upgrade result }

func (o *outcome) count(name, action string) {
	r := &o.usual
	switch {
	case upgrades.MatchString(name):
		r = &o.upgrade
	case clusters.MatchString(name):
		r = &o.cluster
	}
	switch action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
	case "skip":
		r.skipped++
	}
}

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
}

// goTest runs go test, and counts the tests. What fails is shown, with all that it said.
func goTest(ctx context.Context, environment []string, args ...string) (outcome, error) {
	began := time.Now()
	args = append([]string{"test", "-json", "-count", "1", "-timeout", "30m"}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return outcome{}, fmt.Errorf("make a pipe: %w", err)
	}
	fmt.Fprintln(os.Stderr, strings.Join(environment, " "), strings.Join(cmd.Args, " "))
	if err := cmd.Start(); err != nil {
		return outcome{}, fmt.Errorf("start go test: %w", err)
	}
	o := read(out)
	err = cmd.Wait()
	if ctx.Err() != nil {
		return o, fmt.Errorf("go test: %w", ctx.Err())
	}
	if err != nil && o.usual.failed+o.cluster.failed+o.upgrade.failed == 0 {
		o.usual.said, o.usual.broken = "**failed**: "+err.Error(), true
	}
	fmt.Fprintf(os.Stderr, "  %v\n", time.Since(began).Round(time.Second))
	return o, nil
}

// read counts the tests that are not part of another.
func read(from io.Reader) outcome {
	var o outcome
	said := map[string]*strings.Builder{} // By package and test, of those that run.
	in := bufio.NewScanner(from)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Fprintln(os.Stderr, in.Text())
			continue
		}
		name, _, part := strings.Cut(e.Test, "/")
		key := e.Package + " " + name
		if e.Action == "output" {
			if said[key] == nil {
				said[key] = &strings.Builder{}
			}
			said[key].WriteString(e.Output)
			continue
		}
		if part || e.Action != "pass" && e.Action != "fail" && e.Action != "skip" {
			continue
		}
		if e.Action == "fail" && said[key] != nil {
			fmt.Fprint(os.Stderr, said[key].String())
		}
		delete(said, key)
		if name != "" {
			o.count(name, e.Action)
		}
	}
	return o
}
