//go:build !race

package search

const seeds = 40
