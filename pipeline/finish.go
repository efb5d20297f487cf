package pipeline

import (
	"container/heap"
	"fmt"
	"time"
)

// ending is a message that has ended and whose source must be told.
type ending struct {
	settler Settler
	handle  any
	outcome Outcome
}

// missesAfter is how often a message must be told that its cache does not exist, before it is taken to be the message's own fault: a cache that
// has just been made may not be known everywhere at once.
const missesAfter = 3

// judge returns the answer as it is to be understood for p. A cache that is said to be missing, and has accepted another publish
// since it was last said so to p, does exist: it is p that cannot be published.
func (d *dispatcher) judge(p *parcel, a Answer) Answer {
	e := p.first
	if a.Verdict == HaltCache && e.misses+1 >= missesAfter && p.lane.route.cache.existsSince(e.missed) {
		a.Verdict, a.Reason = Reject, "not_found"
	}
	return a
}

// reject notes that the endpoint can never accept what p carries: a single message, which stays in flight until it is kept as a dead letter.
func (d *dispatcher) reject(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	e := p.first
	e.rejection = &Rejection{Reason: a.Reason, Status: a.Status, Detail: a.Detail, Attempts: e.attempts, Route: p.lane.route.cfg.Name}
}

// finish takes back a publish in flight with its answer, and decides what becomes of its messages.
func (d *dispatcher) finish(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	r := d.land(p)
	outcome := d.outcome(r, a)
	if outcome == 0 {
		d.requeue(now, p, a)
		return
	}
	if outcome == Published {
		r.operations += operations(p.size)
	}
	for p.n > 0 {
		e := p.take()
		if outcome == Published {
			r.published += uint64(len(e.Payload))
		}
		d.end(e, outcome)
	}
}

// attempted counts one attempt for a publish in flight and learns from its answer.
func (d *dispatcher) attempted(now time.Time, p *parcel, a Answer) {
	r := p.lane.route
	for e := p.first; e != nil; e = e.next {
		e.attempts++
	}
	r.attempts[a.Result]++
	if a.Repeated {
		r.attempts[ResultNetwork]++
		r.ambiguous++
		d.pay(now, r, p.cost, p.size)
	}
	if a.Verdict == Ambiguous {
		r.ambiguous++
	}
	d.learn(now, p, a)
}

// land takes a publish out of flight. Its messages are then neither queued nor in flight: the caller ends or queues them.
func (d *dispatcher) land(p *parcel) *Route {
	r := p.lane.route
	p.lane.inFlight--
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
	case r.closed && r.cfg.Returnable:
		return Returned
	case d.stopped:
		return Dropped
	}
	return 0
}

// finishRejected takes back a message in flight that can never be published. kept says that a dead letter is safe; err that it
// could not be stored, so that the message must wait.
func (d *dispatcher) finishRejected(now time.Time, p *parcel, kept bool, err error) {
	r := d.land(p)
	d.releaseProbes(now, p)
	reason := p.first.rejection
	switch {
	case err == nil && kept:
		d.end(p.take(), DeadLettered)
	case err == nil:
		d.events.note(now, event{kind: eventDropped, route: r, detail: reason.Reason + ": " + reason.Detail})
		d.end(p.take(), Dropped)
	case r.closed && r.cfg.Returnable:
		d.end(p.take(), Returned)
	case d.stopped:
		d.end(p.take(), Dropped)
	default:
		d.events.note(now, event{kind: eventDeadLetter, route: r, detail: err.Error()})
		r.retries[retryDeadLetter]++
		d.delay(now, p, 0)
	}
}

// requeue puts messages back to wait for their next attempt. What a gate or the pacer holds back anyway needs no delay of its own.
func (d *dispatcher) requeue(now time.Time, p *parcel, a Answer) {
	r, l := p.lane.route, p.lane
	r.retries[reason(a)] += uint64(p.n)
	switch a.Verdict {
	case HaltAll, SlowDown:
		d.putBack(p)
	case HaltCache:
		for e := p.first; e != nil; e = e.next {
			e.misses++
			e.missed = now
		}
		d.waitFor(now, p, &r.cache.gate, a.RetryAfter)
	case HaltTopic:
		d.putBack(p)
		d.hold(l, l.gate.probeAt)
	case Reject: // Of a batch: a single message is rejected elsewhere.
		p.split()
		d.putBack(p)
	case Accept, Retry, Ambiguous:
		d.waitFor(now, p, &d.endpoint, a.RetryAfter)
	}
}

// reason says why an answer means another attempt.
func reason(a Answer) retryReason {
	switch a.Verdict {
	case HaltAll:
		return retryKey
	case HaltCache:
		return retryCache
	case HaltTopic:
		return retryForbidden
	case SlowDown:
		if a.Reason == ReasonThroughput {
			return retryThroughput
		}
		return retryQuota
	case Ambiguous:
		return retryAmbiguous
	case Reject:
		return retryBatch
	case Accept, Retry:
	}
	if a.Result == ResultNetwork || a.Result == ResultTimeout {
		return retryNetwork
	}
	return retryServer
}

