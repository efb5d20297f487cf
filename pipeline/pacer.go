package pipeline

import (
	"math"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Rate is how fast costs may be spent, per second.
type Rate struct {
	// Ceiling is never exceeded. +Inf is no ceiling.
	Ceiling float64
	// Learn starts at FirstRate and finds the quota from refusals. Without it the rate starts at the ceiling;
	// refusals push it below that, too.
	Learn bool
	// Burst is what may be spent at once after a pause. 0 derives it from the rate.
	Burst float64
}

// FirstRate is where a learned rate starts: Momento's default quota, per second.
const FirstRate = 10

const (
	slowest   = 0.1              // Per second; refusals never push a rate below it.
	patience  = 2.0              // Tokens that a pause after refusals lasts for at the least.
	longPause = 30 * time.Second // An endpoint that wishes to be left alone for so long halts publishing.
)

// pacer decides when a publish may start, as far as one quota goes: a token bucket, whose rate a learner sets, and a
// pause after refusals. It is pure arithmetic on the times it is given, and not safe for concurrent use.
type pacer struct {
	limits  Rate
	bucket  bucket
	learner learner

	pausedUntil time.Time
	longSince   time.Time // When a long pause began; zero: it is none.
	wished      bool      // The pause is the endpoint's wish, and long: one publish probes whether it is over,
	probing     bool      // and is on its way.
	pauses      backoff.BackOff
	said        string    // What came with the endpoint's wish.
	throttled   bool      // The latest answer that tells was a refusal.
	refusedAt   time.Time // When the first refusal of a run came.
}

func newPacer(limits Rate, pauses backoff.BackOff, now time.Time) *pacer {
	p := &pacer{pauses: pauses}
	p.learner = learner{floor: slowest, stepped: now}
	p.limit(now, limits)
	return p
}

// newThroughput returns a pacer of bytes, with no limit until it is told of a refusal. offered is what has been
// published of late.
func newThroughput(pauses backoff.BackOff, now time.Time, offered offered) *pacer {
	p := newPacer(Rate{Ceiling: math.Inf(1), Learn: true}, pauses, now)
	p.learner.offered = offered
	p.learner.floor = kib * slowest
	p.learner.set(math.Inf(1))
	p.fill(now)
	return p
}

// limit puts new limits in force. What has been learned stays, within them.
func (p *pacer) limit(now time.Time, limits Rate) {
	l := &p.learner
	start := limits.Ceiling
	switch {
	case limits.Learn && p.limits.Learn:
		start = min(l.rate, start)
	case limits.Learn:
		start = min(FirstRate, start)
	case l.quota > 0:
		start = min(l.rate, start)
	}
	p.limits = limits
	l.ceiling = limits.Ceiling
	l.set(start)
	p.fill(now)
}

// fill makes the bucket follow the rate.
func (p *pacer) fill(now time.Time) {
	burst := p.limits.Burst
	if burst == 0 {
		burst = deriveBurst(p.learner.rate)
	}
	p.bucket.set(now, p.learner.rate, burst)
}

// due returns when a publish of this cost may start: zero for now.
func (p *pacer) due(now time.Time, cost float64) time.Time {
	if p.learner.step(now) {
		p.fill(now)
	}
	if now.Before(p.pausedUntil) {
		return p.pausedUntil
	}
	at := p.bucket.due(now, cost)
	if !at.IsZero() {
		p.learner.wanted = true
	}
	return at
}

// pay pays for a publish that starts or has started.
func (p *pacer) pay(now time.Time, cost float64) {
	p.bucket.pay(now, cost)
	if p.wished { // It is the probe.
		p.wished, p.probing = false, true
		p.pause(now, probeTime)
	}
}

// probeTime is how long the others wait for what the probe after a long pause is told.
const probeTime = 5 * time.Second

// resume ends a pause: somebody thinks that it is over. One publish shows whether it is.
func (p *pacer) resume() {
	p.wished = p.wished || p.probing || p.throttled || !p.longSince.IsZero()
	p.pausedUntil, p.longSince, p.probing = time.Time{}, time.Time{}, false
}

// paused says since when a long pause has been on; zero: none is.
func (p *pacer) paused(now time.Time) time.Time {
	if !now.Before(p.pausedUntil) {
		p.longSince = time.Time{}
	}
	return p.longSince
}

// refused takes note of a refusal for this quota of a publish that started at sent. retryAfter is the endpoint's own
// wish. It reports whether this is the first refusal after a success.
func (p *pacer) refused(now, sent time.Time, cost float64, retryAfter time.Duration) bool {
	first := !p.throttled
	if first {
		p.throttled, p.refusedAt = true, now
	}
	if retryAfter > 0 {
		p.pause(now, retryAfter)
		if retryAfter >= longPause {
			p.wished, p.probing = true, false
			if p.longSince.IsZero() {
				p.longSince = now
			}
		}
	}
	// One refusal is answered by the rate. A further one of a publish that was sent after it, or one without a rate,
	// by a pause.
	if sent.After(p.refusedAt) || first && !p.bucket.limited() {
		p.pause(now, p.pauses.NextBackOff()+p.bucket.time(patience))
		p.learner.block(p.pausedUntil)
		p.refusedAt = now
	}
	if !p.limits.none() && p.learner.refuse(now, sent, cost) {
		p.fill(now)
	}
	return first
}

func (p *pacer) pause(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
}

// accepted takes note of a success. It reports whether it ends a run of refusals.
func (p *pacer) accepted(now time.Time, cost float64) bool {
	p.learner.accept(now, cost)
	if p.probing { // It is over.
		p.probing, p.pausedUntil, p.longSince = false, time.Time{}, time.Time{}
	}
	if !p.throttled {
		return false
	}
	p.throttled = false
	p.pauses.Reset()
	return true
}
