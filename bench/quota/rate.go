package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"momento-bridge/test/lab"
)

// rateCase is a configured rate, at which requests must come.
type rateCase struct {
	perSecond   float64
	connections int
	length      time.Duration
}

// rates measures when requests come at configured rates. Those that need little run at once.
func rates(ctx context.Context, b *bench) error {
	slow, quick := b.length(40*time.Second, 10*time.Second), b.length(10*time.Second, 3*time.Second)
	low := []rateCase{{0.5, 1, slow}, {0.5, 64, slow}, {1, 8, slow}, {10, 1, slow}, {10, 128, slow}, {100, 8, slow}}
	b.progress("rate: low ones at once, %v", slow)
	if err := atOnce(low, func(c rateCase) error { return c.measure(ctx, b) }); err != nil {
		return err
	}
	high := []rateCase{
		{100, 128, quick},
		{1000, 1, quick},
		{1000, 64, quick},
		{10_000, 8, quick},
		{10_000, 128, quick},
		{50_000, 64, quick},
		{50_000, 128, quick},
	}
	if b.short {
		high = high[2:5]
	}
	for _, c := range high {
		b.progress("rate: %g/s", c.perSecond)
		if err := c.measure(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// measure has more messages than the rate can carry and looks at the endpoint when requests come.
func (c rateCase) measure(ctx context.Context, b *bench) error {
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if err := r.fill(ctx, int(c.perSecond*(c.length.Seconds()+3))+20, plain); err != nil {
		return err
	}
	recorder, err := lab.NewRecorder()
	if err != nil {
		return err
	}
	stop := recorder.Start(ctx)
	defer stop()
	before, busy := lab.OwnCPU(), lab.ReadMachine()
	d, err := b.bridge(ctx, r, bridgeConfig{
		endpoint: recorder.Address, connections: c.connections,
		limits: fmt.Sprintf("rate: %g", c.perSecond),
	})
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(c.length)
	d.Kill() // Before it drains.
	stop()
	u := usage{daemon: d.CPU(), endpoint: lab.OwnCPU() - before, busy: lab.ReadMachine().Since(busy)}
	c.judge(b, recorder.Times(), &u)
	return nil
}

// judge compares the mean, from the first second on, and the fullest second with the rate.
func (c rateCase) judge(b *bench, times []time.Time, u *usage) {
	const skip = time.Second
	from := 0
	for from < len(times) && c.perSecond >= 10 && times[from].Sub(times[0]) < skip {
		from++
	}
	if len(times)-from < 3 {
		b.print(false, false, "rate %g/s: only %d requests", c.perSecond, len(times))
		return
	}
	span := times[len(times)-1].Sub(times[from]).Seconds()
	n := float64(len(times) - 1 - from)
	mean := n / span
	off := math.Abs(n - c.perSecond*span) // Requests more or fewer than there should be.
	line := max(1, c.perSecond*span/100)
	burst := 1 + 0.02*c.perSecond // As derived, see limits.burst.
	fullest := fullestSecond(times)
	full := fullest <= c.perSecond+burst+1e-6
	// Where the machine has nothing left, too few requests are its doing, and so are late ones that come together. Too
	// many are not. The short form is for CI, where nobody knows what else the machine does: the exact rates are tested
	// on virtual time.
	exhausted := c.perSecond > 1000 && (b.short || u.busy > 0.9)
	tooFew, tooMany := mean < c.perSecond && off > 2*line, mean > c.perSecond && off > 2*line
	loosely := !tooMany && (exhausted || !tooFew && fullest <= c.perSecond+2*burst+1)
	b.print(off <= line && full, loosely,
		"rate %6g/s, %3d connections: %6d requests, mean %9.3f/s (%+.2f %%), fullest second %5.0f of at most %7.1f%s",
		c.perSecond, c.connections, len(times), mean, 100*(mean/c.perSecond-1), fullest, c.perSecond+burst,
		c.details(times, u))
}

// details are the gaps where the rate is low, which is where cases share the machine, and who used it where the rate is
// high.
func (c rateCase) details(times []time.Time, u *usage) string {
	if c.perSecond <= 10 {
		gaps := make([]time.Duration, len(times)-1)
		for i := range gaps {
			gaps[i] = times[i+1].Sub(times[i])
		}
		slices.Sort(gaps)
		return fmt.Sprintf(", gaps p99 %v of %v", gaps[min(len(gaps)-1, len(gaps)*99/100)].Round(time.Millisecond),
			time.Duration(float64(time.Second)/c.perSecond))
	}
	if c.perSecond < 1000 {
		return ""
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(len(times)) }
	return fmt.Sprintf(
		", CPU each: daemon %.1f µs, endpoint %.1f µs; machine %.0f %% busy", each(u.daemon),
		each(u.endpoint), 100*u.busy)
}

// fullestSecond is the largest number of requests in any second.
func fullestSecond(times []time.Time) float64 {
	most, first := 0, 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return float64(most)
}

// usage is who used the machine. The endpoint is this process.
type usage struct {
	daemon, endpoint time.Duration
	busy             float64 // Share of all cores, whoever used them.
}
