package pipeline

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// entry is a message inside the pipeline. A million of them may wait, so that it has what every message needs, and the
// rest is apart. Entries are reused once their message has ended.
type entry struct {
	payload []byte
	came    time.Time
	handle  any
	lane    *lane
	// next is the next entry in the lane's queue, in a parcel or on the free list.
	next *entry
	// older and newer are its neighbours in the route's order of age, while it is queued.
	older, newer *entry
	// past is noPast until ownPast is called.
	*past
	// size is what it adds to a batch, in bytes.
	size int32
	// attempts is the number of its publishes that have ended.
	attempts int32
}

// past is what is known of a message that is not simply published.
type past struct {
	// mark is what is kept of it for subscribers, nil where the route wants nothing of that.
	mark *mark
	// maxBatch is the number of messages of the largest batch that it may be in, because larger ones were refused; 0:
	// there is no limit.
	maxBatch int
	// delays yields its backoff. It is made when the first attempt has failed.
	delays backoff.BackOff
	// cacheMissedAt is when the endpoint said so first.
	cacheMissedAt time.Time
	// rejection is set once it is known that the message can never be published.
	rejection *Rejection
	// trouble is what the endpoint has refused it for, nil if it has not.
	trouble *trouble
	// cacheMisses is how often the endpoint said that its cache does not exist.
	cacheMisses int32
	// storeFailed says that it could not be stored as a dead letter.
	storeFailed bool
}

// noPast is that of most messages. It is never written to.
var noPast past

// ownPast returns the message's past to write to.
func (e *entry) ownPast() *past {
	if e.past == &noPast {
		e.past = &past{}
	}
	return e.past
}

// message returns the message as its source has submitted it.
func (e *entry) message() Message {
	m := Message{Topic: e.lane.topic, Payload: e.payload, Time: e.came, Handle: e.handle}
	if own := e.mark; own != nil {
		m.Sequence, m.Stream, m.Subject, m.Header = own.sequence, own.stream, own.subject, own.header
		m.Trace = own.trace
	}
	return m
}

// lane is the queue of one topic of one route, first in, first out. There may be a million of them, so that what a
// topic in trouble needs is apart.
type lane struct {
	route       *Route
	topic       string
	first, last *entry    // The queue, linked by next.
	queued      int       // Messages in it.
	size        int       // The bytes that they add to a batch.
	pending     int       // Messages queued, delayed and in flight.
	inFlight    int       // Publishes.
	heldUntil   time.Time // The lane waits for a retry, or for a fuller batch; zero: it does not.
	*refused              // It is noRefused until ownRefused is called.
	lingering   bool      // It waits for a fuller batch.
	ready       bool      // It is in the route's ring of lanes that are ready.
	again       bool      // It is in the route's ring of lanes that are tried again. It may be in both.
}

// refused is what is known of a topic that the endpoint refuses, or that has messages which it refuses.
type refused struct {
	gate     gate      // Closed while the topic is forbidden.
	suspect  bool      // The endpoint refuses its first message, so that all of it is counted among the suspects.
	aside    bool      // It is counted among what is put aside, as the endpoint accepts others.
	singles  int       // Its messages that are suspects by themselves, and are counted one by one.
	accepted time.Time // When the latest accepted publish began; kept while the route has messages in trouble.
}

// noRefused is that of most topics. It is never written to.
var noRefused refused

// ownRefused returns the topic's to write to.
func (l *lane) ownRefused() *refused {
	if l.refused == &noRefused {
		l.refused = &refused{}
	}
	return l.refused
}

// lane returns the lane of a topic. It makes one where there is none.
func (r *Route) lane(topic string) *lane {
	l := r.lanes[topic]
	if l != nil {
		return l
	}
	if n := len(r.freeLanes); n == 0 {
		l = &lane{}
	} else {
		l = r.freeLanes[n-1]
		r.freeLanes = r.freeLanes[:n-1]
	}
	*l = lane{route: r, topic: topic, refused: &noRefused}
	r.lanes[topic] = l
	r.mostLanes = max(r.mostLanes, len(r.lanes))
	return l
}

// keptLanes is how many lanes a route keeps although they are empty, so that a topic in use needs no allocation.
const keptLanes = 1024

// shrinkLanes is how many lanes a route must have had for the map of them to be made anew when they are gone.
const shrinkLanes = 16 * keptLanes

// dropLane forgets an empty lane, so that memory follows the topics in use. The heap or a ring may still refer to it,
// which is harmless: it has nothing to send. A lane to which nothing refers is reused.
func (d *dispatcher) dropLane(l *lane) {
	r := l.route
	if r.forgotten {
		return
	}
	kept := len(r.lanes) <= keptLanes
	if l.suspect && (!kept || !l.gate.closed) {
		l.markSuspect(false, false)
	}
	if kept {
		return
	}
	delete(r.lanes, l.topic)
	if l.gate.closed {
		r.allow(l)
		return
	}
	if len(r.freeLanes) < keptLanes && !l.ready && !l.again && l.heldUntil.IsZero() { // Nothing refers to it any more.
		*l = lane{route: r, refused: &noRefused}
		r.freeLanes = append(r.freeLanes, l)
	}
	if len(r.lanes) == keptLanes && r.mostLanes > shrinkLanes { // A map does not become smaller by itself.
		r.mostLanes = keptLanes
		lanes := make(map[string]*lane, keptLanes) // maps.Clone copies the room of what is gone, too.
		maps.Copy(lanes, r.lanes)
		r.lanes = lanes
	}
}

