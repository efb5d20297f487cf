package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"momento-bridge/test/lab"
)

// found is what a search prints.
type found struct {
	Verdict         string   `json:"verdict"`
	Reason          string   `json:"reason"`
	Clean           *float64 `json:"clean_rate"`
	Failing         *float64 `json:"failing_rate"`
	Plateau         *float64 `json:"plateau_rate"`
	Limiter         string   `json:"limiter"`
	Confidence      string   `json:"limiter_confidence"`
	Evidence        []string `json:"limiter_evidence"`
	Requests        int      `json:"requests"`
	DurationSeconds float64  `json:"duration_seconds"`
	Generator       struct {
		Repeated int     `json:"repeated_trials"`
		OnTime   float64 `json:"on_time"`
		FitRate  float64 `json:"fit_rate"`
		Burst    float64 `json:"burst_seconds"`
	} `json:"generator"`
}

func (f *found) proved() bool { return f.Verdict == "proved" }

// notProved is the exit status of a search that proves nothing.
const notProved = 4

// find runs a search against an endpoint.
func (b *bench) find(ctx context.Context, address string, env []string, flags string) (*found, error) {
	args := append([]string{
		"loadtest", "find", "--endpoint", "http://" + address, "--cache", "c", "--topic", "t",
		"--yes", "--format", "json",
	}, strings.Fields(flags)...)
	cmd := exec.CommandContext(ctx, b.Bridge, args...)
	cmd.Env = append(append(os.Environ(), "MOMENTO_API_KEY=a-key-for-nobody"), env...)
	var out, progress bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &progress
	if err := cmd.Run(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != notProved {
			return nil, fmt.Errorf("find: %w:\n%s", err, progress.String())
		}
	}
	var f found
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	return &f, nil
}

// findEmulated starts an emulator with a rate and flags, and runs a search against it. look, if there is one, sees the
// emulator before it ends.
func (b *bench) findEmulated(ctx context.Context, c testCase, env []string,
	look func(*lab.Emulator) error,
) (*found, error) {
	e, err := b.StartEmulator(ctx, append([]string{"--rate", fmt.Sprint(c.rate)}, strings.Fields(c.limiter)...)...)
	if err != nil {
		return nil, err
	}
	defer e.Kill()
	f, err := b.find(ctx, e.Address, env, c.find)
	if err == nil && look != nil {
		err = look(e)
	}
	return f, err
}

// others are how many publishes of others an emulator has accepted and refused.
type others struct {
	Others struct{ Accepted, Refused int }
}
