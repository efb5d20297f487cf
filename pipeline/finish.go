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

func (e ending) settle() {
	if e.settler != nil {
		e.settler.Settle(e.handle, e.outcome)
	}
}

func settle(ended []ending) {
	for _, e := range ended {
		e.settle()
	}
}

// missesAfter is how often a message must be told that its cache does not exist, before it is taken to be the message's own fault: a cache that
// has just been made may not be known everywhere at once.
const missesAfter = 3

// judge returns the answer as it is to be understood for e. A cache that is said to be missing, and has accepted another publish
// since it was last said so to e, does exist: it is e that cannot be published.
func (d *dispatcher) judge(e *entry, a Answer) Answer {
	if a.Verdict == HaltCache && e.misses+1 >= missesAfter && e.lane.route.cache.existsSince(e.missed) {
		a.Verdict, a.Reason = Reject, "not_found"
	}
	return a
}

// reject notes that the endpoint can never accept e, which stays in flight until it is kept as a dead letter.
func (d *dispatcher) reject(now time.Time, e *entry, a Answer) {
	d.attempted(now, e, a)
	e.rejection = &Rejection{Reason: a.Reason, Status: a.Status, Detail: a.Detail, Attempts: e.attempts, Route: e.lane.route.cfg.Name}
}

// finish takes back a message in flight with the answer to its publish, and decides what becomes of it. It reports the ending, or
// false if the message waits for another attempt.
func (d *dispatcher) finish(now time.Time, e *entry, a Answer) (ending, bool) {
	d.attempted(now, e, a)
	r := d.land(e)
	if outcome := d.outcome(r, a); outcome != 0 {
		if outcome == Published {
			r.published += uint64(len(e.Payload))
			r.operations += operations(len(e.Payload))
		}
		return d.end(e, outcome), true
	}
	d.requeue(now, e, a)
	return ending{}, false
}

// attempted counts one attempt for a message in flight and learns from its answer.
func (d *dispatcher) attempted(now time.Time, e *entry, a Answer) {
	r := e.lane.route
	e.attempts++
	r.attempts[a.Result]++
	if a.Repeated {
		r.attempts[ResultNetwork]++
		r.ambiguous++
		d.pacer.spend(now)
	}
	if a.Verdict == Ambiguous {
		r.ambiguous++
	}
	d.learn(now, e, a)
}

// land takes a message out of flight. It is then neither queued nor in flight: the caller ends it or queues it.
func (d *dispatcher) land(e *entry) *Route {
	r := e.lane.route
	e.lane.inFlight--
	r.inFlight--
	return r
}

// outcome returns how a message ends with this answer, or 0 if it is to be tried again.
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
func (d *dispatcher) finishRejected(now time.Time, e *entry, kept bool, err error) (ending, bool) {
	r := d.land(e)
	d.releaseProbes(now, e)
	switch {
	case err == nil && kept:
		return d.end(e, DeadLettered), true
	case err == nil:
		d.events.note(now, event{kind: eventDropped, route: r, detail: e.rejection.Reason + ": " + e.rejection.Detail})
		return d.end(e, Dropped), true
	case r.closed && r.cfg.Returnable:
		return d.end(e, Returned), true
	case d.stopped:
		return d.end(e, Dropped), true
	}
	d.events.note(now, event{kind: eventDeadLetter, route: r, detail: err.Error()})
	r.retries[retryDeadLetter]++
	d.delay(now, e, 0)
	return ending{}, false
}

// requeue puts a message back to wait for its next attempt. What a gate or the pacer holds back anyway needs no delay of its own.
func (d *dispatcher) requeue(now time.Time, e *entry, a Answer) {
	r := e.lane.route
	switch a.Verdict {
	case HaltAll:
		r.retries[retryKey]++
		d.putBack(e)
	case HaltCache:
		r.retries[retryCache]++
		e.misses++
		e.missed = now
		d.waitFor(now, e, &r.cache.gate, a.RetryAfter)
	case HaltTopic:
		r.retries[retryForbidden]++
		d.putBack(e)
		d.hold(e.lane, e.lane.gate.probeAt)
	case SlowDown:
		r.retries[quotaReason(a)]++
		d.putBack(e)
	case Ambiguous:
		r.retries[retryAmbiguous]++
		d.waitFor(now, e, &d.endpoint, a.RetryAfter)
	case Accept, Reject, Retry:
		if a.Result == ResultNetwork || a.Result == ResultTimeout {
			r.retries[retryNetwork]++
		} else {
			r.retries[retryServer]++
		}
		d.waitFor(now, e, &d.endpoint, a.RetryAfter)
	}
}