func (l *lane) pushBack(e *entry) {
	e.next = nil
	l.queued++
	l.size += int(e.size)
	if l.last == nil {
		l.first, l.last = e, e
		return
	}
	l.last.next = e
	l.last = e
}

func (l *lane) pushFront(e *entry) {
	l.queued++
	l.size += int(e.size)
	e.next = l.first
	l.first = e
	if l.last == nil {
		l.last = e
	}
}

func (l *lane) popFront() *entry {
	e := l.first
	l.queued--
	l.size -= int(e.size)
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
	l.size -= int(e.size)
	e.next = nil
}

// sendable reports whether the lane has a message, and nothing of its own keeps that from starting.
func (l *lane) sendable() bool {
	return l.first != nil && l.heldUntil.IsZero() && !l.gate.probing && (l.inFlight == 0 || !l.route.cfg.Ordered)
}

// refusedBefore reports whether the lane's first message has been refused before, or its topic.
func (l *lane) refusedBefore() bool { return l.first.trouble != nil || l.gate.closed }

// gates are the gates that a message of this lane passes.
func (l *lane) gates(d *dispatcher) [gateCount]*gate {
	return [gateCount]*gate{
		keyGate: &d.key, endpointGate: &d.endpoint, cacheGate: &l.route.cache.gate,
		routeGate: &l.route.gate, topicGate: &l.gate,
	}
}

// linger holds a lane that has got its first message until its batch is full or the message has waited for Linger.
func (d *dispatcher) linger(now time.Time, l *lane) {
	c := &l.route.cfg.Batch
	switch {
	case c.Linger == 0 || !c.Joins():
	case l.lingering && l.full():
		l.heldUntil, l.lingering = time.Time{}, false
	case l.queued == 1 && l.heldUntil.IsZero() && !l.full():
		d.hold(l, now.Add(c.Linger))
		l.lingering = true
	}
}

// hold keeps a whole lane from publishing until a time. A lane in a ring of its route stays there until trim finds it.
func (d *dispatcher) hold(l *lane, until time.Time) {
	if !l.heldUntil.IsZero() && !l.lingering {
		return
	}
	l.heldUntil, l.lingering = until, false
	d.delayed.add(delayed{at: until, lane: l})
}

// pushRetried queues a message again that has waited for its backoff by itself, as happens only without order. One that
// the endpoint has refused goes behind the others, which may be accepted.
func (l *lane) pushRetried(e *entry) {
	if e.trouble != nil && l.first != nil {
		l.pushBack(e)
		return
	}
	l.pushFront(e)
}

// delayed is a lane that is held until a time, or a message that waits outside its lane.
type delayed struct {
	at    time.Time
	lane  *lane
	entry *entry // nil: the whole lane waits.
}

// stale reports whether the lane is no longer held, or is held until another time.
func (d delayed) stale() bool { return d.entry == nil && !d.lane.heldUntil.Equal(d.at) }

// delayedHeap has the earliest time on top.
type delayedHeap []delayed

func (h delayedHeap) Len() int           { return len(h) }
func (h delayedHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h delayedHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *delayedHeap) Push(x any)        { *h = append(*h, x.(delayed)) }
func (h *delayedHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = delayed{}
	*h = old[:len(old)-1]
	return last
}

func (h *delayedHeap) add(d delayed) { heap.Push(h, d) }

// forget takes out what gone says.
func (h *delayedHeap) forget(gone func(*delayed) bool) {
	*h = slices.DeleteFunc(*h, func(d delayed) bool { return gone(&d) })
	heap.Init(h)
}

// due removes and returns the top if its time has come.
func (h *delayedHeap) due(now time.Time) (delayed, bool) {
	if len(*h) == 0 || (*h)[0].at.After(now) {
		return delayed{}, false
	}
	return heap.Pop(h).(delayed), true
}

// wakeDelayed makes the lanes and messages ready whose time has come, and ends the messages that are too old.
func (d *dispatcher) wakeDelayed(now time.Time) {
	d.expire(now)
	d.retryUnstored(now)
	for {
		due, ok := d.delayed.due(now)
		if !ok {
			return
		}
		switch {
		case due.stale():
			continue
		case due.entry == nil:
			due.lane.heldUntil, due.lane.lingering = time.Time{}, false
		default:
			due.lane.pushRetried(due.entry)
		}
		d.refresh(due.lane)
	}
}

// nextDelayed is when wakeDelayed has something to do; zero: not before something else happens.
func (d *dispatcher) nextDelayed() time.Time {
	at := earlier(d.nextExpiry(), d.nextStoreRetry())
	if len(d.delayed) > 0 {
		at = earlier(at, d.delayed[0].at)
	}
	return at
}
