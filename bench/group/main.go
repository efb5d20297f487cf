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
	"slices"
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
		all := runs(&c, seeds)
		if !c.Holds(all.middle) {
			verdict, good = "MISS", false
		}
		fmt.Printf("%-48s %8.1f (%5.1f)  %8.2f (%5.2f)  %6.3f (%.3f)  %5.2f (%.2f) %s\n", c.Name,
			100*all.middle.Used, 100*all.worst.Used, 100*all.middle.Refused, 100*all.worst.Refused, all.middle.Jain,
			all.worst.Jain, all.middle.Peak, all.worst.Peak, verdict)
		fmt.Fprintf(os.Stderr, "%s took %v\n", c.Name, time.Since(began).Round(time.Millisecond))
	}
	return good
}

// summary is what several seeds came to.
type summary struct{ middle, worst virtual.Figures }

func runs(c *virtual.Case, seeds int) summary {
	var used, refused, jain, peak []float64
	for seed := range uint64(seeds) {
		f, _ := c.Run(seed)
		used, refused = append(used, f.Used), append(refused, f.Refused)
		jain, peak = append(jain, f.Jain), append(peak, f.Peak)
	}
	for _, figures := range [][]float64{used, refused, jain, peak} {
		slices.Sort(figures)
	}
	n := len(used)
	return summary{
		middle: virtual.Figures{Used: used[n/2], Refused: refused[n/2], Jain: jain[n/2], Peak: peak[n/2]},
		worst:  virtual.Figures{Used: used[0], Refused: refused[n-1], Jain: jain[0], Peak: peak[n-1]},
	}
}
