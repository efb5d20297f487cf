package admin

import (
	"testing"
)

func TestTheWorstMemberDecidesOnTheVerdictOfAGroup(t *testing.T) {
	t.Parallel()
	f := func(want Verdict, silent int, states ...State) {
		t.Helper()
		g := GroupAnswers{Silent: make([]Member, silent)}
		for _, s := range states {
			g.Answers = append(g.Answers, Answer{State: s}) // As an older version answers.
		}
		if g.Judge(); g.Verdict != want || g.Schema != Schema {
			t.Errorf("%v, %d silent: %s, want %s", states, silent, g.Verdict, want)
		}
	}
	f(VerdictFlows, 0, Idle, Publishing)
	f(VerdictDegraded, 1, Idle)
	f(VerdictDegraded, 0, Idle, Throttled, Standby)
	f(VerdictStandsStill, 1, Idle, Down, Throttled)
}
