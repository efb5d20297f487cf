package admin

import "time"

// Canary is the daemon's own message that is sent now and then to see whether it arrives. It is counted apart from the
// routes.
type Canary struct {
	State  string `json:"state"`
	Reason string `json:"reason"` // Why it is in that state; empty: all is well.
	Cache  string `json:"cache"`
	Topic  string `json:"topic"`

	EverySeconds float64 `json:"every_seconds"`
	// Sent is what was sent since the start; it is Seen + Lost - Found + Withdrawn + UnderWay.
	Sent uint64 `json:"sent"`
	Seen uint64 `json:"seen"` // Have come back.
	Lost uint64 `json:"lost"` // Did not come back in time,
	// and of those came after all.
	Found      uint64 `json:"found"`
	Late       uint64 `json:"late"`
	Duplicates uint64 `json:"duplicates"`
	Reordered  uint64 `json:"reordered"`
	Foreign    uint64 `json:"foreign"` // Messages of others on the topic.
	// Withdrawn cannot be judged, as something known was in the way.
	Withdrawn uint64 `json:"withdrawn"`
	UnderWay  uint64 `json:"under_way"`

	LastSeen    *time.Time `json:"last_seen"`    // null: none has come back yet.
	LastSeconds *float64   `json:"last_seconds"` // How long that took.
	P50         *float64   `json:"p50"`          // Of the latest 512.
	P99         *float64   `json:"p99"`
}

// The states of a canary, the gravest first.
const (
	CanaryLosing  = "losing"
	CanaryRefused = "refused"
	CanaryDeaf    = "deaf" // The subscriber cannot listen.
	CanaryLate    = "late"
	CanaryWaiting = "waiting" // Nothing can be told at present.
	CanaryOK      = "ok"
)

// CanarySeverity says how a canary's state is to be taken.
func CanarySeverity(state string) Severity {
	switch state {
	case CanaryLosing, CanaryRefused:
		return Bad
	case CanaryDeaf, CanaryLate:
		return Warning
	}
	return Good
}
