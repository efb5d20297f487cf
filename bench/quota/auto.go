package main

import (
	"context"
	"fmt"
	"net/http"
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
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(c.quota), "--limiter", c.limiter, "--latency", "2ms",
		"--jitter", "2ms")
	if err != nil {
		return err
	}
	first, then := b.length(learning, 18*time.Second), b.length(known, 12*time.Second)
	stop, err := b.carry(ctx, int(c.quota*1.3*(first+then).Seconds())+100,
		bridgeConfig{endpoint: e.Address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer stop()
	time.Sleep(first)
	before, during, err := count(e, then)
	if err != nil {
		return err
	}
	used := float64(during.Accepted) / c.quota / during.seconds
	refused := share(during.refused(), during.Accepted)
	judged := c.limiter != "sharded" // Connections may be spread unevenly over the servers: see sticky.
	b.printTimed(used >= 0.95 && refused < 0.01, !judged || used >= b.loose(0.9, 0.8) && refused < b.loose(0.02, 0.05),
		"auto, %-15s %5g/s: %6.2f %% used, %.2f %% refused; %.2f %% refused while learning",
		c.limiter, c.quota, 100*used, 100*refused, 100*share(before.refused(), before.Accepted))
	return nil
}

func share(refused, accepted int) float64 {
	return float64(refused) / float64(max(1, refused+accepted))
}

// emulatorStats are what the emulator has counted.
type emulatorStats struct {
	Accepted   int         `json:"accepted"`
	Operations int         `json:"operations"`
	Rejected   map[int]int `json:"rejected"`
	seconds    float64     // Of which it is the count.
}

func (s *emulatorStats) refused() int { return s.Rejected[http.StatusTooManyRequests] }

func stats(e *lab.Emulator) (s emulatorStats, err error) {
	err = e.Stats(&s)
	return s, err
}

// count returns what an emulator has counted before a time, and within it.
func count(e *lab.Emulator, during time.Duration) (before, within emulatorStats, err error) {
	if before, err = stats(e); err != nil {
		return before, within, err
	}
	began := time.Now()
	time.Sleep(during)
	if within, err = stats(e); err != nil {
		return before, within, err
	}
	within.seconds = time.Since(began).Seconds()
	within.Accepted -= before.Accepted
	within.Operations -= before.Operations
	within.Rejected = map[int]int{http.StatusTooManyRequests: within.refused() - before.refused()}
	return before, within, nil
}
