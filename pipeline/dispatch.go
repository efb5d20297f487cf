package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline/quota"
)

// dispatcher holds every message and decides which one goes next. It is a plain state machine: each method takes the
// time, and none blocks. The pipeline's mutex guards it.
type dispatcher struct {
	delays     Delays
	operations bool     // Quotas count operations rather than publishes.
	routes     []*Route // All of them, as configured.

	// Turns.
	active  ring[*Route] // The routes with a lane that is ready, in turn.
	largest float64      // The largest cost so far: the unit of what a route may spend in its turn.
	delayed delayedHeap  // Lanes and messages that wait for a time.
	aging   []*Route     // Routes whose messages may expire.

	// Quotas that all routes share.
	region        *quota.Pacer
	throughput    *quota.Pacer        // In bytes; nil until the endpoint has refused for throughput.
	acceptedBytes quota.Meter         // Of accepted publishes.
	started       quota.Meter         // Publishes started.
	waitingSince  time.Time           // When the next publish first met an empty bucket.
	waited        prometheus.Observer // How long publishes wait for tokens.
	sharing       sharing             // With other processes.

	// Gates that all routes share.
	key               gate      // Closed while the key is refused or missing.
	keyMissing        bool      // It is closed because there is no key yet.
	keySince          time.Time // When the key in use replaced another one; zero: it has not.
	endpoint          gate      // Closed while the endpoint as a whole is down.
	failures          int       // Attempts in a row without a sensible answer, of all messages together.
	failingSince      time.Time // When the first of them ended.
	maxTrialsInFlight int       // How many trials of one gate may be in flight; see gate.

	unstoredRoutes []*Route // Routes whose dead letters cannot be stored.
	stopped        bool     // The hard stop has come: nothing waits for another attempt.
	memory         memory   // What all routes may hold.
	waiters        int      // Submit calls that wait for room.
	freeEntries    *entry   // Entries for reuse, linked by next,
	keptEntries    int      // and how many they are.
	freeMarks      *mark    // Marks for reuse, in the same way.
	endedTraces    []endedTrace

	startBy time.Time // Later no publish starts; zero before the drain.

	// What unlock does.
	settlements []settlement // Messages whose sources must be told.
	anyEnded    bool         // A message has ended, so that the pipeline may be drained.
	roomMade    bool         // Submit calls wait, and there is room for them.
	events      eventNotes   // What is to be logged.
}

// next moves what is to be published now into p. If there is nothing, it returns false and when to ask again; the zero
// time means that only a new message or an answer can change anything.
func (d *dispatcher) next(now time.Time, p *parcel) (bool, time.Time) {
	if d.stopped {
		return false, time.Time{}
	}
	d.wakeDelayed(now)
	for {
		r, at := d.pick(now)
		if r == nil {
			return false, earlier(at, d.nextDelayed())
		}
		l := r.lead().front()
		// It came late: expire looks at the oldest arrivals only.
		if r.cfg.MaxAge > 0 && l.first.expires().Before(now) {
			d.discard(l.first, Expired)
			continue
		}
		if l.first.rejection == nil {
			if d.tooLate(now) {
				return false, time.Time{}
			}
			if at := d.awaitTokens(now, r, l.first); !at.IsZero() {
				return false, earlier(at, d.nextDelayed())
			}
		}
		d.start(now, r, p)
		return true, time.Time{}
	}
}

// lastStart is how long before the end of the drain the last publish starts, so that its answer can still come.
const lastStart = 250 * time.Millisecond

// tooLate reports whether no publish may start any more, as the drain ends.
func (d *dispatcher) tooLate(now time.Time) bool { return !d.startBy.IsZero() && now.After(d.startBy) }

