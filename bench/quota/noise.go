package main

import (
	"context"
	"fmt"
	"time"
)

// noiseCase is an endpoint that refuses a share of the publishes at random.
type noiseCase struct {
	percent float64
	ceiling float64 // limits.rate; 0: auto.
	quota   float64 // Of the endpoint; 0: none.
	nginx   bool    // The endpoint is nginx; else it is the emulator.
}

// noiseLearning is how long the daemon has to find out what is refused at any rate.
const noiseLearning = 240 * time.Second

// noises measures what is used where a share is refused at random: below a ceiling that the endpoint would carry, and
// of a quota that the daemon is not told.
func noises(ctx context.Context, b *bench) error {
	turns := [][]noiseCase{nil, {{percent: 1, quota: 100, nginx: true}, {percent: 3, quota: 1000, nginx: true}}}
	for _, percent := range []float64{0.1, 1, 3, 10} {
		turns[0] = append(turns[0], noiseCase{percent: percent, ceiling: 80}, noiseCase{percent: percent, ceiling: 500})
		turns[1] = append(turns[1], noiseCase{percent: percent, quota: 100}, noiseCase{percent: percent, quota: 1000})
	}
	if b.short {
		turns = [][]noiseCase{{{percent: 3, ceiling: 500}, {percent: 1, quota: 1000}}}
	}
	for _, all := range turns {
		b.progress("noise: %d endpoints at once, %v", len(all), noiseLearning+known)
		if err := atOnce(all, func(c noiseCase) error { return c.measure(ctx, b) }); err != nil {
			return err
		}
	}
	return nil
}

// best is how many publishes per second could be accepted.
func (c noiseCase) best() float64 {
	if c.quota > 0 {
		return c.quota
	}
	return c.ceiling * (1 - c.percent/100)
}

func (c noiseCase) limits() string {
	if c.ceiling > 0 {
		return fmt.Sprintf("rate: %g", c.ceiling)
	}
	return "rate: auto"
}

func (c noiseCase) String() string {
	what := "no quota, " + c.limits()
	switch {
	case c.nginx:
		what = fmt.Sprintf("nginx limit_req, %g/s", c.quota)
	case c.quota > 0:
		what = fmt.Sprintf("bucket, %g/s", c.quota)
	}
	return fmt.Sprintf("%4.1f %% refused at random, %-22s", c.percent, what)
}

func (c noiseCase) measure(ctx context.Context, b *bench) error {
	first, then := b.length(noiseLearning, 20*time.Second), b.length(known, 10*time.Second)
	messages := int(max(c.quota, c.ceiling)*1.1*(first+then).Seconds()) + 100
	answered, address, err := c.start(ctx, b)
	if err != nil {
		return err
	}
	stop, err := b.carry(ctx, messages, bridgeConfig{endpoint: address, limits: c.limits()})
	if err != nil {
		return err
	}
	defer stop()
	time.Sleep(first)
	before, during, err := answered(then)
	if err != nil {
		return err
	}
	used := float64(during.accepted) / c.best() / then.Seconds()
	refused := share(during.refused, during.accepted)
	p := c.percent / 100
	// Where a quota is to be found, too, some of what is refused measures it.
	room := max(0.015, p)
	line := 0.95
	if c.quota == 0 && c.percent < 10 {
		line = 0.97
	}
	if c.percent >= 10 {
		line = 0.9
	}
	b.printTimed(used >= line && refused <= p+room, used >= b.loose(0.8, 0.3) && refused <= 2*p+b.loose(0.05, 0.1),
		"noise, %s: %6.2f %% used, %.2f %% refused; %.2f %% before", c, 100*used, 100*refused,
		100*share(before.refused, before.accepted))
	return nil
}

// start starts the endpoint. answered tells what it has answered before a time from now on, and within it.
func (c noiseCase) start(ctx context.Context, b *bench) (
	answered func(time.Duration) (before, within answers, err error), address string, err error,
) {
	if c.nginx {
		address, log, err := b.StartNoisyNginx(ctx, b.nginx, int(c.quota), c.percent)
		return func(during time.Duration) (before, within answers, err error) {
			from := time.Now()
			time.Sleep(during)
			return readAnswers(log, from, from.Add(during))
		}, address, err
	}
	e, err := b.StartEmulator(ctx, "--rate", fmt.Sprint(c.quota), "--random-429", fmt.Sprintf("%g%%", c.percent),
		"--latency", "2ms", "--jitter", "2ms")
	if err != nil {
		return nil, "", err
	}
	return func(during time.Duration) (before, within answers, err error) {
		first, then, err := count(e, during)
		return answers{first.Accepted, first.refused()}, answers{then.Accepted, then.refused()}, err
	}, e.Address, nil
}
