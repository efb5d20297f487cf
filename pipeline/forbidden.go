package pipeline

import (
	"slices"
	"time"
)

// forbidden is what is known of those topics of a route that the key may not publish to.
type forbidden struct {
	topics   int       // Lanes whose gate is closed.
	held     int       // Messages of those, in flight included.
	names    []string  // Of some of them, at most namedTopics.
	refusals int       // Topics that turned out to be forbidden since something was accepted.
	refused  time.Time // When the latest of these did.
}

// namedTopics is how many forbidden topics of a route are named.
const namedTopics = 5

// standsAfter is how long nothing must have been accepted since a topic turned out to be forbidden, while nothing else
// waits, for the route to stand still.
const standsAfter = 10 * time.Second

// forbid notes that the gate of a lane has just been closed.
func (r *Route) forbid(now time.Time, l *lane) {
	r.forbidden.topics++
	r.forbidden.refusals++
	r.forbidden.held += l.pending
	r.forbidden.refused = now
	r.forbidden.name(l.topic)
}

// allow notes that a lane whose gate was closed is open, or gone.
func (r *Route) allow(l *lane) {
	r.forbidden.topics--
	r.forbidden.held -= l.pending
	if i := slices.Index(r.forbidden.names, l.topic); i >= 0 {
		r.forbidden.names = slices.Delete(r.forbidden.names, i, i+1)
	}
}

// name takes over the name of a topic that is forbidden, where few are known.
func (f *forbidden) name(topic string) {
	if len(f.names) < namedTopics && !slices.Contains(f.names, topic) {
		f.names = append(f.names, topic)
	}
}

// allForbidden reports whether the key may publish to none of the route's topics, as far as is known.
func (r *Route) allForbidden(now time.Time) bool {
	f := &r.forbidden
	switch {
	case f.topics == 0 || f.refusals == 0:
		return false
	case f.topics == len(r.lanes):
		return true
	}
	return r.inFlight == 0 && r.ready.len()+r.again.len() == 0 && now.Sub(f.refused) >= standsAfter
}
