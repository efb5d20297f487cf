package pipeline

import (
	"container/heap"
	"slices"
	"time"
)

// add queues a message, which has been measured, in its lane: at the back, or before one that may be refused again.
func (d *dispatcher) add(now time.Time, r *Route, topic string, m entry) {
	e := d.freeEntries
	if e == nil {
		e = &entry{}
	} else {
		d.freeEntries = e.next
		d.keptEntries--
	}
	*e = m
	l := r.lane(topic)
	e.lane = l
	r.bytes += r.cfg.charge(m.weight())
	r.payload += int64(len(m.payload))
	l.pending++
	if l.suspect {
		l.countArrival()
	}
	if l.gate.closed {
		r.forbidden.held++
	}
	r.enqueueNewest(e)
	if l.first != nil && l.first.trouble != nil && !r.cfg.Ordered {
		l.pushFront(e)
	} else {
		l.pushBack(e)
	}
	d.linger(now, l)
	d.refresh(l)
	d.unblockTopics(r)
	d.dropExcessForbidden(now, l)
	r.account()
}

// enqueueNewest counts a queued message that is the newest of the route.
func (r *Route) enqueueNewest(e *entry) {
	r.queued++
	r.link(e, r.newest, nil)
}

// enqueueOldest counts a message that is queued again. It was in flight, and so is older than what is queued.
func (r *Route) enqueueOldest(e *entry) {
	r.queued++
	r.link(e, nil, r.oldest)
}

// link puts a message between two neighbours in the order of age; nil stands for an end.
func (r *Route) link(e, older, newer *entry) {
	e.older, e.newer = older, newer
	if older == nil {
		r.oldest = e
	} else {
		older.newer = e
	}
	if newer == nil {
		r.newest = e
	} else {
		newer.older = e
	}
}

// dequeue counts a message that is no longer queued.
func (r *Route) dequeue(e *entry) {
	r.queued--
	if e.older == nil {
		r.oldest = e.newer
	} else {
		e.older.newer = e.newer
	}
	if e.newer == nil {
		r.newest = e.older
	} else {
		e.newer.older = e.older
	}
	e.older, e.newer = nil, nil
}

// makeRoom drops the oldest messages of the route until a message that counts n bytes has room or nothing is queued.
func (d *dispatcher) makeRoom(now time.Time, r *Route, n int64) {
	for r.full(n) && r.oldest != nil {
		d.events.note(now, event{kind: eventOverload, route: r})
		d.discard(r.oldest, Shed)
	}
}

// replaceOf is replace for a topic, which may have no lane.
func (d *dispatcher) replaceOf(r *Route, topic string) {
	if l := r.lanes[topic]; l != nil {
		d.replace(l)
	}
}

// replace drops what a lane has queued, because a newer message has come. It leaves those that are to be rejected.
func (d *dispatcher) replace(l *lane) {
	for e := l.first; e != nil; {
		next := e.next
		if e.rejection == nil {
			d.discard(e, Replaced)
		}
		e = next
	}
}

// expire ends the queued messages that are too old.
func (d *dispatcher) expire(now time.Time) {
	for _, r := range d.aging {
		for r.oldest != nil && r.oldest.expires().Before(now) {
			d.events.note(now, event{kind: eventExpired, route: r})
			d.discard(r.oldest, Expired)
		}
	}
}

// expires is when the message is too old.
func (e *entry) expires() time.Time { return e.came.Add(e.lane.route.cfg.MaxAge) }

// nextExpiry is when the next queued message becomes too old; zero: none does.
func (d *dispatcher) nextExpiry() time.Time {
	var at time.Time
	for _, r := range d.aging {
		if r.oldest != nil {
			at = earlier(at, r.oldest.expires().Add(1))
		}
	}
	return at
}

// discard ends a queued or delayed message. It is fast for the first of a lane.
func (d *dispatcher) discard(e *entry, o Outcome) {
	l := e.lane
	if l.first != e {
		if i := slices.IndexFunc(d.delayed, func(item delayed) bool { return item.entry == e }); i >= 0 {
			heap.Remove(&d.delayed, i)
			l = nil
		}
	}
	if l != nil {
		l.remove(e)
	}
	e.lane.route.dequeue(e)
	d.end(e, o)
}
