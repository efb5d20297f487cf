package emulator

import (
	"fmt"
	"time"
)

// limiter is a quota: pure arithmetic on the times it is given.
type limiter interface {
	// take reports whether cost is within the quota at this time, and uses it up if so.
	take(now time.Time, cost float64) bool
}

func newLimiter(s Settings, now time.Time) (limiter, error) {
	if s.Rate < 0 || s.Burst < 0 {
		return nil, fmt.Errorf("rate %g and burst %g must not be negative", s.Rate, s.Burst)
	}
	if s.Unit != "" && s.Unit != "publishes" && s.Unit != "operations" {
		return nil, fmt.Errorf("unknown unit %q: it is publishes or operations", s.Unit)
	}
	if s.Limiter != "" && s.Limiter != "bucket" {
		return nil, fmt.Errorf("limiter %q is not supported by this version: use bucket", s.Limiter)
	}
	if s.Rate == 0 {
		return noLimit{}, nil
	}
	burst := s.Burst
	if burst == 0 {
		burst = max(1, s.Rate)
	}
	return &bucket{rate: s.Rate, burst: burst, tokens: burst, at: now}, nil
}

type noLimit struct{}

func (noLimit) take(time.Time, float64) bool { return true }

// bucket is a token bucket. A cost above the burst is accepted when the bucket is full, and leaves it in debt.
type bucket struct {
	rate, burst, tokens float64
	at                  time.Time
}

func (b *bucket) take(now time.Time, cost float64) bool {
	b.tokens = min(b.burst, b.tokens+max(0, now.Sub(b.at).Seconds())*b.rate)
	b.at = now
	if b.tokens+1e-9 < min(cost, b.burst) {
		return false
	}
	b.tokens -= cost
	return true
}