// waitFor makes messages wait for a gate that is closed, and otherwise for a backoff of their own: an outage is not held against them.
// Without order others are the next probe, as it may be these that keep the gate closed.
func (d *dispatcher) waitFor(now time.Time, p *parcel, g *gate, atLeast time.Duration) {
	switch {
	case !g.closed:
		d.delay(now, p, atLeast)
	case p.lane.route.cfg.Ordered:
		d.putBack(p)
	default:
		for p.n > 0 {
			e := p.take()
			p.lane.route.enqueue(e)
			p.lane.pushBack(e)
		}
		d.refresh(p.lane)
	}
}

// putBack returns messages to the front of their lane, in their order. Where only the latest of a topic counts, and a newer one has come, they
// end instead.
func (d *dispatcher) putBack(p *parcel) {
	l := p.lane
	r := l.route
	if r.cfg.Overload == KeepLatest && l.first != nil {
		for p.n > 0 {
			d.end(p.take(), Dropped)
		}
		return
	}
	var reversed *entry
	for p.n > 0 {
		e := p.take()
		e.next, reversed = reversed, e
	}
	for reversed != nil {
		e := reversed
		reversed = e.next
		r.requeue(e)
		l.pushFront(e)
	}
	d.refresh(l)
}

// delay makes messages wait for the backoff of the first, at least for atLeast. In an ordered lane the others wait behind them.
func (d *dispatcher) delay(now time.Time, p *parcel, atLeast time.Duration) {
	first, l := p.first, p.lane
	if first.delays == nil {
		first.delays = d.delays.Message()
	}
	until := now.Add(max(first.delays.NextBackOff(), atLeast))
	if l.route.cfg.Ordered {
		d.putBack(p)
		if l.first != nil {
			d.hold(l, until)
		}
		return
	}
	for p.n > 0 {
		e := p.take()
		l.route.requeue(e)
		d.delayed.add(delayed{at: until, lane: l, entry: e})
	}
	d.refresh(l)
}

// end takes a message that is neither queued nor in flight any more out of the accounts and reuses its entry. Its source is told once the
// mutex is free.
func (d *dispatcher) end(e *entry, o Outcome) {
	l := e.lane
	r := l.route
	if r.cfg.Settler != nil {
		d.ended = append(d.ended, ending{settler: r.cfg.Settler, handle: e.Handle, outcome: o})
	}
	d.anyEnded = true
	r.settled[o]++
	r.bytes -= int64(len(e.Payload))
	l.pending--
	if r.waiters > 0 && r.roomy() {
		d.roomMade = true
	}
	r.wakeSource()
	if l.pending == 0 {
		d.dropLane(l)
	}
	*e = entry{next: d.free}
	d.free = e
}

// keptLanes is how many lanes a route keeps although they are empty, so that a topic in use costs no allocation.
const keptLanes = 1024

// dropLane forgets an empty lane, so that memory follows the topics in use. A reference to it in the heap or a ring is
// harmless: it has nothing to send.
func (d *dispatcher) dropLane(l *lane) {
	r := l.route
	if len(r.lanes) <= keptLanes {
		return
	}
	if l.gate.closed {
		r.forbidden--
	}
	delete(r.lanes, l.topic)
}

func tooLarge(c *RouteConfig, n, limit int, name string) *Rejection {
	return &Rejection{Reason: "too_large", Detail: fmt.Sprintf("%d bytes, the route's %s is %d", n, name, limit), Route: c.Name}
}

// turnAway ends a message that has come too late.
func (d *dispatcher) turnAway(r *Route, handle any) {
	outcome := r.returned()
	r.settled[outcome]++
	if r.cfg.Settler != nil {
		d.ended = append(d.ended, ending{settler: r.cfg.Settler, handle: handle, outcome: outcome})
	}
}

// endQueued ends what the route has queued, in the order of each topic, as messages end that nobody is left to publish. One is spared if
// probes are to go on with it: the first of its topic.
func (d *dispatcher) endQueued(r *Route, spare bool) {
	outcome := r.returned()
	var spared *entry
	if l := r.probeLane(); spare && l != nil {
		spared = l.popFront()
	}
	for _, l := range r.lanes {
		if !l.mustLand(d) {
			d.endLane(l, outcome)
		}
	}
	left := d.delayed[:0]
	for _, item := range d.delayed {
		switch {
		case item.entry == nil || item.lane.route != r:
			left = append(left, item)
		case spare && spared == nil:
			spare = false
			left = append(left, item)
		default:
			r.dequeue(item.entry)
			d.end(item.entry, outcome)
		}
	}
	clear(d.delayed[len(left):])
	d.delayed = left
	heap.Init(&d.delayed)
	if spared != nil {
		spared.lane.pushFront(spared)
		d.refresh(spared.lane)
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

// mustLand reports whether what the lane has queued is to be returned only after the message in flight: if that comes back, too, it must
// come first.
func (l *lane) mustLand(d *dispatcher) bool {
	return l.route.cfg.Ordered && l.route.closed && l.inFlight > 0 && !d.stopped
}

// endLeft ends what was left in a lane for the sake of its publish in flight, which has landed.
func (d *dispatcher) endLeft(l *lane) {
	if l.route.closed && l.route.cfg.Returnable && !l.mustLand(d) {
		d.endLane(l, Returned)
	}
}

// probeLane returns a lane whose first message can best be probed with, nil if no lane has one.
func (r *Route) probeLane() *lane {
	var forbidden *lane
	for _, l := range r.lanes {
		switch {
		case l.first == nil:
		case l.gate.closed:
			forbidden = l
		default:
			return l
		}
	}
	return forbidden
}
