// Command group simulates replicas that share a quota, on virtual time, with the product's own learner and messages. It
// prints a table of figures, medians of several seeds with the worst in brackets, and draws a plot. The same seeds give
// the same figures each time.
//
//	go run ./bench/group                          # all but the large cases, some two minutes
//	go run ./bench/group -large                   # all, some ten minutes
//	go run ./bench/group -only "4, 200/s" -seeds 5
//	go run ./bench/group -plot docs/images/group.svg
//
// A line ends with "MISS" where the median is beyond the case's line. Only that makes the exit status 1.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"momento-bridge/group/virtual"
)

func main() {
	only := flag.String("only", "", "cases whose names contain this")
	seeds := flag.Int("seeds", 3, "how many runs a figure is the median of")
	large := flag.Bool("large", false, "also the cases that take minutes")
	plot := flag.String("plot", "", "draw this SVG, and take no figures")
	flag.Parse()
	if *plot != "" {
		if err := os.WriteFile(*plot, []byte(draw()), 0o644); err != nil { //nolint:gosec // It is for everybody to see.
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if !table(*only, *seeds, *large) {
		os.Exit(1)
	}
}

// table prints all cases. It reports whether each is within its line.
func table(only string, seeds int, large bool) bool {
	fmt.Printf("%-48s %16s  %16s  %14s  %s\n", "replicas, quota", "used % (least)", "refused % (most)", "Jain (least)",
		"most in a second (worst)")
	good := true
	for _, c := range virtual.Cases() {
		if !strings.Contains(c.Name, only) || c.Large && !large {
			continue
		}
		began := time.Now()
		verdict := ""
		middle, worst := c.Median(seeds)
		if !c.Holds(middle) {
			verdict, good = "MISS", false
		}
		fmt.Printf("%-48s %8.1f (%5.1f)  %8.2f (%5.2f)  %6.3f (%.3f)  %5.2f (%.2f) %s\n", c.Name,
			100*middle.Used, 100*worst.Used, 100*middle.Refused, 100*worst.Refused, middle.Jain, worst.Jain,
			middle.Peak, worst.Peak, verdict)
		fmt.Fprintf(os.Stderr, "%s took %v\n", c.Name, time.Since(began).Round(time.Millisecond))
	}
	return good
}
