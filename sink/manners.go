package sink

import (
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
// answer has told of the end. It returns what is to be logged of it, or nothing.
func (m *manners) ended(answers, left int, announced bool) string {
	if answers > 1 {
		m.second.seen.Store(0)
	}
	if answers >= goodAnswers {
		m.several.seen.Store(0)
	}
	switch {
	case answers < goodAnswers && left > 1 && m.several.show():
		return "the endpoint closes connections without answering all that was sent on them: for a while each carries one publish at a time"
	case answers == 1 && left > 0 && !announced && m.second.show():
		return "the endpoint closes each connection after an answer without announcing it: for a while each carries one publish"
	}
	return ""
}
