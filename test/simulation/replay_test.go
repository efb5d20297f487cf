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

func TestSeedReplaysBitForBit(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(max(1, *seeds)); seed++ {
		first, second := historyOf(t, seed, forms(t)), historyOf(t, seed, forms(t))
		if slices.Equal(first, second) {
			continue
		}
		i := 0
		for i < min(len(first), len(second)) && first[i] == second[i] {
			i++
		}
		t.Errorf("seed %d: of %d events the first that differs is %d:\n%.900s\n%.900s", seed, len(first), i, first[i], second[i])
	}
}
