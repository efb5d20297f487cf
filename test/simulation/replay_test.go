package simulation

import (
	"slices"
	"testing"
)

// historyOf runs a seed and returns all that happens, and whether the system has left it alone meanwhile.
func historyOf(t *testing.T, seed uint64, f Form) (lines []string, alone bool) {
	t.Helper()
	inBubble(t, seed, func() {
		alone = Run(seed, f, func(line string) { lines = append(lines, line) }).Moved == 0
	})
	return lines, alone
}

// mostRuns is how often a seed is run to be left alone twice. What the system does to a thread is not always seen, so
// that more than two runs may be needed that seem to be left alone.
const mostRuns = 6

// replayable skips the test where a seed does not decide all.
func replayable(t *testing.T) {
	t.Helper()
	switch {
	case raced:
		t.Skip("with the race detector goroutines go on in any order")
	case !findThread().found():
		t.Skip("of this release of Go, or on this machine, the runtime's random numbers are not known: a seed " +
			"does not decide the order of maps, of what is ready at the same time, and of timers of one moment")
	}
}

func TestSeedReplaysBitForBit(t *testing.T) {
	replayable(t)
	for seed := *firstSeed; seed < *firstSeed+uint64(max(1, *seeds)); seed++ {
		replays(t, seed)
	}
}

func replays(t *testing.T, seed uint64) {
	t.Helper()
	var histories [][]string
	for range mostRuns {
		lines, alone := historyOf(t, seed, forms(t))
		if !alone {
			continue
		}
		if slices.ContainsFunc(histories, func(before []string) bool { return slices.Equal(before, lines) }) {
			return
		}
		histories = append(histories, lines)
	}
	if len(histories) < mostRuns {
		t.Skipf("seed %d: the system has moved %d of %d runs from thread to thread", seed,
			mostRuns-len(histories), mostRuns)
	}
	first, second := histories[0], histories[1]
	i := 0
	for i < min(len(first), len(second)) && first[i] == second[i] {
		i++
	}
	t.Errorf("seed %d: of %d events number %d is the first that differs:\n%.900s\n%.900s", seed, len(first), i,
		first[min(i, len(first)-1)], second[min(i, len(second)-1)])
}
