package admin

// Schema is the version of what GET /api/v1/status and the events answer. It changes when a field gets another name,
// another unit or another meaning, or goes; new fields do not change it.
const Schema = 1

// Verdict says whether messages flow, in one of three words.
type Verdict string

// The verdicts, the best first. They are the exit status of `momento-bridge status`: 0, 1, 2.
const (
	VerdictFlows       Verdict = "flows"        // All is well.
	VerdictDegraded    Verdict = "degraded"     // They flow, but slower than they come, or not all, or not for long.
	VerdictStandsStill Verdict = "stands_still" // At least one route carries nothing, and that is not asked for.
)

// Verdicts lists every verdict, the best first: the exit status is the place in the list.
var Verdicts = [...]Verdict{VerdictFlows, VerdictDegraded, VerdictStandsStill}

// Verdict returns what the state means for messages. A state that is not known here, as a newer daemon may have, is
// degraded.
func (s State) Verdict() Verdict {
	switch s {
	case Publishing, Idle, CatchingUp, Standby:
		return VerdictFlows
	case Degraded, Uncoordinated, Paused, Behind, Throttled, KeyExpiring, Losing:
		return VerdictDegraded
	case Stopping, Stuck, Disconnected, KeyRefused, Down, Parked:
		return VerdictStandsStill
	}
	return VerdictDegraded
}

// ExitStatus is what `momento-bridge status` ends with. What is no verdict is the worst.
func (v Verdict) ExitStatus() int {
	for i, known := range Verdicts {
		if v == known {
			return i
		}
	}
	return len(Verdicts) - 1
}

// Worse returns the worse of two verdicts.
func (v Verdict) Worse(other Verdict) Verdict {
	if other.ExitStatus() > v.ExitStatus() {
		return other
	}
	return v
}
