package pipeline

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"sync"
	"time"

	"momento-bridge/pipeline/quota"
)

// finish takes a publish out of flight with its answer, and decides what becomes of its messages: they end, or are
// tried again.
func (d *dispatcher) finish(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	r := d.land(p)
	outcome := d.outcome(r, a)
	if outcome == 0 {
		d.retry(now, p, a)
		return
	}
	if outcome == Published {
		r.operations += quota.Operations(p.size)
	}
	for p.n > 0 {
		e := p.pop()
		if outcome == Published {
			r.published += uint64(len(e.payload))
		}
		if outcome == Dropped && a.Verdict == Ambiguous {
			d.noteMessage(now, eventUnclear, r, e, a.Detail)
		}
		d.end(e, outcome)
	}
}

// land takes a publish out of flight. Its messages are then neither queued nor in flight: the caller must end or queue
// them before it frees the mutex.
func (d *dispatcher) land(p *parcel) *Route {
	r := p.lane.route
	if !p.detached {
		p.lane.inFlight--
	}
	r.inFlight -= p.n
	d.refresh(p.lane)
	return r
}

// outcome returns how messages end with this answer, or 0 if they are to be tried again.
func (d *dispatcher) outcome(r *Route, a Answer) Outcome {
	switch {
	case a.Verdict == Accept:
		return Published
	case a.Verdict == Ambiguous && r.cfg.AtMostOnce:
		return Dropped
	case r.leaving():
		return r.returned()
	case d.stopped:
		return Dropped
	}
	return 0
}

// end ends a message that is neither queued nor in flight: it takes it out of all counts and reuses its entry. unlock
// tells its source.
func (d *dispatcher) end(e *entry, o Outcome) {
	l := e.lane
	r := l.route
	d.tell(r, e.handle, o)
	d.anyEnded = true
	r.settled[o]++
	r.bytes -= r.cfg.charge(e.weight())
	r.payload -= int64(len(e.payload))
	if r.forgotten {
		r.forgetTrouble()
	} else if e.trouble != nil || l.suspect {
		e.uncount()
	}
	l.pending--
	if l.gate.closed && !r.forgotten {
		r.forbidden.held--
	}
	if e.storeFailed {
		r.unstored.n--
		r.unstored.bytes -= r.cfg.charge(e.weight())
	}
	r.roomChanged()
	if l.pending == 0 {
		d.dropLane(l)
	}
	d.unmark(e, o)
	*e = entry{}
	if d.keptEntries < keptEntries {
		d.keptEntries++
		e.next, d.freeEntries = d.freeEntries, e
	}
}

// keptEntries is how many entries are kept for reuse: as many as wait at most times.
const keptEntries = 16384

// returned is how messages end that nobody is left to publish.
func (r *Route) returned() Outcome {
	switch {
	case r.away != 0:
		return r.away
	case r.cfg.Returnable:
		return Returned
	}
	return Dropped
}

// refused is how messages end that the endpoint refuses, and for which there is no room.
func (r *Route) refused() Outcome {
	if o := r.returned(); o != Dropped {
		return o
	}
	return Rejected
}

// settlement is a message that has ended and whose source must be told.
type settlement struct {
	settler  Settler
	handle   any
	outcome  Outcome
	postpone bool // It is to be delivered again only after a while.
}

// settle tells the source.
func (e *settlement) settle() {
	if s, ok := e.settler.(Postponer); ok && e.postpone {
		s.Postpone(e.handle)
		return
	}
	e.settler.Settle(e.handle, e.outcome)
}

// tell has unlock tell the source how a message has ended.
func (d *dispatcher) tell(r *Route, handle any, o Outcome) {
	if r.cfg.Settler != nil {
		d.settlements = append(d.settlements, settlement{settler: r.cfg.Settler, handle: handle, outcome: o})
	}
}

// settlementSlices are for unlock where several messages have ended; they are reused.
var settlementSlices = sync.Pool{New: func() any { return new([]settlement) }}

// unlock frees the mutex. Then it tells the sources how the messages that have ended did, and logs what has happened.
// Whoever may have ended a message, or noted an event, must free the mutex by unlock.
//
// unlock wakes Submit calls for which there is room now, and the workers once the pipeline is drained. It wakes no
// worker for a message that has become ready: the caller must have called pump for that.
func (p *Pipeline) unlock() {
	d := &p.d
	if d.anyEnded {
		d.anyEnded = false
		p.checkDrained()
	}
	if d.roomMade {
		d.roomMade = false
		p.room.Broadcast()
	}
	var one [1]settlement // There is one as a rule: it needs no slice.
	ended, many := one[:copy(one[:], d.settlements)], (*[]settlement)(nil)
	if len(d.settlements) > len(one) {
		many = settlementSlices.Get().(*[]settlement)
		*many, d.settlements = d.settlements, (*many)[:0]
		ended = *many
	}
	clear(d.settlements)
	d.settlements = d.settlements[:0]
	events := d.events.waiting
	d.events.waiting = nil
	traces := d.endedTraces
	d.endedTraces = nil
	p.mu.Unlock()
	for i := range ended {
		ended[i].settle()
	}
	if many != nil {
		clear(*many)
		if cap(*many) <= keptEntries {
			settlementSlices.Put(many)
		}
	}
	for _, t := range traces {
		t.trace.Ended(t.outcome)
	}
	for _, e := range events {
		e.log(p.log)
	}
}

