package main

import (
	"fmt"
	"strconv"
	"strings"
)

// condition is a value of a label of which one is in force, as people read it.
type condition struct{ label, color string }

// The conditions of the gauges that are 1 for one of their labels, the gravest last: that is the one shown where
// replicas differ.
var (
	limits = []condition{
		{"nothing", "green"},
		{"pause", "blue"},
		{"order", "light-yellow"},
		{"connections", "yellow"},
		{"quota", "orange"},
		{"backoff", "dark-orange"},
		{"permission", "light-red"},
		{"rejected", "semi-dark-red"},
		{"cache", "red"},
		{"endpoint", "dark-red"},
		{"key", "purple"},
	}
	states = []condition{
		{"standby", "text"},
		{"running", "green"},
		{"settling", "light-green"},
		{"draining", "light-blue"},
		{"paused", "blue"},
		{"parked", "red"},
	}
	rateModes = []condition{
		{"unlimited", "text"},
		{"ceiling", "blue"},
		{"searching", "light-green"},
		{"holding", "green"},
		{"waiting", "orange"},
	}
)

// coded numbers the conditions from 1 and gives for each child of by the greatest that is in force.
func coded(metric, selection, label, by string, conditions []condition) string {
	terms := make([]string, len(conditions))
	for i, c := range conditions {
		terms[i] = fmt.Sprintf("%d * momento_bridge_%s{%s, %s=%q}", i+1, metric, selection, label, c.label)
	}
	return fmt.Sprintf("max by (%s) (%s)", by, strings.Join(terms, " or "))
}

// decoded shows the labels for the numbers of coded.
func decoded(conditions []condition) []object {
	var triples []string
	for i, c := range conditions {
		triples = append(triples, strconv.Itoa(i+1), c.label, c.color)
	}
	return values(triples...)
}
