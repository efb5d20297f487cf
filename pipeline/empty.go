package pipeline

import "time"

// Empty says what becomes of messages without bytes, such as the delete markers of a key-value bucket.
type Empty uint8

// What can become of them.
const (
	// EmptyPublished publishes them like any other.
	EmptyPublished Empty = iota
	// EmptySkipped passes them over: they count as dropped, and their source is told Skipped.
	EmptySkipped
	// EmptyRejected takes them for messages that can never be published.
	EmptyRejected
)

// reasonEmpty is the reason of their rejection.
const reasonEmpty = "empty"

// skips reports whether a message is passed over.
func (c *RouteConfig) skips(m *Message) bool { return len(m.Payload) == 0 && c.Empty == EmptySkipped }

// rejectEmpty rejects a message without bytes where that is wished for, and reports whether it did.
func (c *RouteConfig) rejectEmpty(e *entry) bool {
	if len(e.Payload) > 0 || c.Empty != EmptyRejected {
		return false
	}
	e.rejection = &Rejection{Reason: reasonEmpty, Detail: "the message has no bytes", Route: c.Name}
	return true
}

// skip ends a message that has just come.
func (d *dispatcher) skip(now time.Time, r *Route, handle any) {
	r.settled[Dropped]++
	r.skipped++
	if r.cfg.Settler != nil {
		d.ended = append(d.ended, ending{settler: r.cfg.Settler, handle: handle, outcome: Skipped})
	}
	d.anyEnded = true
	r.wakeSource()
	d.events.note(now, event{kind: eventSkipped, route: r})
}
