//go:build !race

package search

import "momento-bridge/test/long"

// seeds is how often a search is repeated.
var seeds = long.Or(2, 40)
