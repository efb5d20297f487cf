package simulation

import (
	"fmt"
	"strings"
)

func (t *truth) begin(routes []*route) {
	t.routes, t.byCache, t.topics = map[string]*route{}, map[string]*route{}, map[string]*topicTruth{}
	for _, r := range routes {
		t.routes[r.name], t.byCache[r.cache] = r, r
	}
}

// open is how many messages have not come to an end.
func (t *truth) open() int {
	n := 0
	for _, m := range t.messages {
		if !m.finished() {
			n++
		}
	}
	return n
}

// aside is how many messages may be put aside, as they were refused more than once.
func (t *truth) aside() int {
	n := 0
	for _, m := range t.messages {
		if !m.finished() && m.attempts > 1 {
			n++
		}
	}
	return n
}

// unfinished tells of a message that has not come to an end; empty: all have.
func (t *truth) unfinished() string {
	n := 0
	var first *message
	for _, m := range t.messages {
		if !m.finished() {
			if n++; first == nil {
				first = m
			}
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("%d messages are not at their end, the first of them %s", n, first)
}

// settledBooks compares what the daemons say of themselves with the truth, when nothing moves.
func (t *truth) settledBooks() {
	w := t.world
	if w.broken {
		return
	}
	for _, r := range w.living() {
		t.counted(r)
		s := r.status()
		for i := range s.Routes {
			route := &s.Routes[i]
			var ended uint64
			for _, n := range route.Settled {
				ended += n
			}
			if held := uint64(route.Queued + route.InFlight); route.Received != ended+held { //nolint:gosec // Positive.
				w.fault("books of replica %d, route %s: received %d, settled %d, held %d", r.id, route.Name,
					route.Received, ended, held)
			}
		}
	}
}

// unready tells of a daemon that is not ready; empty: all are.
func (w *World) unready() string {
	for _, r := range w.living() {
		s := r.status()
		for _, why := range s.NotReady {
			// A replica that has nothing to publish does not learn that it could.
			if strings.HasPrefix(why, "endpoint: ") {
				continue
			}
			return fmt.Sprintf("replica %d is not ready: %v", r.id, why)
		}
	}
	return ""
}
