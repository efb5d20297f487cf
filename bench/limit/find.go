package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
	RejectionsCost  *bool    `json:"rejections_cost"`
	Requests        int      `json:"requests"`
	DurationSeconds float64  `json:"duration_seconds"`
	Generator       struct {
		Repeated int `json:"repeated_trials"`
	} `json:"generator"`
}

func (f *found) proved() bool { return f.Verdict == "proved" }

// notProved is the exit status of a search that proves nothing.
const notProved = 4

// find runs a search against an endpoint.
func (b *bench) find(ctx context.Context, address string, env []string, flags string) (*found, error) {
	args := append([]string{"loadtest", "find", "--endpoint", "http://" + address, "--cache", "c", "--topic", "t", "--yes", "--format", "json"}, strings.Fields(flags)...)
	cmd := exec.CommandContext(ctx, b.Daemon, args...)
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

// emulator starts an emulator with flags. stop ends it.
func (b *bench) emulator(ctx context.Context, rate float64, flags string) (address string, stop func(), err error) {
	if address, err = lab.FreePort(); err != nil {
		return "", nil, err
	}
	args := append([]string{"emulator", "--listen", address, "--rate", fmt.Sprint(rate)}, strings.Fields(flags)...)
	process, err := b.Start(b.Daemon, args...)
	if err != nil {
		return "", nil, err
	}
	return address, func() { _ = process.Process.Kill(); _ = process.Wait() }, lab.AwaitPort(ctx, address)
}

// others reads how many publishes of others an emulator has accepted and refused.
func others(address string) (accepted, refused int, err error) {
	resp, err := http.Get("http://" + address + "/_emulator/stats")
	if err != nil {
		return 0, 0, fmt.Errorf("read the emulator's stats: %w", err)
	}
	defer resp.Body.Close()
	var s struct {
		Others struct{ Accepted, Refused int }
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return 0, 0, fmt.Errorf("read the emulator's stats: %w", err)
	}
	return s.Others.Accepted, s.Others.Refused, nil
}
