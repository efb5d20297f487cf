package pipeline

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// entry is a message inside the pipeline. Entries are reused once their message is settled.
type entry struct {
	Message
	lane     *lane
	next     *entry // In the lane's queue or on the free list.
	attempts int
	delays   backoff.BackOff // Made when the first attempt has failed.
	misses   int             // How often the endpoint said that its cache does not exist,
	missed   time.Time       // and when it last did.
	// rejection is set once it is known that the message can never be published.
	rejection *Rejection

	// While in flight:
	probes [gateCount]bool // The closed gates whose probe it is.
	sent   time.Time       // When it left the queue.
}

// lane is the queue of one topic of one route, first in, first out.
type lane struct {
	route       *Route
	topic       string
	first, last *entry
	pending     int // Messages queued, delayed and in flight.
	inFlight    int
	heldUntil   time.Time // A retry holds the whole lane; zero: nothing does.
	gate        gate      // Closed while the topic is forbidden.
	ready       bool      // It is in the route's ring.
}

// gates are the gates that a message of this lane passes.
func (l *lane) gates(d *dispatcher) [gateCount]*gate {
	return [gateCount]*gate{keyGate: &d.key, endpointGate: &d.endpoint, cacheGate: &l.route.cache.gate, routeGate: &l.route.gate, topicGate: &l.gate}
}

func (l *lane) pushBack(e *entry) {
	e.next = nil
	if l.last == nil {
		l.first, l.last = e, e
		return
	}
	l.last.next = e
	l.last = e
}

func (l *lane) pushFront(e *entry) {
	e.next = l.first
	l.first = e
	if l.last == nil {
		l.last = e
	}
}

func (l *lane) popFront() *entry {
	e := l.first
	l.first = e.next
	if l.first == nil {
		l.last = nil
	}
	e.next = nil
	return e
}

// sendable reports whether the lane's first message may start as far as the lane itself goes.
func (l *lane) sendable() bool {
	return l.first != nil && l.heldUntil.IsZero() && !l.gate.probing && (l.inFlight == 0 || !l.route.cfg.Ordered)
}
