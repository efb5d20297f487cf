//go:build race

package search

// seeds are fewer where each costs ten times as much: races do not depend on them.
const seeds = 1
