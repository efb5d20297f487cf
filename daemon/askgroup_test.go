package daemon

import (
	"testing"

	"momento-bridge/admin"
)

func TestTheWorstMemberDecidesOnTheVerdictOfAGroup(t *testing.T) {
	t.Parallel()
	f := func(want admin.Verdict, silent int, states ...admin.State) {
		t.Helper()
		g := GroupAnswers{Silent: make([]admin.Member, silent)}
		for _, s := range states {
			g.Answers = append(g.Answers, admin.Answer{State: s}) // As an older version answers.
		}
		if g.judge(); g.Verdict != want || g.Schema != admin.Schema {
			t.Errorf("%v, %d silent: %s, want %s", states, silent, g.Verdict, want)
		}
	}
	f(admin.VerdictFlows, 0, admin.Idle, admin.Publishing)
	f(admin.VerdictDegraded, 1, admin.Idle)
	f(admin.VerdictDegraded, 0, admin.Idle, admin.Throttled, admin.Standby)
	f(admin.VerdictStandsStill, 1, admin.Idle, admin.Down, admin.Throttled)
}
