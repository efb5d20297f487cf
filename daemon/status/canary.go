package status

import "momento-bridge/admin"

// witness adds what the canary says, where it says that messages do not get through although nothing else says why: the
// endpoint's word that it accepts them is not worth more. What its subscriber fails at, and delays, are not the
// bridge's, and change no state.
func witness(s *admin.Status, state admin.State, text string) (admin.State, string) {
	c := s.Canary
	if c == nil || admin.CanarySeverity(c.State) != admin.Bad || state == admin.Stopping {
		return state, text
	}
	says := "The canary does not get through: " + Bounded(c.Reason) + "."
	if state.Severity() == admin.Good {
		return admin.Degraded, says + " As far as the daemon itself knows: " + text
	}
	return state, text + " " + says
}
