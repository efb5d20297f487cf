package quota

import (
	"math"
	"time"
)

// bucket is a token bucket. Its tokens may become negative: then it is in debt, and nothing is due until that is paid.
type bucket struct {
	rate   float64   // Tokens per second; +Inf: no limit.
	burst  float64   // The most tokens that a pause can save up.
	tokens float64   // As counted at the time below.
	at     time.Time // When tokens were counted.
}

// rounding is how much of a token may be missing when it is due: what floating-point arithmetic loses.
const rounding = 1e-6

// limited reports whether there is a rate at all.
func (b *bucket) limited() bool { return !math.IsInf(b.rate, 1) }

// set puts a rate and a burst in force. Tokens that are there stay, as far as the burst allows.
func (b *bucket) set(now time.Time, perSecond, burst float64) {
	if b.at.IsZero() || !b.limited() {
		b.tokens, b.at = burst, now
	}
	b.refill(now)
	b.rate, b.burst = perSecond, burst
	b.tokens = min(b.tokens, burst)
}

// due returns when the cost can be paid: zero for now. A cost above the burst needs a full bucket only, and leaves a
// debt.
func (b *bucket) due(now time.Time, cost float64) time.Time {
	if !b.limited() {
		return time.Time{}
	}
	b.refill(now)
	missing := min(cost, b.burst) - b.tokens
	if missing <= rounding {
		return time.Time{}
	}
	return now.Add(time.Duration(math.Ceil(missing / b.rate * float64(time.Second))))
}

// time returns how long it takes until this many tokens have come, and no more than a second.
func (b *bucket) time(tokens float64) time.Duration {
	return time.Duration(min(tokens/b.rate, 1) * float64(time.Second))
}

// available returns how many tokens are there; +Inf without a limit.
func (b *bucket) available(now time.Time) float64 {
	if !b.limited() {
		return math.Inf(1)
	}
	b.refill(now)
	return b.tokens + rounding
}

// pay takes the cost out of the bucket, even if that leaves a debt.
func (b *bucket) pay(now time.Time, cost float64) {
	if !b.limited() {
		return
	}
	b.refill(now)
	b.tokens -= cost
}

func (b *bucket) refill(now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(b.burst, b.tokens+passed.Seconds()*b.rate)
		b.at = now
	}
}

// burstTime is what the derived burst covers besides one token, so that a late timer costs no throughput.
const burstTime = 20 * time.Millisecond

// deriveBurst returns the smallest burst that a timer of millisecond precision can keep up with.
func deriveBurst(perSecond float64) float64 {
	if math.IsInf(perSecond, 1) {
		return 0
	}
	return 1 + perSecond*burstTime.Seconds()
}
