package sink

import (
	"sync/atomic"
	"time"
)

// manners is whether an endpoint answers what was sent to it before it closes a connection. It may be used concurrently.
type manners struct {
	rude  atomic.Int32 // Connections in a row.
	until atomic.Int64 // Until when several publishes on a connection are not for this endpoint, in Unix nanoseconds; 0: they are.
}

const (
	// rudeAfter connections in a row that ended with publishes left mean that the endpoint does not take several at a time.
	rudeAfter = 3
	// goodAnswers on a connection are worth what is repeated at its end.
	goodAnswers = 64
	// singleTime is how long connections then carry one publish at a time, before several are tried again: an outage may have looked the same.
	singleTime = 10 * time.Minute
)

func (m *manners) bad() bool {
	until := m.until.Load()
	return until > 0 && time.Now().UnixNano() < until
}

// ended takes note of a connection that had so many answers, and so many publishes left. It reports whether that was enough.
func (m *manners) ended(answers, left int) bool {
	switch {
	case answers >= goodAnswers:
		m.rude.Store(0)
	case left > 1:
		if m.rude.Add(1) < rudeAfter || m.bad() {
			return false
		}
		m.rude.Store(0)
		m.until.Store(time.Now().Add(singleTime).UnixNano())
		return true
	}
	return false
}
