package daemon

import (
	"momento-bridge/pipeline"
)

// losses are the messages that a route gave up over the last samples, against its will, and those that became dead
// letters.
type losses struct {
	dropped uint64 // By the pipeline.
	missed  uint64 // As there was no memory for them.
	dead    uint64
}

// losses returns what a route has lost lately. What a policy of overload drops is none of it.
func (r *backlog) losses() losses {
	if len(r.samples) == 0 {
		return losses{}
	}
	var first losses // All that the daemon has lost, as long as it is as young.
	if len(r.samples) > sampleCount {
		first = r.samples[0].given
	}
	last := r.samples[len(r.samples)-1].given
	return losses{
		missed: last.missed - first.missed, dead: last.dead - first.dead, dropped: last.dropped - first.dropped,
	}
}

// why says what loses messages of a route.
func (l losses) why(route *pipeline.RouteConfig) string {
	switch {
	case l.missed > 0:
		return "the memory for waiting messages is used up"
	case l.dropped > 0 && route.AtMostOnce:
		return "they can never be published, or their outcome is unclear (delivery: at-most-once)"
	case l.dropped > 0:
		return "they can never be published and the route has no dead_letter"
	}
	return ""
}
