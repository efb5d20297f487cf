package main

import (
	"math"
	"strconv"
	"strings"
)

// metrics are a scrape: the children of each metric, by its name without the prefix.
type metrics map[string][]child

type child struct {
	labels string
	value  float64
}

const prefix = "momento_bridge_"

func readMetrics(text string) metrics {
	all := metrics{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix)
		at := strings.LastIndexByte(rest, ' ')
		if !ok || at < 0 {
			continue
		}
		name, labels, _ := strings.Cut(rest[:at], "{")
		if v, err := strconv.ParseFloat(rest[at+1:], 64); err == nil {
			all[name] = append(all[name], child{labels, v})
		}
	}
	return all
}

// sum adds up the children whose labels contain all texts; NaN: there are none.
func (m metrics) sum(name string, labels ...string) float64 {
	n, found := 0.0, false
children:
	for _, one := range m[name] {
		for _, label := range labels {
			if !strings.Contains(one.labels, label) {
				continue children
			}
		}
		n, found = n+one.value, true
	}
	if !found {
		return math.NaN()
	}
	return n
}
