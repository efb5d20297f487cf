package admin

// Severity says how something is to be taken.
type Severity uint8

// The severities, the least first.
const (
	Good Severity = iota
	Warning
	Bad
)

// Severity returns the state's. A state that is not known here, as a newer daemon may have, is a warning.
func (s State) Severity() Severity {
	switch s {
	case Publishing, Idle, CatchingUp, Standby:
		return Good
	case Degraded, Uncoordinated, Paused, Behind, Throttled, KeyExpiring, Stopping:
		return Warning
	case Stuck, Disconnected, KeyRefused, Down, Parked, Losing:
		return Bad
	}
	return Warning
}

// Severity returns the problem's, which its level says.
func (p *Problem) Severity() Severity {
	if p.Level == LevelWarning {
		return Warning
	}
	return Bad
}

// The levels of problems.
const (
	LevelWarning = "warn"
	LevelError   = "error"
)
