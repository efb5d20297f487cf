package main

import (
	"fmt"
	"slices"
	"strings"
)

// report prints the medians of a case and its ratios, each taken within one round.
func report(c benchCase, subjects []subject, figures [][]figure) {
	fmt.Printf("  %-16s %24s %9s %7s %7s %6s %6s\n", "", "CPU µs a message", "msg/s", "nginx", "nats", "MiB", "conns")
	for i, s := range subjects {
		all := figures[i]
		cpus := each(all, func(f figure) float64 { return f.cpu })
		fmt.Printf(
			"  %-16s %8.2f (%.2f to %.2f) %9.0f %7.2f %7.2f %6.0f %6.0f\n", s.name, median(cpus),
			slices.Min(cpus), slices.Max(cpus),
			median(each(all, func(f figure) float64 { return f.rate })),
			median(each(all, func(f figure) float64 { return f.sinkCPU })),
			median(each(all, func(f figure) float64 { return f.natsCPU })),
			median(each(all, func(f figure) float64 { return float64(f.memory) / (1 << 20) })),
			median(each(all, func(f figure) float64 { return float64(f.connections) })))
	}
	for i, s := range subjects[1:] {
		fmt.Printf("  %s / %s: %s\n", s.name, subjects[0].name, ratios(c, s.name, figures[i+1], figures[0]))
	}
}

func ratios(c benchCase, name string, own, reference []figure) string {
	cpus, rates := make([]float64, len(own)), make([]float64, len(own))
	for i := range own {
		cpus[i], rates[i] = own[i].cpu/reference[i].cpu, own[i].rate/reference[i].rate
	}
	var text strings.Builder
	fmt.Fprintf(&text, "CPU %.3f (%.2f to %.2f), msg/s %.3f (%.2f to %.2f)", median(cpus), slices.Min(cpus),
		slices.Max(cpus), median(rates), slices.Min(rates), slices.Max(rates))
	for _, l := range c.lines {
		switch {
		case l.subject != name:
		case l.measure == cpu:
			fmt.Fprintf(&text, "; CPU line %.2f %s", l.most, verdict(median(cpus) <= l.most))
		default:
			fmt.Fprintf(&text, "; msg/s line %.2f %s", l.most, verdict(median(rates) >= l.most))
		}
	}
	return text.String()
}

func verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "MISSED"
}

func each(figures []figure, value func(figure) float64) []float64 {
	values := make([]float64, len(figures))
	for i, f := range figures {
		values[i] = value(f)
	}
	return values
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