// quotaReason tells which quota a refusal is about, where the endpoint says so.
func quotaReason(a Answer) retryReason {
	if a.Reason == ReasonThroughput {
		return retryThroughput
	}
	return retryQuota
}

// waitFor makes a message wait for a gate that is closed, and otherwise for its own backoff: an outage is not held against the message.
// Without order another message is the next probe, as it may be this one that keeps the gate closed.
func (d *dispatcher) waitFor(now time.Time, e *entry, g *gate, atLeast time.Duration) {
	switch {
	case !g.closed:
		d.delay(now, e, atLeast)
	case e.lane.route.cfg.Ordered:
		d.putBack(e)
	default:
		e.lane.route.queued++
		e.lane.pushBack(e)
		d.refresh(e.lane)
	}
}

// putBack returns a message to the front of its lane.
func (d *dispatcher) putBack(e *entry) {
	e.lane.route.queued++
	e.lane.pushFront(e)
	d.refresh(e.lane)
}

// delay makes a message wait for its own backoff, at least for atLeast. In an ordered lane the others wait behind it.
func (d *dispatcher) delay(now time.Time, e *entry, atLeast time.Duration) {
	if e.delays == nil {
		e.delays = d.delays.Message()
	}
	until := now.Add(max(e.delays.NextBackOff(), atLeast))
	l := e.lane
	l.route.queued++
	if l.route.cfg.Ordered {
		l.pushFront(e)
		d.hold(l, until)
		return
	}
	d.delayed.add(delayed{at: until, lane: l, entry: e})
	d.refresh(l)
}

// end takes a message that is neither queued nor in flight any more out of the accounts and reuses its entry.
func (d *dispatcher) end(e *entry, o Outcome) ending {
	l := e.lane
	r := l.route
	ended := ending{settler: r.cfg.Settler, handle: e.Handle, outcome: o}
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
	d.refresh(l)
	*e = entry{next: d.free}
	d.free = e
	return ended
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

func tooLarge(r *Route, n int) *Rejection {
	return &Rejection{
		Reason: "too_large",
		Detail: fmt.Sprintf("%d bytes, the route's max_payload is %d", n, r.cfg.MaxPayload),
		Route:  r.cfg.Name,
	}
}

// endQueued ends what the route has queued, in the order of each topic, as messages end that nobody is left to publish. One is spared if
// probes are to go on with it: the first of its topic.
func (d *dispatcher) endQueued(r *Route, spare bool) []ending {
	var ended []ending
	end := func(e *entry) {
		r.queued--
		ended = append(ended, d.end(e, r.returned()))
	}
	var spared *entry
	if l := r.probeLane(); spare && l != nil {
		spared = l.popFront()
	}
	for _, l := range r.lanes {
		if !l.mustLand(d) {
			for l.first != nil {
				end(l.popFront())
			}
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
			end(item.entry)
		}
	}
	clear(d.delayed[len(left):])
	d.delayed = left
	heap.Init(&d.delayed)
	if spared != nil {
		spared.lane.pushFront(spared)
		d.refresh(spared.lane)
	}
	return ended
}

// mustLand reports whether what the lane has queued is to be returned only after the message in flight: if that comes back, too, it must
// come first.
func (l *lane) mustLand(d *dispatcher) bool {
	return l.route.cfg.Ordered && l.route.closed && l.inFlight > 0 && !d.stopped
}

// endLane ends what was left in a lane for the sake of its message in flight, which has landed.
func (d *dispatcher) endLane(l *lane) []ending {
	r := l.route
	if !r.closed || !r.cfg.Returnable || l.mustLand(d) {
		return nil
	}
	var ended []ending
	for l.first != nil {
		r.queued--
		ended = append(ended, d.end(l.popFront(), Returned))
	}
	return ended
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
