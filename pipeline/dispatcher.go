package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// dispatcher holds every message and decides which one goes next. It is a plain state machine: each method takes the time,
// none blocks. The pipeline's mutex guards it.
type dispatcher struct {
	delays  Delays
	pacer   *pacer
	delayed delayedHeap
	routes  []*Route
	active  ring[*Route] // The routes that have a ready lane, in turn.

	key      gate      // Closed while the key is refused.
	keySince time.Time // When the key in use replaced another one; zero: it has not.
	endpoint gate      // Closed while the endpoint as a whole is down.
	failures int       // Attempts in a row that got no sensible answer, all messages together.
	failing  time.Time // When the first of them ended.

	waitingSince time.Time // When the next publish first met an empty bucket.
	waited       prometheus.Observer

	roomMade bool // Submit calls wait, and there is room for them.
	stopped  bool // After the hard stop nothing waits for another attempt.
	free     *entry
	events   eventNotes // Logged once the mutex is free.
}

// add queues a message at the back of its lane.
func (d *dispatcher) add(r *Route, m Message) {
	e := d.free
	if e == nil {
		e = &entry{}
	} else {
		d.free = e.next
	}
	e.Message = m
	l := r.lane(m.Topic)
	e.lane = l
	if len(m.Payload) > r.cfg.MaxPayload {
		e.rejection = tooLarge(r, len(m.Payload))
	}
	r.queued++
	r.bytes += int64(len(m.Payload))
	l.pending++
	l.pushBack(e)
	d.refresh(l)
}

// next takes the message that is to be published now out of its lane. Without one, it returns when to ask again; the zero
// time means that only a new message or an answer can change anything.
func (d *dispatcher) next(now time.Time) (*entry, time.Time) {
	d.wakeDelayed(now)
	r, at := d.pick(now)
	if r == nil {
		return nil, earlier(at, d.nextDelayed())
	}
	if at := d.pay(now, r.ready.front().first); !at.IsZero() {
		return nil, earlier(at, d.nextDelayed())
	}
	return d.start(now, r), time.Time{}
}

// ready reports whether next would return a message. If not, it returns when to ask again, as next does.
func (d *dispatcher) ready(now time.Time) (bool, time.Time) {
	d.wakeDelayed(now)
	r, at := d.pick(now)
	if r != nil {
		if r.ready.front().first.rejection != nil {
			return true, time.Time{}
		}
		ok, tokenAt := d.pacer.ready(now)
		if ok {
			return true, time.Time{}
		}
		at = tokenAt
	}
	return false, earlier(at, d.nextDelayed())
}

// pick brings a route with a message that may publish to the front of the ring and returns it. Without one, it returns when a
// gate is to be probed.
func (d *dispatcher) pick(now time.Time) (*Route, time.Time) {
	if ok, at := d.key.admits(now); !ok {
		return nil, at
	}
	if ok, at := d.endpoint.admits(now); !ok {
		return nil, at
	}
	var wake time.Time
	for range d.active.len() {
		r := d.active.front()
		if !r.trim() {
			r.active = false
			d.active.popFront()
			continue
		}
		ok, at := r.admits(now)
		if ok {
			return r, time.Time{}
		}
		wake = earlier(wake, at)
		d.active.pushBack(d.active.popFront())
	}
	return nil, wake
}

// admits reports whether the gates of the route and its cache let a publish start, as gate.admits does.
func (r *Route) admits(now time.Time) (bool, time.Time) {
	if ok, at := r.cache.gate.admits(now); !ok {
		return false, at
	}
	return r.gate.admits(now)
}

// pay takes a token for e. It returns when to ask again, or the zero time once e is paid for. A message that is rejected without
// a request costs nothing.
func (d *dispatcher) pay(now time.Time, e *entry) time.Time {
	if e.rejection != nil {
		return time.Time{}
	}
	ok, at := d.pacer.take(now)
	if !ok {
		if d.waitingSince.IsZero() {
			d.waitingSince = now
		}
		return at
	}
	var waited time.Duration
	if !d.waitingSince.IsZero() {
		waited = now.Sub(d.waitingSince)
		d.waitingSince = time.Time{}
	}
	if d.pacer.limited() {
		d.waited.Observe(waited.Seconds())
	}
	return time.Time{}
}

// start takes the first message of the first ready lane of r, which is at the front of the ring, and gives the lane and the
// route their next turns at the back.
func (d *dispatcher) start(now time.Time, r *Route) *entry {
	l := r.ready.popFront()
	l.ready = false
	d.active.popFront()
	r.active = false

	e := l.popFront()
	e.sent = now
	for i, g := range l.gates(d) {
		e.probes[i] = g.enter()
	}
	l.inFlight++
	r.queued--
	r.inFlight++
	d.refresh(l)
	d.activate(r)
	return e
}

// refresh puts a lane into its route's ring if its first message may start.
func (d *dispatcher) refresh(l *lane) {
	if l.ready || !l.sendable() {
		return
	}
	l.ready = true
	l.route.ready.pushBack(l)
	d.activate(l.route)
}

// activate puts a route with a ready lane into the ring of routes.
func (d *dispatcher) activate(r *Route) {
	if r.active || r.ready.len() == 0 {
		return
	}
	r.active = true
	d.active.pushBack(r)
}

// hold keeps a whole lane from publishing until a time. A lane in its route's ring stays there; pick passes it over.
func (d *dispatcher) hold(l *lane, until time.Time) {
	if !l.heldUntil.IsZero() {
		return
	}
	l.heldUntil = until
	d.delayed.add(delayed{at: until, lane: l})
}

// wakeDelayed brings back the lanes and messages whose time has come.
func (d *dispatcher) wakeDelayed(now time.Time) {
	for {
		due, ok := d.delayed.due(now)
		if !ok {
			return
		}
		switch {
		case due.stale():
			continue
		case due.entry == nil:
			due.lane.heldUntil = time.Time{}
		default:
			due.lane.pushFront(due.entry)
		}
		d.refresh(due.lane)
	}
}

func (d *dispatcher) nextDelayed() time.Time {
	if len(d.delayed) == 0 {
		return time.Time{}
	}
	return d.delayed[0].at
}

// trim drops lanes that can no longer publish from the front of the ring. It reports whether one is left that can.
func (r *Route) trim() bool {
	for r.ready.len() > 0 {
		l := r.ready.front()
		if l.sendable() {
			return true
		}
		l.ready = false
		r.ready.popFront()
	}
	return false
}

// lane returns the lane of a topic, making it if it is not there.
func (r *Route) lane(topic string) *lane {
	l := r.lanes[topic]
	if l == nil {
		l = &lane{route: r, topic: topic}
		r.lanes[topic] = l
	}
	return l
}

// earlier returns the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
