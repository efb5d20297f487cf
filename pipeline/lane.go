package pipeline

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// entry is a message inside the pipeline. Entries are reused once their message is settled.
type entry struct {
	Message
	lane         *lane
	next         *entry // In the lane's queue, in a parcel or on the free list.
	older, newer *entry // In the route's order of age, while it is queued.
	size         int    // In a batch, in bytes.
	attempts     int
	delays       backoff.BackOff // Made when the first attempt has failed.
	misses       int             // How often the endpoint said that its cache does not exist,
	missed       time.Time       // and when it first did.
	// most is the number of messages of a batch that it may be in, as larger ones were refused; 0: as many as there
	// are.
	most int
	// rejection is set once it is known that the message can never be published.
	rejection *Rejection
	// trouble is what has befallen it, nil if nothing has.
	trouble *trouble
	// unkept says that keeping it as a dead letter has failed.
	unkept bool
}

// lane is the queue of one topic of one route, first in, first out.
type lane struct {
	route       *Route
	topic       string
	first, last *entry
	queued      int       // In the queue: messages,
	size        int       // and the bytes that they add to a batch.
	pending     int       // Messages queued, delayed and in flight.
	inFlight    int       // Publishes.
	heldUntil   time.Time // A retry or the wish for a fuller batch holds the whole lane; zero: nothing does.
	lingering   bool      // It is held for a fuller batch.
	gate        gate      // Closed while the topic is forbidden.
	stuck       bool      // It stands still for a reason of its own,
	aside       bool      // although others are accepted: it uses up no room.
	accepted    time.Time // When the latest publish began that was accepted, while messages of the route are in trouble.
	singles     int       // Its messages that are counted so by themselves.
	ready       bool      // It is in the route's ring of those that may publish,
	again       bool      // or in the one of those that are tried again, or in both.
	spare       *lane     // The next one that may be used again.
}

// gates are the gates that a message of this lane passes.
func (l *lane) gates(d *dispatcher) [gateCount]*gate {
	return [gateCount]*gate{keyGate: &d.key, endpointGate: &d.endpoint, cacheGate: &l.route.cache.gate, routeGate: &l.route.gate, topicGate: &l.gate}
}

func (l *lane) pushBack(e *entry) {
	e.next = nil
	l.queued++
	l.size += e.size
	if l.last == nil {
		l.first, l.last = e, e
		return
	}
	l.last.next = e
	l.last = e
}

func (l *lane) pushFront(e *entry) {
	l.queued++
	l.size += e.size
	e.next = l.first
	l.first = e
	if l.last == nil {
		l.last = e
	}
}

func (l *lane) popFront() *entry {
	e := l.first
	l.queued--
	l.size -= e.size
	l.first = e.next
	if l.first == nil {
		l.last = nil
	}
	e.next = nil
	return e
}

// remove takes out a message that is in the queue.
func (l *lane) remove(e *entry) {
	if l.first == e {
		l.popFront()
		return
	}
	before := l.first
	for before.next != e {
		before = before.next
	}
	before.next = e.next
	if l.last == e {
		l.last = before
	}
	l.queued--
	l.size -= e.size
	e.next = nil
}

// sendable reports whether the lane's first message may start as far as the lane itself goes.
func (l *lane) sendable() bool {
	return l.first != nil && l.heldUntil.IsZero() && !l.gate.probing && (l.inFlight == 0 || !l.route.cfg.Ordered)
}
