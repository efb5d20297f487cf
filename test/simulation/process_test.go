package simulation

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestSeedMakesTheSameHistoryInAnotherProcess holds that nothing follows from the hash of maps, which each process has
// its own of: not the headers of dead letters (seed 5), nor what is handed back and what is kept to probe with (45, 70,
// 193), nor anything else of some seeds.
func TestSeedMakesTheSameHistoryInAnotherProcess(t *testing.T) {
	replayable(t)
	for _, seed := range []uint64{1, 2, 3, 5, 7, 45, 70, 193} {
		sameElsewhere(t, seed)
	}
}

// sameElsewhere is replays with a process of its own for each run.
func sameElsewhere(t *testing.T, seed uint64) {
	t.Helper()
	seen := map[string]bool{}
	for range mostRuns {
		hash, alone := elsewhere(t, seed)
		if alone && seen[hash] {
			return
		}
		seen[hash] = seen[hash] || alone
	}
	alone := 0
	for _, ok := range seen {
		if ok {
			alone++
		}
	}
	if alone < mostRuns {
		t.Logf("seed %d: the system has moved %d of %d runs from thread to thread", seed, mostRuns-alone, mostRuns)
		return
	}
	t.Errorf("seed %d makes another history in each of %d processes", seed, mostRuns)
}

var ran = regexp.MustCompile(`hash ([0-9a-f]+), moved (\d+)`)

// elsewhere runs a seed in a process of its own, and returns the hash of its history and whether the system has left it
// alone.
func elsewhere(t *testing.T, seed uint64) (hash string, alone bool) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), program, "-test.run", "^TestSimulation$", "-test.v",
		"-seed", strconv.FormatUint(seed, 10), "-seeds", "1", "-form", "brief").CombinedOutput()
	found := ran.FindSubmatch(said)
	if err != nil || found == nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, said)
	}
	return string(found[1]), string(found[2]) == "0"
}
