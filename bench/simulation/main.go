// Command simulation plants faults into the product, one after the other, and shows which rule of the simulation finds
// each, at which seed, and how soon. It builds the tests of test/simulation once for each fault, with an overlay: no
// file is changed.
//
//	go run ./bench/simulation -planted                       # all of them
//	go run ./bench/simulation -planted -only two-in-flight,stale-answer
//	go run ./bench/simulation -planted -within 2m -seeds 500 # how long, and how many seeds, are tried for each
//
// A fault that is not found makes the exit status 1. Without -planted the product is run as it is.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"momento-bridge/test/simulation/planted"
)

func main() {
	plant := flag.Bool("planted", false, "plant the faults; without it, run the product as it is")
	only := flag.String("only", "", "names of faults, separated by commas; empty: all")
	within := flag.Duration("within", 10*time.Minute, "how long a fault is looked for")
	seeds := flag.Int("seeds", 10_000, "how many seeds are tried")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root, err := filepath.Abs(".")
	if err != nil {
		fail(err)
	}
	h := hunt{root: root, within: *within, seeds: *seeds}
	faults := []planted.Fault{{Name: "none", Kind: "the product as it is"}}
	if *plant {
		faults = chosen(*only)
	}
	missed := 0
	fmt.Println("| fault | kind | found by | seed | virtual time | seconds |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	for i := range faults {
		found, err := h.fault(ctx, &faults[i])
		if err != nil {
			fail(err)
		}
		if found.rule == "" {
			missed++
		}
		fmt.Println(found.row(&faults[i]))
	}
	if *plant {
		fmt.Printf("\n%d of %d found\n", len(faults)-missed, len(faults))
	}
	if *plant != (missed == 0) {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func chosen(only string) []planted.Fault {
	all := planted.All()
	if only == "" {
		return all
	}
	names := strings.Split(only, ",")
	return slices.DeleteFunc(all, func(f planted.Fault) bool { return !slices.Contains(names, f.Name) })
}
