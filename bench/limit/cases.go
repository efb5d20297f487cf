package main

import (
	"context"
	"fmt"
	"strings"

	"momento-bridge/test/lab"
)

// testCase is a search.
type testCase struct {
	name    string
	run     func(context.Context, *bench, testCase) error
	short   bool
	limiter string  // Flags of the emulator,
	rate    float64 // and the rate that it grants.
	kind    string  // That is to be found; empty: any.
	sharp   bool    // There is one limit.
	find    string  // Further flags of the search.
}

var cases = []testCase{
	{name: "bucket", run: emulated, short: true, limiter: "--burst 500", rate: 500, kind: "bucket", sharp: true},
	{name: "bucket-60s", run: emulated, limiter: "--burst 30000", rate: 500, kind: "bucket", sharp: true},
	{name: "gcra", run: emulated, limiter: "--limiter gcra --burst 2", rate: 500, kind: "bucket", sharp: true},
	{
		name: "fixed-window", run: emulated, short: true, limiter: "--limiter fixed-window", rate: 500,
		kind: "fixed-window", sharp: true,
	},
	{
		name: "fixed-window-10s", run: emulated, limiter: "--limiter fixed-window --window 10s", rate: 500,
		kind: "fixed-window", sharp: true,
	},
	{
		name: "sliding", run: emulated, short: true, limiter: "--limiter sliding", rate: 500, kind: "sliding",
		sharp: true,
	},
	{name: "sliding-penalty", run: emulated, limiter: "--limiter sliding-penalty", rate: 500, sharp: true},
	{name: "sharded", run: emulated, limiter: "--limiter sharded", rate: 500},
	{name: "shared", run: emulated, limiter: "--burst 500 --background 20%", rate: 500},
	{name: "ten", run: emulated, limiter: "--burst 10", rate: 10, kind: "bucket", sharp: true},
	{name: "live", run: live, limiter: "--burst 500 --background 20%", rate: 500, find: "--no-overload"},
	{name: "nginx", run: throughNginx, short: true},
	{name: "starved", run: starved, limiter: "--burst 500", rate: 500, sharp: true},
}

// The lines: how far the clean rate of a sharp limit may be from the truth, and the plateau of a soft one.
const (
	cleanLine   = 0.015
	plateauLine = 0.03
	nginxLine   = 0.02
	livingLine  = 0.02 // Of others' publishes that may be refused.
	left        = 0.8  // Of the quota, where others use a fifth.
)

func emulated(ctx context.Context, b *bench, c testCase) error {
	f, err := b.findEmulated(ctx, c, nil, nil)
	if err != nil {
		return err
	}
	switch {
	case c.sharp:
		b.judgeSharp(c.name, f, c.rate, cleanLine, c.kind)
	case c.name == "shared":
		wrong := f.proved() && *f.Clean > 1.01*left*c.rate
		b.say(!wrong, wrong, "%s", f.text(c.name, left*c.rate))
	default:
		off := off(f.Plateau, c.rate)
		wrong := f.proved() && (*f.Clean > c.rate || *f.Failing < c.rate)
		b.say(off > -plateauLine && off < plateauLine, wrong, "%s", f.text(c.name, c.rate))
	}
	return nil
}

// judgeSharp judges a search for a limit that is one number.
func (b *bench) judgeSharp(name string, f *found, rate, line float64, kind string) {
	wrong := f.proved() && (*f.Clean > rate*(1+line) || *f.Failing < rate*(1-line))
	good := f.proved() && *f.Clean <= rate && *f.Failing >= rate && off(f.Clean, rate) > -line &&
		(kind == "" || f.Limiter == kind)
	b.say(good, wrong, "%s", f.text(name, rate))
}

// off is how far a rate is from the truth, as a share.
func off(rate *float64, truth float64) float64 {
	if rate == nil {
		return -1
	}
	return *rate/truth - 1
}

func (f *found) text(name string, truth float64) string {
	number := func(rate *float64) string {
		if rate == nil {
			return "-"
		}
		return fmt.Sprintf("%.4g (%+.2f %%)", *rate, 100*off(rate, truth))
	}
	text := fmt.Sprintf(
		"%-17s truth %7.4g: %s, clean %s, failing %s, plateau %s, %s (%s), %d requests, %.0f s, %d trials repeated, "+
			"%.1f %% in time, machine fit for %.0f/s, up to %.0f ms late", name,
		truth, strings.ToUpper(f.Verdict),
		number(f.Clean), number(f.Failing), number(f.Plateau), f.Limiter, f.Confidence, f.Requests,
		f.DurationSeconds, f.Generator.Repeated, 100*f.Generator.OnTime, f.Generator.FitRate, 1000*f.Generator.Burst)
	if !f.proved() {
		text += ": " + f.Reason
	}
	if f.Confidence != "high" {
		text += "; " + strings.Join(f.Evidence, "; ")
	}
	return text
}

// live searches without overload where others use the quota, and counts what they were refused.
func live(ctx context.Context, b *bench, c testCase) error {
	var seen others
	f, err := b.findEmulated(ctx, c, nil, func(e *lab.Emulator) error { return e.Stats(&seen) })
	if err != nil {
		return err
	}
	all := seen.Others.Accepted + seen.Others.Refused
	share := float64(seen.Others.Refused) / float64(all)
	b.say(share <= livingLine, f.proved() && *f.Clean > 1.01*left*c.rate,
		"%s; %.2f %% of %d publishes of others refused", f.text(c.name, left*c.rate), 100*share, all)
	return nil
}

// starved searches with one core for the program, and others that take the CPU away.
func starved(ctx context.Context, b *bench, c testCase) error {
	for range 2 {
		leave, err := occupy(ctx)
		if err != nil {
			return err
		}
		defer leave()
	}
	f, err := b.findEmulated(ctx, c, []string{"GOMAXPROCS=1"}, nil)
	if err != nil {
		return err
	}
	wrong := f.proved() && (*f.Clean > c.rate*(1+cleanLine) || *f.Failing < c.rate*(1-cleanLine))
	b.say(!wrong, wrong, "%s", f.text(c.name, c.rate))
	return nil
}

// throughNginx searches for rates drawn at random.
func throughNginx(ctx context.Context, b *bench, c testCase) error {
	rate := 100 + b.rng.IntN(1400)
	address, _, err := b.StartLimitedNginx(ctx, b.nginx, rate)
	if err != nil {
		return err
	}
	f, err := b.find(ctx, address, nil, c.find)
	if err != nil {
		return err
	}
	b.judgeSharp(c.name, f, float64(rate), nginxLine, "bucket")
	return nil
}