// turnAway ends a message that has come too late to be queued.
func (d *dispatcher) turnAway(r *Route, handle any) {
	outcome := r.returned()
	r.settled[outcome]++
	d.tell(r, handle, outcome)
}

// skip ends a message that has just come and that its route skips.
func (d *dispatcher) skip(now time.Time, r *Route, handle any) {
	r.settled[Dropped]++
	r.skipped++
	d.tell(r, handle, Skipped)
	d.anyEnded = true
	r.roomChanged()
	d.events.note(now, event{kind: eventSkipped, route: r})
}

// leaveOut ends a message that has just come, because a newer one of its topic came before.
func (d *dispatcher) leaveOut(r *Route, handle any) {
	r.settled[Replaced]++
	d.tell(r, handle, Replaced)
	d.anyEnded = true
	r.roomChanged()
}

// endQueued ends what the route has queued, in the order of each topic, because nobody is left to publish it. With
// keepProbe it keeps one message for probes to go on with: the first of its topic.
func (d *dispatcher) endQueued(r *Route, keepProbe bool) {
	outcome := r.returned()
	var kept *entry
	if l := r.probeLane(); keepProbe && l != nil {
		kept = l.popFront()
	}
	if !keepProbe {
		d.endUnstored(r)
	}
	for _, topic := range slices.Sorted(maps.Keys(r.lanes)) { // In one order, for simulations.
		if l := r.lanes[topic]; !l.mustLand(d) {
			d.endLane(l, outcome)
		}
	}
	left := d.delayed[:0]
	for _, item := range d.delayed {
		switch {
		case item.entry == nil || item.lane.route != r:
			left = append(left, item)
		case keepProbe && kept == nil:
			keepProbe = false
			left = append(left, item)
		default:
			r.dequeue(item.entry)
			d.end(item.entry, outcome)
		}
	}
	clear(d.delayed[len(left):])
	d.delayed = left
	heap.Init(&d.delayed)
	if kept != nil {
		kept.lane.pushFront(kept)
		d.refresh(kept.lane)
	}
}

// forgetQueued ends all that a route has queued at the hard stop, where no source is to be told: in the same short time
// however much that is, because a million messages ended one by one would take longer than the stop may.
func (p *Pipeline) forgetQueued(r *Route) {
	p.d.endUnstored(r)
	r.settled[Dropped] += uint64(r.queued)
	r.queued, r.forgotten = 0, true
	r.oldest, r.newest = nil, nil
	r.lanes, r.freeLanes, r.mostLanes = map[string]*lane{}, nil, 0
	r.ready, r.again = ring[*lane]{}, ring[*lane]{}
	r.forgetTrouble()
	r.bytes, r.payload = 0, 0
	for _, w := range p.workers {
		for i := range w.slots {
			if f := &w.slots[i]; f.flying && f.parcel.lane.route == r {
				r.countBytes(&f.parcel)
			}
		}
	}
	for i := range p.letters.kept {
		if l := &p.letters.kept[i]; l.n > 0 && l.lane.route == r {
			r.countBytes(l)
		}
	}
	r.roomChanged()
}

// forgetTrouble forgets what is known of messages that the endpoint refuses.
func (r *Route) forgetTrouble() {
	r.troubled, r.suspects, r.aside, r.asideUnits, r.forbidden = 0, 0, 0, 0, forbidden{}
}

// countBytes counts the bytes of messages in flight.
func (r *Route) countBytes(p *parcel) {
	for e, n := p.first, p.n; n > 0; e, n = e.next, n-1 {
		r.bytes += r.cfg.charge(e.weight())
		r.payload += int64(len(e.payload))
	}
}

// endLane ends what a lane has queued, in its order.
func (d *dispatcher) endLane(l *lane, o Outcome) {
	for l.first != nil {
		e := l.popFront()
		l.route.dequeue(e)
		d.end(e, o)
	}
}

// mustLand reports whether what the lane has queued can be returned only after the message in flight has landed: if
// that is returned as well, it must be returned first.
func (l *lane) mustLand(d *dispatcher) bool {
	return l.route.cfg.Ordered && (l.route.closed || l.route.away == Returned) && l.inFlight > 0 && !d.stopped &&
		l.route.away != Forgotten
}

// endLeft ends what mustLand has kept in the lane, once its publish in flight has landed.
func (d *dispatcher) endLeft(l *lane) {
	if l.route.leaving() && !l.mustLand(d) {
		d.endLane(l, l.route.returned())
	}
}

// probeLane returns the lane whose first message is best to probe with, of several the oldest by the route's order; nil
// if no lane has a message.
func (r *Route) probeLane() *lane {
	var failed, forbidden *lane
	for e := r.oldest; e != nil; e = e.newer {
		switch l := e.lane; {
		case l.first != e:
		case l.gate.closed:
			forbidden = cmp.Or(forbidden, l)
		case e.trouble != nil:
			failed = cmp.Or(failed, l)
		default:
			return l
		}
	}
	return cmp.Or(failed, forbidden)
}
