// Command repeats proves that subscribers of packed batches get each message once, whatever happens before them: a
// nats-server process, the daemon as a process that is killed again and again under load, an endpoint that resets
// connections, loses answers and refuses messages, and items lost between the endpoint and the readers of each topic.
//
//	go run ./bench/repeats                 # some two minutes
//	go run ./bench/repeats -short          # less than a minute, for CI
//
// It prints a table. The exit status is 1 if a message was lost, delivered twice or out of order, or if a gap was not
// told that is known. A gap is known unless it is of dead letters alone and the daemon was killed before the next
// message of their topic: the daemon that follows does not know what came before.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"momento-bridge/test/lab"
	"momento-bridge/test/repeats"
)

func main() {
	short := flag.Bool("short", false, "less than a minute")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "where chance begins")
	flag.Parse()
	plan := repeats.Plan{
		Seed: *seed, Messages: 120_000, Topics: 16, Rate: 1500, Kills: 60, Latency: 10 * time.Millisecond, Poison: 500,
		Faults: repeats.Faults{Reset: 0.01, Answer: 0.02, Item: 0.01},
	}
	if *short {
		plan.Messages, plan.Kills = 20_000, 20
	}
	lab.Main(func(ctx context.Context) (bool, error) { return run(ctx, plan) })
}

func run(ctx context.Context, plan repeats.Plan) (failed bool, err error) {
	l, err := lab.New(ctx, "")
	if err != nil {
		return false, err
	}
	defer l.Stop()
	result, err := repeats.Run(ctx, l, plan)
	if err != nil {
		return true, fmt.Errorf("-seed %d: %w", plan.Seed, err)
	}
	result.Print(os.Stdout)
	for _, failure := range result.Failures() {
		fmt.Println("FAIL", failure)
		failed = true
	}
	if failed {
		fmt.Printf("again: -seed %d\n", plan.Seed)
	}
	return failed, nil
}
