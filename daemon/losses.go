package daemon

import (
	"strings"

	"momento-bridge/daemon/status"
	"momento-bridge/pipeline"
)

// losses are the messages that a route gave up over the last samples, against its will, and those that became dead
// letters.
type losses struct {
	rejected uint64 // Refused, or unfit, and kept nowhere.
	dropped  uint64 // Of unclear outcome, or left by a stop.
	missed   uint64 // As there was no memory for them.
	dead     uint64
}

// given is what a route has given up since the start. What a policy drops is none of it.
func given(s *pipeline.RouteStats, missed int64) losses {
	return losses{
		rejected: s.Settled[pipeline.Rejected], dropped: s.Settled.Lost(s.Skipped) - s.Settled[pipeline.Rejected],
		missed: uint64(missed), dead: s.Settled[pipeline.DeadLettered],
	}
}

// all is how many are lost.
func (l losses) all() uint64 { return l.rejected + l.dropped + l.missed }

// since is what was given up since earlier.
func (l losses) since(earlier losses) losses {
	return losses{
		rejected: l.rejected - earlier.rejected, dropped: l.dropped - earlier.dropped,
		missed: l.missed - earlier.missed, dead: l.dead - earlier.dead,
	}
}

// losses returns what a route has lost lately.
func (r *backlog) losses() losses {
	if len(r.samples) == 0 {
		return losses{}
	}
	var first losses // All that the daemon has lost, as long as it is as young.
	if n := len(r.samples); n > status.LatelySeconds {
		first = r.samples[n-1-status.LatelySeconds].given
	}
	return r.samples[len(r.samples)-1].given.since(first)
}

// why says what loses messages of a route.
func (l losses) why(route *pipeline.RouteConfig) string {
	var texts []string
	if l.missed > 0 {
		texts = append(texts, "the memory for waiting messages is used up")
	}
	switch {
	case l.rejected > 0 && route.DeadLetters == nil:
		texts = append(texts, "they can never be published and the route has no dead_letter")
	case l.rejected > 0:
		texts = append(texts, "they can never be published and could not be kept as dead letters")
	}
	switch {
	case l.dropped > 0 && route.AtMostOnce:
		texts = append(texts, "their outcome is unclear (delivery: at-most-once)")
	case l.dropped > 0:
		texts = append(texts, "nobody was left to publish them")
	}
	return strings.Join(texts, "; ")
}