// ready reports whether next would find something. If not, it returns when to ask again, as next does.
func (d *dispatcher) ready(now time.Time) (bool, time.Time) {
	if d.stopped {
		return false, time.Time{}
	}
	d.wakeDelayed(now)
	r, at := d.pick(now)
	if r == nil {
		return false, earlier(at, d.nextDelayed())
	}
	first := r.lead().front().first
	if first.rejection == nil {
		if d.tooLate(now) {
			return false, time.Time{}
		}
		at = d.due(now, d.costOf(r, first), d.sizeOf(r, first))
	}
	return at.IsZero(), earlier(at, d.nextDelayed())
}

// pick brings a route with a message that may start to the front of the ring and returns it. If there is none, it
// returns when a gate is to be probed, or when a route's own quota lets it go on.
func (d *dispatcher) pick(now time.Time) (*Route, time.Time) {
	if ok, at := d.key.admits(now); !ok {
		return nil, at
	}
	var wake time.Time
	for again := true; again; {
		again = false
		for range d.active.len() {
			r := d.active.front()
			if !r.trim() {
				d.deactivate()
				continue
			}
			ok, at := d.mayStart(now, r)
			if ok && d.hasTurn(r) {
				return r, time.Time{}
			}
			again = again || ok // Partitions may need more than one round to get credit.
			wake = earlier(wake, at)
			d.active.pushBack(d.active.popFront())
		}
	}
	return nil, wake
}

// deactivate takes the route at the front out of the ring.
func (d *dispatcher) deactivate() {
	r := d.active.popFront()
	r.active = false
	if r.common.active--; r.common.active == 0 {
		r.common.credit = min(r.common.credit, 0)
	}
}

// mayStart reports whether the gates, and the quotas of the route and its cache, let a publish start. If not, it
// returns when to ask again; the zero time means that something else must happen first.
func (d *dispatcher) mayStart(now time.Time, r *Route) (bool, time.Time) {
	if r.paused {
		return false, time.Time{}
	}
	if !r.held(now) {
		return false, now.Add(heldPoll)
	}
	first := r.lead().front().first
	if first.rejection != nil { // It is not going to be sent.
		return true, time.Time{}
	}
	if d.endpoint.closed || r.cache.gate.closed || r.gate.closed {
		if ok, at := d.passes(now, r, first); !ok {
			return false, at
		}
	}
	at := r.quotas.due(now, d.costOf(r, first))
	return at.IsZero(), at
}

// awaitTokens returns when the region's quota lets e start: zero for now. It measures how long that took.
func (d *dispatcher) awaitTokens(now time.Time, r *Route, e *entry) time.Time {
	at := d.due(now, d.costOf(r, e), d.sizeOf(r, e))
	if !at.IsZero() {
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
	if d.region.Limited() {
		d.waited.Observe(waited.Seconds())
	}
	return time.Time{}
}

// start moves what the leading lane of r publishes next into p, pays for it, and puts the lane at the back of its ring
// if it has more. r is at the front of the ring of routes.
func (d *dispatcher) start(now time.Time, r *Route, p *parcel) {
	l := r.popLead()
	r.turns++
	d.load(now, l, p)
	if p.rejection() == nil {
		p.cost, p.charged = d.cost(r, max(p.size, p.limit)), p.size
		d.pay(now, r, p.cost, p.size)
		d.charge(r, p.cost)
		d.started.Add(now, 1)
		d.enterGates(now, p)
	}
	l.inFlight++
	r.inFlight += p.n
	d.refresh(l)
}

// refresh puts a lane into a ring of its route if its first message may start. Whatever makes a lane sendable must call
// it: a lane that is in no ring is forgotten.
func (d *dispatcher) refresh(l *lane) {
	if l.ready || !l.sendable() {
		return
	}
	switch {
	case !l.refusedBefore():
		l.ready = true
		l.route.ready.pushBack(l)
	case !l.again:
		l.again = true
		l.route.again.pushBack(l)
	}
	d.activate(l.route)
}

// activate puts a route with a ready lane into the ring of routes.
func (d *dispatcher) activate(r *Route) {
	if r.active || r.ready.len()+r.again.len() == 0 {
		return
	}
	r.active = true
	r.common.active++
	d.active.pushBack(r)
}

// earlier returns the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
