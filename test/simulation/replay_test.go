package simulation

import (
	"slices"
	"testing"
)

// historyOf runs a seed and returns all that happens.
func historyOf(t *testing.T, seed uint64, f Form) (lines []string) {
	t.Helper()
	inBubble(t, seed, func() { Run(seed, f, func(line string) { lines = append(lines, line) }) })
	return lines
}

// A thread that the system exchanges in the midst of a run draws other numbers: of three runs two must be the same.
func TestSeedReplaysBitForBit(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(max(1, *seeds)); seed++ {
		first, second := historyOf(t, seed, forms(t)), historyOf(t, seed, forms(t))
		if slices.Equal(first, second) {
			continue
		}
		if third := historyOf(t, seed, forms(t)); slices.Equal(first, third) || slices.Equal(second, third) {
			continue
		}
		i := 0
		for i < min(len(first), len(second)) && first[i] == second[i] {
			i++
		}
		t.Errorf("seed %d: of %d events number %d is the first that differs:\n%.900s\n%.900s", seed, len(first), i,
			first[min(i, len(first)-1)], second[min(i, len(second)-1)])
	}
}
