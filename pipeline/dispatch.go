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

// Routes share a quota by deficit round robin. In its turn at the front of the ring a route may spend its weight times
// the largest cost of a publish. What it spends beyond that is missing in its next turn. What it does not spend is lost
// once it has nothing to publish. Partitions of one name have turn and credit in common, whichever of them have
// something to publish.

// common is what the partitions of one name have in common; a route without has one for itself.
type common struct {
	weight float64 // Their share of the quota against other routes.
	credit float64 // What they may still spend in their turn.
	routes int
	active int // Those that are in the ring of routes.

	rejections int // Messages rejected by the endpoint since something was accepted.
}

// hasTurn reports whether the route at the front of the ring has credit. One without gets what a turn is worth.
func (d *dispatcher) hasTurn(r *Route) bool {
	t := r.common
	if t.credit > 0 {
		return true
	}
	t.credit += t.weight * max(1, d.largest) / float64(t.active)
	return t.credit > 0
}

// charge makes the route at the front of the ring pay for a publish. Its turn ends when its credit is used up.
func (d *dispatcher) charge(r *Route, cost float64) {
	d.largest = max(d.largest, cost)
	r.common.credit -= cost
	if r.common.credit <= 0 {
		d.active.pushBack(d.active.popFront())
	}
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

// trim removes lanes that can no longer publish from the front of the rings. It reports whether one is left that can.
func (r *Route) trim() bool {
	for r.ready.len() > 0 {
		l := r.ready.front()
		sendable := l.sendable()
		if sendable && (r.haltedSince.IsZero() || !l.refusedBefore()) {
			break
		}
		l.ready = false
		r.ready.popFront()
		if sendable && !l.again { // It would be in the way of lanes that have not been refused.
			l.again = true
			r.again.pushBack(l)
		}
	}
	for r.again.len() > 0 && !r.again.front().sendable() {
		r.again.popFront().again = false
	}
	return r.ready.len()+r.again.len() > 0
}

// lead returns the ring whose first lane is the next one; trim must have been called. Lanes that have not been refused
// mostly go first, because the others may fail again. While publishing is halted they always do, as the best probes.
func (r *Route) lead() *ring[*lane] {
	if r.again.n == 0 {
		return &r.ready
	}
	return r.leadAgain()
}

// leadAgain is lead where a lane is to be tried again.
func (r *Route) leadAgain() *ring[*lane] {
	if r.ready.len() == 0 || r.turns%againEvery == 0 && r.haltedSince.IsZero() {
		return &r.again
	}
	return &r.ready
}

// popLead takes the next lane out of its ring.
func (r *Route) popLead() *lane {
	lead := r.lead()
	l := lead.popFront()
	if lead == &r.again {
		l.again = false
	} else {
		l.ready = false
	}
	return l
}

// againEvery is the number of publishes among which one is a lane's that is tried again, while other lanes are ready.
const againEvery = 4

// keptSlots is how much memory an empty ring keeps.
const keptSlots = 4096

// ring is a first-in-first-out queue that keeps its memory, unless that is much. Lanes and routes take turns in one.
type ring[T any] struct {
	slots []T
	head  int
	n     int
}

func (r *ring[T]) len() int { return r.n }

// front returns the oldest item of a ring that is not empty.
func (r *ring[T]) front() T { return r.slots[r.head] }

func (r *ring[T]) pushBack(v T) {
	if r.n == len(r.slots) {
		r.grow()
	}
	r.slots[(r.head+r.n)%len(r.slots)] = v
	r.n++
}

// popFront removes and returns the oldest item of a ring that is not empty.
func (r *ring[T]) popFront() T {
	var zero T
	v := r.slots[r.head]
	r.slots[r.head] = zero
	r.head = (r.head + 1) % len(r.slots)
	r.n--
	if r.n == 0 && len(r.slots) > keptSlots {
		r.slots, r.head = nil, 0
	}
	return v
}

func (r *ring[T]) grow() {
	slots := make([]T, max(8, 2*len(r.slots)))
	for i := range r.n {
		slots[i] = r.slots[(r.head+i)%len(r.slots)]
	}
	r.slots, r.head = slots, 0
}

// earlier returns the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
