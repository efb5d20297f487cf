package sink

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// manners are how an endpoint ends connections. It may be used concurrently.
type manners struct {
	several habit // It ends connections with several publishes left, so that one carries one at a time.
	second  habit // It ends each connection after an answer, unannounced, so that one carries one publish in all.
}

// habit is something that an endpoint does, or does not.
type habit struct {
	seen  atomic.Int32 // Connections in a row that show it.
	until atomic.Int64 // Until when it counts, in Unix nanoseconds; 0: it does not.
}

const (
	// habitAfter connections in a row that show it make a habit.
	habitAfter = 3
	// goodAnswers on a connection are worth what is repeated at its end.
	goodAnswers = 64
	// habitTime is how long a habit counts, before its contrary is tried again: an outage may have looked the same.
	habitTime = 10 * time.Minute
)

func (h *habit) counts() bool {
	until := h.until.Load()
	return until > 0 && time.Now().UnixNano() < until
}

// show notes a connection that shows the habit. It reports whether it has become one.
func (h *habit) show() bool {
	if h.seen.Add(1) < habitAfter || h.counts() {
		return false
	}
	h.seen.Store(0)
	h.until.Store(time.Now().Add(habitTime).UnixNano())
	return true
}

// ended takes note of a connection that had so many answers, and so many publishes left. announced says that its last
// answer has told of the end. It returns which habit that makes, or nil.
func (m *manners) ended(answers, left int, announced bool) *habit {
	if answers > 1 {
		m.second.seen.Store(0)
	}
	if answers >= goodAnswers {
		m.several.seen.Store(0)
	}
	switch {
	case answers < goodAnswers && left > 1 && m.several.show():
		return &m.several
	case answers == 1 && left > 0 && !announced && m.second.show():
		return &m.second
	}
	return nil
}

// warn tells of a habit of an endpoint to which so many publishes in flight on a connection are configured.
func (m *manners) warn(log *slog.Logger, h *habit, depth int) {
	switch h {
	case &m.several:
		log.Warn(
			"the endpoint closes connections without answering all that was sent on them: for a while each carries "+
				"one publish at a time; set momento.in_flight: 1", "configured", depth, "for", habitTime)
	case &m.second:
		log.Warn("the endpoint closes each connection after an answer without announcing it: for a while each "+
			"publish gets "+
			"a connection of its own; look at the proxy or server on the way", "for", habitTime)
	}
}
