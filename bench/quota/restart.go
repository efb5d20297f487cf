package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"momento-bridge/test/lab"
)

// restartCase is a daemon that has learned a quota, and is started again.
type restartCase struct {
	quota float64
	kill  bool // It is killed, rather than stopped.
}

func (c restartCase) String() string {
	if c.kill {
		return fmt.Sprintf("killed, quota %g/s", c.quota)
	}
	return fmt.Sprintf("stopped, quota %g/s", c.quota)
}

// restarts measures how soon a daemon with a state_dir uses what it had learned before it was started again.
func restarts(ctx context.Context, b *bench) error {
	all := []restartCase{{100, false}, {1000, false}, {1000, true}, {5000, false}}
	if b.short {
		all = []restartCase{{1000, false}}
	}
	b.progress("restart: %d daemons at once, %v", len(all), learning+afterRestart)
	return atOnce(all, func(c restartCase) error { return c.measure(ctx, b) })
}

// afterRestart is how long the daemon is watched once it has been started again.
const afterRestart = 10 * time.Second

func (c restartCase) measure(ctx context.Context, b *bench) error {
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(c.quota), "--burst", fmt.Sprint(c.quota/5), "--latency", "2ms",
		"--jitter", "2ms")
	if err != nil {
		return err
	}
	first := b.length(learning, 15*time.Second)
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if err := r.fill(ctx, int(1.3*c.quota*(first+afterRestart).Seconds())+100, plain); err != nil {
		return err
	}
	dir, err := b.Scratch("state")
	if err != nil {
		return err
	}
	d, err := b.bridge(ctx, r, bridgeConfig{
		endpoint: e.Address, limits: "rate: auto", state: filepath.Join(dir, "state"),
	})
	if err != nil {
		return err
	}
	defer func() { d.Kill() }()
	time.Sleep(first)
	if c.kill {
		d.Kill()
	} else if err := d.Stop(); err != nil {
		return err
	}
	before, err := stats(e)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := d.Start(); err != nil {
		return err
	}
	full, after, err := awaitRate(ctx, e, 0.95*c.quota, began, afterRestart)
	if err != nil {
		return err
	}
	refused := share(after.refused()-before.refused(), after.Accepted-before.Accepted)
	text := fmt.Sprintf("95 %% of the quota not within %v", afterRestart)
	if full > 0 {
		text = fmt.Sprintf("95 %% of the quota %.1f s after the start", full.Seconds())
	}
	b.printTimed(full > 0 && full <= 3*time.Second && refused < 0.01,
		full > 0 && full <= time.Duration(b.loose(6, 10))*time.Second && refused < b.loose(0.02, 0.05),
		"restart, %-22s: %s, %.2f %% refused in %v", c, text, 100*refused, afterRestart)
	return nil
}

// awaitRate returns how long after it began a second had begun in which the emulator accepted that many per second, 0
// if there was none within a time, and what it has counted at the end of that time.
func awaitRate(ctx context.Context, e *lab.Emulator, perSecond float64, began time.Time, within time.Duration) (
	reached time.Duration, last emulatorStats, err error,
) {
	const step, window = 100 * time.Millisecond, 10
	type seen struct {
		at       time.Time
		accepted int
	}
	var all []seen
	for time.Since(began) < within && ctx.Err() == nil {
		if last, err = stats(e); err != nil {
			return 0, last, err
		}
		all = append(all, seen{time.Now(), last.Accepted})
		if n := len(all) - 1; n >= window && reached == 0 {
			from, to := all[n-window], all[n]
			if float64(to.accepted-from.accepted)/to.at.Sub(from.at).Seconds() >= perSecond {
				reached = from.at.Sub(began)
			}
		}
		time.Sleep(step)
	}
	return max(reached, 0), last, ctx.Err()
}

// outageCase is a quota that is refused altogether for a while.
type outageCase struct {
	quota   float64
	percent float64 // Refused at random before and afterwards.
}

// outages measure how soon a quota is used again after everything was refused for a while, and what was sent in vain.
func outages(ctx context.Context, b *bench) error {
	all := []outageCase{{100, 0}, {1000, 0}, {100, 1}, {1000, 1}}
	if b.short {
		all = []outageCase{{100, 0}}
	}
	b.progress("outage: %d quotas at once, %v", len(all), 2*learning+refusing)
	return atOnce(all, func(c outageCase) error { return c.measure(ctx, b) })
}

// refusing is how long everything is refused.
const refusing = 30 * time.Second

func (c outageCase) measure(ctx context.Context, b *bench) error {
	usual := fmt.Sprintf(`{"random_429": %g}`, c.percent/100)
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(c.quota), "--random-429", fmt.Sprintf("%g%%", c.percent),
		"--latency", "2ms", "--jitter", "2ms")
	if err != nil {
		return err
	}
	first, length, then := b.length(2*learning, 14*time.Second), b.length(refusing, 6*time.Second), b.length(learning,
		12*time.Second)
	stop, err := b.carry(ctx, int(1.3*c.quota*(first+then).Seconds())+100,
		bridgeConfig{endpoint: e.Address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer stop()
	time.Sleep(first)
	before, err := stats(e)
	if err != nil {
		return err
	}
	if err := e.Set(ctx, `{"random_429": 1}`); err != nil {
		return err
	}
	time.Sleep(length)
	during, err := stats(e)
	if err != nil {
		return err
	}
	if err := e.Set(ctx, usual); err != nil {
		return err
	}
	again, _, err := awaitRate(ctx, e, 0.9*c.quota, time.Now(), then)
	if err != nil {
		return err
	}
	vain := during.Rejected[http.StatusTooManyRequests] - before.refused()
	text := fmt.Sprintf("90 %% not used again within %v", then)
	if again > 0 {
		text = fmt.Sprintf("90 %% used again after %.1f s", again.Seconds())
	}
	// In the short form all cases run at once, for less time than the slowest of these may take.
	b.printTimed(again > 0 && again <= 5*time.Second, b.short || again > 0 && again <= 25*time.Second,
		"outage of %v, quota %4g/s, %g %% refused at random: %s, %d sent in vain", length, c.quota, c.percent, text,
		vain)
	return nil
}
