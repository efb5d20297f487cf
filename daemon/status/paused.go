package status

import (
	"time"

	"momento-bridge/condition"
)

// pausedReason says since when a route is paused, and what a restart does about it.
func pausedReason(r *Route) string {
	text := condition.Paused.Sentence()
	if r.Paused.IsZero() {
		return text
	}
	text += " since " + r.Paused.UTC().Format(time.DateTime) + " UTC"
	if r.PauseLost != "" {
		return text + "; a restart of the daemon resumes it: " + r.PauseLost
	}
	return text
}
