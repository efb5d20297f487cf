package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// quotaCase is a quota that the daemon must find.
type quotaCase struct {
	limiter string
	quota   float64
}

const (
	learning = 30 * time.Second
	known    = 30 * time.Second
)

// learned measures how much of an unknown quota is used. All quotas of a limiter are tried at once.
func learned(ctx context.Context, b *bench) error {
	limiters := []string{"bucket", "gcra", "fixed-window", "sliding", "sliding-penalty", "sharded"}
	quotas := []float64{10, 100, 1000, 5000}
	if b.short {
		limiters, quotas = []string{"bucket"}, []float64{100}
	}
	for _, limiter := range limiters {
		var all []quotaCase
		for _, quota := range quotas {
			all = append(all, quotaCase{limiter, quota})
		}
		b.progress("auto: %s at %v/s, %v", limiter, quotas, learning+known)
		if err := atOnce(all, func(c quotaCase) error { return c.measure(ctx, b) }); err != nil {
			return err
		}
	}
	return nil
}

func (c quotaCase) measure(ctx context.Context, b *bench) error {
	e, err := b.startEmulator(ctx, "--rate", fmt.Sprint(c.quota), "--limiter", c.limiter, "--latency", "2ms", "--jitter", "2ms")
	if err != nil {
		return err
	}
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	first, then := b.length(learning, 18*time.Second), b.length(known, 12*time.Second)
	if err := r.fill(ctx, int(c.quota*1.3*(first+then).Seconds())+100, plain); err != nil {
		return err
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: e.address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(first)
	before, err := e.stats()
	if err != nil {
		return err
	}
	began := time.Now()
	time.Sleep(then)
	after, err := e.stats()
	if err != nil {
		return err
	}
	seconds := time.Since(began).Seconds()
	used := float64(after.Accepted-before.Accepted) / c.quota / seconds
	refused := share(after.refused()-before.refused(), after.Accepted-before.Accepted)
	judged := c.limiter != "sharded" // Whoever is spread unevenly cannot use all of it: docs/quotas.md.
	b.printTimed(used >= 0.95 && refused < 0.01, !judged || used >= b.loose(0.9, 0.8) && refused < b.loose(0.02, 0.05),
		"auto, %-15s %5g/s: %6.2f %% used, %.2f %% refused; %.2f %% refused while learning",
		c.limiter, c.quota, 100*used, 100*refused, 100*share(before.refused(), before.Accepted))
	return nil
}

func share(refused, accepted int) float64 {
	return float64(refused) / float64(max(1, refused+accepted))
}

// emulatorProcess is the daemon's emulator.
type emulatorProcess struct{ address string }

func (b *bench) startEmulator(ctx context.Context, args ...string) (*emulatorProcess, error) {
	address, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	_, err = b.Start(b.Daemon, append([]string{"emulator", "--listen", address}, args...)...)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return &emulatorProcess{address}, lab.AwaitPort(ctx, address)
}

type emulatorStats struct {
	Accepted   int         `json:"accepted"`
	Operations int         `json:"operations"`
	Rejected   map[int]int `json:"rejected"`
}

func (s *emulatorStats) refused() int { return s.Rejected[http.StatusTooManyRequests] }

func (e *emulatorProcess) stats() (*emulatorStats, error) {
	resp, err := http.Get("http://" + e.address + "/_emulator/stats")
	if err != nil {
		return nil, fmt.Errorf("read the emulator's stats: %w", err)
	}
	defer resp.Body.Close()
	var s emulatorStats
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return nil, fmt.Errorf("read the emulator's stats: %w", err)
	}
	return &s, nil
}

// set changes settings of the emulator while it runs.
func (e *emulatorProcess) set(ctx context.Context, settings string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+e.address+"/_emulator/settings", strings.NewReader(settings))
	if err != nil {
		return fmt.Errorf("change the emulator: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("change the emulator: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("change the emulator: %s", resp.Status)
	}
	return nil
}
