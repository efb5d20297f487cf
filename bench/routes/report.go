package main

import (
	"fmt"
	"slices"
)

// report prints medians, and the ratios of each that has many routes, or subjects, to the latest one that has not.
func report(subjects []subject, figures [][]figure) {
	fmt.Printf("  %-26s %10s %14s %20s\n", "", "msg/s", "own CPU µs", "nats-server CPU µs")
	rate := func(f figure) float64 { return f.rate }
	own := func(f figure) float64 { return f.cpu }
	server := func(f figure) float64 { return f.natsCPU }
	for i, s := range subjects {
		all := figures[i]
		fmt.Printf("  %-26s %10.0f %14.2f %20.2f\n", s.name, median(all, rate), median(all, own), median(all, server))
	}
	one := 0
	for i, s := range subjects {
		if s.routes == 1 && s.subjects == 0 {
			one = i
			continue
		}
		fmt.Printf("  %s / %s: msg/s %.2f, own CPU %.2f, nats-server CPU %.2f\n", s.name, subjects[one].name,
			ratio(figures[i], figures[one], rate), ratio(figures[i], figures[one], own),
			ratio(figures[i], figures[one], server))
	}
}

// median is the median of a value.
func median(all []figure, value func(figure) float64) float64 {
	values := make([]float64, len(all))
	for i, f := range all {
		values[i] = value(f)
	}
	return middle(values)
}

// ratio is the median of the ratios within each round.
func ratio(all, reference []figure, value func(figure) float64) float64 {
	values := make([]float64, len(all))
	for i := range all {
		values[i] = value(all[i]) / value(reference[i])
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
