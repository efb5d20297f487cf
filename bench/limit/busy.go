package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// kinds are the limiters of the cases for a machine that others use.
var kinds = []struct{ name, flags, found string }{
	{"bucket", "", "bucket"},
	{"fixed-window", "--limiter fixed-window", "fixed-window"},
	{"sliding", "--limiter sliding", "sliding"},
	{"gcra", "--limiter gcra", "bucket"},
}

// slowAndFast are the rates of these cases, per second.
var slowAndFast = []float64{50, 500}

// busyCases are the searches that are made once for each seed.
func busyCases() []testCase {
	var all []testCase
	for _, kind := range kinds {
		for _, rate := range slowAndFast {
			all = append(all, testCase{
				name: fmt.Sprintf("%s-at-%g", kind.name, rate), run: sought, limiter: kind.flags, rate: rate,
				kind: kind.found, sharp: true,
			})
		}
	}
	return all
}

// rightLine is the share of the searches that must be proved and right.
const rightLine = 0.8

// sought searches for a limit once for each seed, and says how many searches proved what is so.
func sought(ctx context.Context, b *bench, c testCase) error {
	right, wrong, flags := 0, 0, c.limiter
	for seed := range b.seeds {
		c.find = "--seed " + strconv.Itoa(seed+1)
		c.limiter = flags + " " + c.find
		f, err := b.findEmulated(ctx, c, nil, nil)
		if err != nil {
			return err
		}
		so := f.proved() && *f.Clean <= c.rate && *f.Failing >= c.rate
		switch {
		case f.proved() && !so, f.Confidence != "none" && f.Confidence != "" && f.Limiter != c.kind:
			wrong++
		case so:
			right++
		}
		fmt.Println("    ", f.text(c.name, c.rate))
	}
	b.say(float64(right) >= rightLine*float64(b.seeds), wrong > 0, "%-20s proved and right %d of %d, wrong %d", c.name,
		right, b.seeds, wrong)
	return nil
}

// occupy keeps the cores of this machine busy, with one loop for each, until the function that it returns is called.
func occupy(ctx context.Context) (leave func(), err error) {
	var loops []*exec.Cmd
	leave = func() {
		for _, loop := range loops {
			_ = loop.Process.Kill()
			_ = loop.Wait()
		}
	}
	for range runtime.NumCPU() {
		loop := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
		if err := loop.Start(); err != nil {
			leave()
			return nil, fmt.Errorf("take the CPU away: %w", err)
		}
		loops = append(loops, loop)
	}
	return leave, nil
}

// named returns the cases of the names that are separated by commas.
func named(all []testCase, names string) []testCase {
	var some []testCase
	for _, c := range all {
		for name := range strings.SplitSeq(names, ",") {
			if name == c.name {
				some = append(some, c)
			}
		}
	}
	return some
}
