package chaos

import (
	"testing"
	"time"

	"momento-bridge/test/repeats"
)

// The daemon is killed under load, answers and items are lost, messages become dead letters: whoever reads packed
// batches with a reader gets each message once, in order, and is told of what is missing. The program bench/repeats
// does it for longer.
func TestReadersOfPackedBatchesGetEachMessageOnce(t *testing.T) {
	t.Parallel()
	plan := repeats.Plan{
		Seed: seeded(t, 19).Uint64(), Messages: pick(1200, 6000, 60_000), Topics: 4, Rate: 800, Kills: pick(3, 8, 40),
		Latency: 5 * time.Millisecond, Poison: 150,
		Faults: repeats.Faults{Reset: 0.02, Answer: 0.08, Item: 0.04},
	}
	result, err := repeats.Run(t.Context(), rig, plan)
	must(t, err)
	for _, failure := range result.Failures() {
		t.Error(failure)
	}
	t.Logf("%+v", *result)
}
