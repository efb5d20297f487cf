package status

import (
	"slices"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/condition"
)

func TestEachConditionHasAStateThatIsNotGood(t *testing.T) {
	t.Parallel()
	for c := range condition.Count {
		state := stateOf(c)
		if state.Severity() == admin.Good || state != "" && !slices.Contains(admin.States[:], state) {
			t.Errorf("condition %d, %s: state %q", c, c.Sentence(), state)
		}
	}
}
