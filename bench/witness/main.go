// Command witness keeps the daemon under seeded random faults and knows the truth beside it: what was published to NATS
// and when, what the endpoint took and refused, and which fault holds. Each second it compares every number and state
// that the daemon tells of itself, at /api/v1/status, in its events, on the page, in /metrics, /readyz and `status`,
// with each other and with that truth, and judges forecasts by what came of them.
//
//	go run ./bench/witness -for 1h            # the measure
//	go run ./bench/witness -for 3m -seed 7    # part of it, again
//	go run ./bench/witness -for 2m -only key,pause
//
// It prints each kind of contradiction once as a line of JSON, with the first example, and a summary. The exit status
// is 1 if there was any.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// options are the flags.
type options struct {
	seed    uint64
	lasts   time.Duration
	routes  []string
	only    []string
	both    float64
	verbose bool
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()%1_000_000), "where chance begins")
	flag.DurationVar(&o.lasts, "for", 3*time.Minute, "how long")
	routes := flag.String("routes", "", "the routes to have, separated by commas; empty: all")
	only := flag.String("only", "", "the faults to have, separated by commas; empty: all")
	flag.Float64Var(&o.both, "both", .3, "how often a second fault begins while the first lasts, from 0 to 1")
	flag.BoolVar(&o.verbose, "v", false, "print each step and each contradiction as it comes")
	flag.Parse()
	o.routes, o.only = list(*routes), list(*only)
	lab.Main(func(ctx context.Context) (bool, error) { return run(ctx, &o) })
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func run(ctx context.Context, o *options) (failed bool, err error) {
	l, err := lab.New(ctx, "")
	if err != nil {
		return false, err
	}
	defer l.Stop()
	w, err := newWorld(ctx, l, o)
	if err != nil {
		return true, err
	}
	defer w.close()
	fmt.Printf("seed %d, %v, routes %s\n", o.seed, o.lasts, strings.Join(w.names(), ","))
	if err := w.witness(ctx); err != nil {
		return true, fmt.Errorf("-seed %d: %w", o.seed, err)
	}
	return w.report.print(os.Stdout), nil
}
