package pipeline

import (
	"math"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/time/rate"
)

// Rate is how fast publishes may start, per second.
type Rate struct {
	// Ceiling is never exceeded. +Inf is no ceiling.
	Ceiling float64
	// Learn starts at FirstRate and finds the quota from refusals. Without it the rate starts at the ceiling.
	Learn bool
	// Burst is how many publishes may start at once after a pause. 0 derives it from the rate.
	Burst int
}

// FirstRate is where a learned rate starts: Momento's default quota, in publishes per second.
const FirstRate = 10

const (
	cut       = 0.8  // A refusal leaves this share of the rate.
	raise     = 0.02 // Recovery per second, as a share of the rate at the last refusal.
	slowest   = 0.1  // Per second; refusals never push the rate below it.
	fastest   = 1e6  // Per second; a learned rate above it is no limit any more.
	period    = time.Second
	longPause = 30 * time.Second      // An endpoint that wishes to be left alone for so long halts publishing.
	rounding  = 1e-6                  // Of a token; floating-point arithmetic may leave so much missing when it is due.
	burstTime = 20 * time.Millisecond // What the derived burst covers, so that a late timer costs no throughput.
)

// pacer decides when a publish may start: a token bucket for the rate, and a pause after refusals for quota. It is pure
// arithmetic on the times it is given, and not safe for concurrent use.
type pacer struct {
	limits  Rate
	bucket  *rate.Limiter
	rate    float64
	refused bool    // The quota has been met: grow gently from here on.
	known   float64 // The rate at the last refusal.
	wanted  bool    // A publish had to wait for a token since the last change.
	changed time.Time
	cutAt   time.Time

	pausedUntil time.Time
	longSince   time.Time // When a long pause began; zero: it is none.
	pauses      backoff.BackOff
	throttled   bool // The latest answer that tells was a refusal.
}

func newPacer(limits Rate, pauses backoff.BackOff, now time.Time) *pacer {
	p := &pacer{limits: limits, pauses: pauses, changed: now, bucket: rate.NewLimiter(rate.Inf, 1)}
	start := limits.Ceiling
	if limits.Learn {
		start = min(FirstRate, start)
	}
	p.set(now, start)
	return p
}

// ready reports whether a publish may start. If not, it returns when to ask again.
func (p *pacer) ready(now time.Time) (bool, time.Time) {
	if now.Before(p.pausedUntil) {
		return false, p.pausedUntil
	}
	if !p.limited() {
		return true, time.Time{}
	}
	missing := 1 - p.bucket.TokensAt(now)
	if missing <= rounding {
		return true, time.Time{}
	}
	return false, now.Add(time.Duration(math.Ceil(missing / p.rate * float64(time.Second))))
}

// take pays for one publish. If it may not start yet, take returns when to ask again.
func (p *pacer) take(now time.Time) (bool, time.Time) {
	p.grow(now)
	ok, at := p.ready(now)
	if !ok {
		p.wanted = true
		return false, at
	}
	if !p.bucket.AllowN(now, 1) {
		p.spend(now) // Rounding: the token is all but whole.
	}
	return true, time.Time{}
}

// paused says since when a long pause has been on; zero: none is.
func (p *pacer) paused(now time.Time) time.Time {
	if !now.Before(p.pausedUntil) {
		p.longSince = time.Time{}
	}
	return p.longSince
}

// limited reports whether a rate is in force.
func (p *pacer) limited() bool { return !math.IsInf(p.rate, 1) }

// spend pays for a publish that has already been sent.
func (p *pacer) spend(now time.Time) { p.bucket.ReserveN(now, 1) }

// slowDown takes note of a refusal for quota of a publish that started at sent. retryAfter is the endpoint's own wish. It
// reports whether this is the first refusal after a success.
func (p *pacer) slowDown(now, sent time.Time, retryAfter time.Duration) bool {
	first := !p.throttled
	p.throttled = true
	if until := now.Add(retryAfter); until.After(p.pausedUntil) && retryAfter > 0 {
		p.pausedUntil = until
		if p.longSince.IsZero() && retryAfter >= longPause {
			p.longSince = now
		}
	}
	if p.refused && sent.Before(p.cutAt) {
		return first // It was sent at the rate that has been cut since.
	}
	if until := now.Add(p.pauses.NextBackOff()); until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
	if p.refused && now.Sub(p.cutAt) < period {
		return first
	}
	if p.limited() {
		p.known = p.rate
		p.set(now, max(p.rate*cut, slowest))
	}
	p.refused = true
	p.changed, p.cutAt = now, now
	return first
}

// accepted takes note of a success. It reports whether it ends a run of refusals.
func (p *pacer) accepted() bool {
	if !p.throttled {
		return false
	}
	p.throttled = false
	p.pauses.Reset()
	return true
}

// grow raises the rate once per period while publishes wait for tokens: twofold until the quota has been met, gently after.
func (p *pacer) grow(now time.Time) {
	if !p.wanted || p.rate >= p.limits.Ceiling || now.Sub(p.changed) < period {
		return
	}
	next := p.rate * 2
	if p.refused {
		next = p.rate + p.known*raise
	}
	p.set(now, min(next, p.limits.Ceiling))
	p.changed = now
}

// set puts a rate in force.
func (p *pacer) set(now time.Time, perSecond float64) {
	if perSecond > fastest {
		perSecond = math.Inf(1)
	}
	p.rate = perSecond
	p.wanted = false
	if math.IsInf(perSecond, 1) {
		p.bucket.SetLimitAt(now, rate.Inf)
		return
	}
	burst := p.limits.Burst
	if burst == 0 {
		burst = deriveBurst(perSecond)
	}
	p.bucket.SetLimitAt(now, rate.Limit(perSecond))
	p.bucket.SetBurstAt(now, burst)
}

// deriveBurst is the smallest burst that a timer of millisecond precision can keep up with.
func deriveBurst(perSecond float64) int {
	if math.IsInf(perSecond, 1) {
		return 0
	}
	return max(1, int(perSecond*burstTime.Seconds()))
}
