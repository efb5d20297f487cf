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

// finished reports whether a message has come to an end that it may have.
func (m *message) finished() bool {
	switch {
	case m.forgotten:
		return true
	case len(m.accepted) > 0 && (m.route.stream == "" || m.acked > 0 || m.ended > 0):
		return true
	case m.route.stream == "":
		return true // Core NATS promises nothing of what it drops; see lostCore.
	case m.route.drops && m != m.route.latest[m.topic] && (m.acked > 0 || m.ended > 0):
		return true
	case m.fate != fateAccept || m.refusals > 0:
		return m.acked > 0 || m.ended > 0
	case m.route.atMostOnce && m.unclear > 0:
		return m.acked > 0 || m.ended > 0
	case m.letters > 0:
		return m.acked > 0 || m.ended > 0
	}
	return false
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

// String tells what is known of a message.
func (m *message) String() string {
	return fmt.Sprintf("%d of route %s, topic %s, stream sequence %d: delivered %d times, tried %d times, "+
		"accepted %d times, unclear %d times, acknowledged %v, ended %v, dead letters %d", m.id, m.route.name, m.topic, m.sequence, m.givens,
		m.attempts, len(m.accepted), m.unclear, m.acked > 0, m.ended > 0, m.letters)
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
				w.fault("books of replica %d, route %s: received %d, settled %d, held %d", r.id, route.Name, route.Received,
					ended, held)
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
