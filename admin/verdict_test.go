package admin

import "testing"

func TestAVerdictIsTheExitStatusOfStatus(t *testing.T) {
	t.Parallel()
	for _, s := range States {
		v := s.Verdict()
		if s.Severity() == Good != (v == VerdictFlows) {
			t.Errorf("%s is %s, and its severity is %d", s, v, s.Severity())
		}
		if s.Severity() == Warning && v == VerdictStandsStill && s != Stopping {
			t.Errorf("%s stands still and is a mere warning", s)
		}
	}
	f := func(v Verdict, want int) {
		t.Helper()
		if got := v.ExitStatus(); got != want {
			t.Errorf("%q ends with %d, want %d", v, got, want)
		}
	}
	f(Idle.Verdict(), 0)
	f(Losing.Verdict(), 1)
	f(State("of a newer daemon").Verdict(), 1)
	f(Parked.Verdict(), 2)
	f("", 2)
	if VerdictFlows.Worse(VerdictStandsStill) != VerdictStandsStill ||
		VerdictDegraded.Worse(VerdictFlows) != VerdictDegraded {
		t.Error("the better one wins")
	}
}
