package pipeline

import (
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// retry makes messages that have landed wait for their next attempt. Where a gate or a quota holds them back anyway,
// they need no delay of their own.
func (d *dispatcher) retry(now time.Time, p *parcel, a Answer) {
	r, l := p.lane.route, p.lane
	if !a.silent() {
		r.retries[retryReasonOf(a)] += uint64(p.n)
	}
	switch a.Verdict {
	case HaltAll:
		if d.key.closed {
			d.waitFor(now, p, &d.key, 0)
			break
		}
		d.putBack(p)
	case SlowDown, Unsent:
		d.putBack(p)
	case HaltCache:
		for e := p.first; e != nil; e = e.next {
			own := e.ownPast()
			if own.cacheMisses++; own.cacheMisses == 1 {
				own.cacheMissedAt = now
			}
		}
		d.waitFor(now, p, &r.cache.gate, a.RetryAfter)
	case HaltRoute:
		d.waitFor(now, p, &r.gate, a.RetryAfter)
	case HaltTopic:
		p.asideSingles()
		d.waitFor(now, p, &l.gate, a.RetryAfter)
		d.holdForbidden(now, l, a)
	case Reject: // A batch: a single message becomes a dead letter.
		p.split()
		d.putBack(p)
	case Accept, Retry, Ambiguous:
		d.retryFailed(now, p, a)
	}
}

// retryFailed makes messages wait that the endpoint has failed. If it accepts others, that is their own fault, and they
// wait by themselves; otherwise they wait for the endpoint.
func (d *dispatcher) retryFailed(now time.Time, p *parcel, a Answer) {
	if !a.mayBlameMessage() || !p.othersAccepted() {
		d.waitFor(now, p, &d.endpoint, a.RetryAfter)
		return
	}
	wait := a.RetryAfter
	if p.proven() {
		if d.putAside(now, p, a); d.dropExcessAside(now, p) {
			return
		}
		wait = max(wait, d.suspectDelay(p.lane.route))
	}
	d.delay(now, p, wait)
}

// holdForbidden holds the lane of a topic that the key may not publish to until it is probed.
func (d *dispatcher) holdForbidden(now time.Time, l *lane, a Answer) {
	if !l.aside {
		l.markSuspect(true, true)
		d.events.note(now, event{kind: eventSuspect, route: l.route, detail: fmt.Sprintf("topic %q: %s",
			l.topic, a.Detail)})
		l.route.roomChanged()
	}
	if at := now.Add(d.suspectDelay(l.route)); l.gate.closed && at.After(l.gate.probeAt) {
		l.gate.probeAt = at
	}
	d.hold(l, l.gate.probeAt)
}

// dropExcessAside ends p's messages if too many are put aside, because they would use up the room of those that can be
// published. It reports whether it did. NATS delivers them again later where it can; otherwise they are lost. In an
// ordered topic they hold up what is behind them instead.
func (d *dispatcher) dropExcessAside(now time.Time, p *parcel) bool {
	r := p.lane.route
	if r.cfg.Ordered || r.aside <= r.maxAside() {
		return false
	}
	for p.n > 0 {
		e := p.pop()
		d.noteAsideFull(now, r, e)
		d.end(e, r.refused())
		d.postponeLast(r)
	}
	return true
}

// dropExcessForbidden is dropExcessAside for the first message of a forbidden topic, when another one has come.
func (d *dispatcher) dropExcessForbidden(now time.Time, l *lane) {
	r := l.route
	if !l.gate.closed || r.cfg.Ordered || l.first == nil || l.first.rejection != nil || r.aside <= r.maxAside() {
		return
	}
	d.noteAsideFull(now, r, l.first)
	d.discard(l.first, r.refused())
	d.postponeLast(r)
}

// noteAsideFull logs that a message is lost, unless it is delivered again.
func (d *dispatcher) noteAsideFull(now time.Time, r *Route, e *entry) {
	if !r.cfg.Returnable {
		d.noteMessage(now, eventAsideFull, r, e, "")
	}
}

// postponeLast has the message that has just ended delivered again only after a while, if it is delivered again.
func (d *dispatcher) postponeLast(r *Route) {
	if n := len(d.settlements); r.cfg.Settler != nil {
		d.settlements[n-1].postpone = true
	}
}

// waitFor makes messages wait for a gate. If that is open, they wait for a backoff of their own. Without order they go
// to the back of their lane, so that others are the next probe: it may be these that keep the gate closed.
func (d *dispatcher) waitFor(now time.Time, p *parcel, g *gate, atLeast time.Duration) {
	switch {
	case !g.closed:
		d.delay(now, p, atLeast)
	case p.lane.route.cfg.Ordered:
		d.putBack(p)
	default:
		for p.n > 0 {
			e := p.pop()
			p.lane.route.enqueueNewest(e)
			p.lane.pushBack(e)
		}
		d.refresh(p.lane)
	}
}

// putBack returns messages to the front of their lane, in their order. Where only the latest message of a topic is kept
// and a newer one has come, they are dropped instead.
func (d *dispatcher) putBack(p *parcel) {
	l := p.lane
	r := l.route
	if r.cfg.Overload == KeepLatest && l.first != nil {
		for p.n > 0 {
			d.end(p.pop(), Replaced)
		}
		return
	}
	var reversed *entry
	for p.n > 0 {
		e := p.pop()
		e.next, reversed = reversed, e
	}
	for reversed != nil {
		e := reversed
		reversed = e.next
		r.enqueueOldest(e)
		l.pushFront(e)
	}
	d.refresh(l)
}

// delay makes messages wait for the backoff of the first of them, and no less than atLeast. In an ordered topic the
// whole lane waits.
func (d *dispatcher) delay(now time.Time, p *parcel, atLeast time.Duration) {
	first, l := p.first, p.lane
	if first.delays == nil {
		first.ownPast().delays = d.delays.Message()
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
		e := p.pop()
		l.route.enqueueOldest(e)
		d.delayed.add(delayed{at: until, lane: l, entry: e})
	}
	d.refresh(l)
}

// retryReason is why a message is tried again.
type retryReason uint8

const (
	retryQuota retryReason = iota
	retryKey
	retryForbidden
	retryCache
	retryServer
	retryNetwork
	retryAmbiguous
	retryDeadLetter
	retryThroughput
	retryBatch
	retryRejected
	retryReasonCount
)

// retryReasonNames are the reasons as they stand in metrics.
var retryReasonNames = [retryReasonCount]string{
	"quota", "key", "forbidden", "cache", "server", "network", "ambiguous",
	"dead_letter", "throughput", "batch", "rejected",
}

// retryReasonOf returns why a message with this answer is tried again.
func retryReasonOf(a Answer) retryReason {
	switch a.Verdict {
	case HaltAll:
		return retryKey
	case HaltCache:
		return retryCache
	case HaltTopic:
		return retryForbidden
	case HaltRoute:
		return retryRejected
	case SlowDown:
		if a.Reason == ReasonThroughput {
			return retryThroughput
		}
		return retryQuota
	case Ambiguous:
		return retryAmbiguous
	case Reject:
		return retryBatch
	case Accept, Retry, Unsent:
	}
	if a.Result == ResultNetwork || a.Result == ResultTimeout {
		return retryNetwork
	}
	return retryServer
}

// Delays make generators of delays between retries and between probes. Each message and each gate has a generator of
// its own, so that one success does not reset the delay of another. The functions are called under the pipeline's
// mutex.
type Delays struct {
	Message func() backoff.BackOff // Between the attempts of one message.
	Quota   func() backoff.BackOff // After refusals for quota.
	Key     func() backoff.BackOff // Between probes with a refused key.
	Parked  func() backoff.BackOff // Between probes of a missing cache, a forbidden topic or a forbidden route.
	Down    func() backoff.BackOff // Between probes of an endpoint that is down.
}

// gates returns the function for each gate.
func (d *Delays) gates() [gateCount]func() backoff.BackOff {
	return [gateCount]func() backoff.BackOff{
		keyGate: d.Key, endpointGate: d.Down, cacheGate: d.Parked,
		routeGate: d.Parked, topicGate: d.Parked,
	}
}

// DefaultDelays are the delays of the daemon.
func DefaultDelays() Delays {
	return Delays{
		Message: func() backoff.BackOff { return fullJitter(100*time.Millisecond, 30*time.Second) },
		Quota:   func() backoff.BackOff { return fullJitter(100*time.Millisecond, 5*time.Second) },
		// Never at once: it takes time to get a new key.
		Key:    func() backoff.BackOff { return someJitter(2*time.Second, 15*time.Second) },
		Parked: func() backoff.BackOff { return fullJitter(5*time.Second, time.Minute) },
		Down:   func() backoff.BackOff { return backoff.NewConstantBackOff(time.Second) },
	}
}

// fullJitter draws each delay evenly from 0 to a bound that starts at first and doubles up to most.
func fullJitter(first, most time.Duration) backoff.BackOff {
	return doubling(first/2, most/2, 1) // From 0 to twice the interval.
}

// someJitter draws each delay within a tenth of an interval that starts at first and doubles up to most.
func someJitter(first, most time.Duration) backoff.BackOff { return doubling(first, most, 0.1) }

// doubling draws each delay around an interval that doubles, within a share of it. It never gives up, as the default of
// package backoff does after 15 minutes.
func doubling(first, most time.Duration, jitter float64) backoff.BackOff {
	b := &backoff.ExponentialBackOff{
		InitialInterval:     first,
		RandomizationFactor: jitter,
		Multiplier:          2,
		MaxInterval:         most,
		MaxElapsedTime:      0,
		Stop:                backoff.Stop,
		Clock:               backoff.SystemClock,
	}
	b.Reset()
	return b
}
