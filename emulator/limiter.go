package emulator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Limiter is a quota: pure arithmetic on the times it is given, which must not go backwards. It is not safe for
// concurrent use.
type Limiter interface {
	// Take reports whether the quota allows cost at this time, and if so, charges it. The connection chooses the shard
	// of a sharded quota. A cost that is above the whole quota is accepted while nothing else is in use, so that every
	// publish is possible.
	Take(now time.Time, cost float64, connection uint64) bool
	// Charge charges a cost that cannot be refused: that of a delivery. It may leave less than nothing.
	Charge(now time.Time, cost float64, connection uint64)
}

// The kinds of limiters, besides none.
const (
	LimiterBucket         = "bucket"          // A token bucket.
	LimiterGCRA           = "gcra"            // The generic cell rate algorithm: a bucket that remembers one time.
	LimiterFixedWindow    = "fixed-window"    // A fixed amount in each window; windows follow each other.
	LimiterSliding        = "sliding"         // A fixed amount in any window.
	LimiterSlidingPenalty = "sliding-penalty" // As sliding, and refused publishes count, too.
	LimiterSharded        = "sharded"         // Several buckets with an equal share each; a connection stays with one.
)

// Limiters are the kinds of limiters, besides none.
var Limiters = []string{
	LimiterBucket, LimiterGCRA, LimiterFixedWindow, LimiterSliding, LimiterSlidingPenalty,
	LimiterSharded,
}

const (
	defaultWindow = time.Second
	defaultShards = 8
	rounding      = 1e-9 // Of a token.
)

// NewLimiter returns the limiter that the settings describe, with its quota unused. The seed is for the traffic of
// others and for what is refused at random. An error says which setting is wrong.
func NewLimiter(s Settings, seed uint64, now time.Time) (Limiter, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var l Limiter = noLimit{}
	if s.Rate > 0 {
		l = s.limiter(now)
	}
	if s.Rate > 0 && s.Background > 0 {
		l = newBackground(l, s.Rate*s.Background, seed, now)
	}
	if s.Random429 > 0 {
		l = &noise{Limiter: l, share: s.Random429, rng: rand.New(rand.NewPCG(seed, 3))}
	}
	return l, nil
}

func (t *Settings) check() error {
	switch {
	case !(t.Rate >= 0 && t.Burst >= 0):
		return fmt.Errorf("rate %g and burst %g must be numbers, and not negative", t.Rate, t.Burst)
	case t.Unit != "" && t.Unit != "publishes" && t.Unit != "operations":
		return fmt.Errorf("unknown unit %q: it is publishes or operations", t.Unit)
	case t.Limiter != "" && !slices.Contains(Limiters, t.Limiter):
		return fmt.Errorf("unknown limiter %q: it is one of %v", t.Limiter, Limiters)
	case t.Window < 0 || t.Shards < 0:
		return fmt.Errorf("window %v and shards %d must not be negative", t.Window, t.Shards)
	case t.Latency < 0 || t.Jitter < 0:
		return fmt.Errorf("latency %v and jitter %v must not be negative", t.Latency, t.Jitter)
	case t.Background < 0 || t.Background > 1:
		return fmt.Errorf("background %g is a share of the quota: it must be from 0 to 1", t.Background)
	case !(t.Random429 >= 0 && t.Random429 <= 1):
		return fmt.Errorf("random-429 %g is a share of the publishes: it must be from 0 to 1", t.Random429)
	}
	return t.Documented.check()
}

func (t *Settings) limiter(now time.Time) Limiter {
	window := t.Window
	if window == 0 {
		window = defaultWindow
	}
	burst := t.Burst
	if burst == 0 {
		burst = max(1, t.Rate)
	}
	inWindow := t.Rate * window.Seconds()
	switch t.Limiter {
	case LimiterGCRA:
		return &gcra{interval: seconds(1 / t.Rate), tolerance: seconds((burst - 1) / t.Rate)}
	case LimiterFixedWindow:
		return &fixedWindow{limit: inWindow, window: window, from: now}
	case LimiterSliding:
		return &sliding{limit: inWindow, window: window}
	case LimiterSlidingPenalty:
		return &sliding{limit: inWindow, window: window, penalty: true}
	case LimiterSharded:
		shards := t.Shards
		if shards == 0 {
			shards = defaultShards
		}
		return newSharded(shards, t.Rate, burst, now)
	}
	return newBucket(t.Rate, burst, now)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

type noLimit struct{}

func (noLimit) Take(time.Time, float64, uint64) bool { return true }

func (noLimit) Charge(time.Time, float64, uint64) {}

// bucket is a token bucket. A cost above the burst leaves it in debt.
type bucket struct {
	rate, burst, tokens float64
	at                  time.Time
}

func newBucket(rate, burst float64, now time.Time) *bucket {
	return &bucket{rate: rate, burst: burst, tokens: burst, at: now}
}

// Take implements Limiter.
func (b *bucket) Take(now time.Time, cost float64, _ uint64) bool {
	b.Charge(now, 0, 0)
	if b.tokens+rounding < min(cost, b.burst) {
		return false
	}
	b.tokens -= cost
	return true
}

// Charge implements Limiter.
func (b *bucket) Charge(now time.Time, cost float64, _ uint64) {
	b.tokens = min(b.burst, b.tokens+now.Sub(b.at).Seconds()*b.rate) - cost
	b.at = now
}

// gcra accepts what comes no earlier than the tolerance before its theoretical time of arrival.
type gcra struct {
	interval, tolerance time.Duration
	expected            time.Time
}

// Take implements Limiter.
func (g *gcra) Take(now time.Time, cost float64, _ uint64) bool {
	whole := time.Duration(float64(g.interval) * cost)
	if tolerance := max(0, g.tolerance+g.interval-whole); g.expected.Sub(now) > tolerance {
		return false
	}
	g.Charge(now, cost, 0)
	return true
}

// Charge implements Limiter.
func (g *gcra) Charge(now time.Time, cost float64, _ uint64) {
	if g.expected.Before(now) {
		g.expected = now
	}
	g.expected = g.expected.Add(time.Duration(float64(g.interval) * cost))
}

// fixedWindow counts from the beginning of each window. If a single cost exceeds the limit, the excess is carried over.
type fixedWindow struct {
	limit, used float64
	window      time.Duration
	from        time.Time
}

// Take implements Limiter.
func (w *fixedWindow) Take(now time.Time, cost float64, _ uint64) bool {
	w.Charge(now, 0, 0)
	if w.used > rounding && w.used+cost > w.limit+rounding {
		return false
	}
	w.used += cost
	return true
}

// Charge implements Limiter.
func (w *fixedWindow) Charge(now time.Time, cost float64, _ uint64) {
	if passed := now.Sub(w.from) / w.window; passed > 0 {
		w.from = w.from.Add(passed * w.window)
		w.used = max(0, w.used-w.limit*float64(passed))
	}
	w.used += cost
}

// sliding remembers each cost for the length of the window.
type sliding struct {
	limit, used float64
	window      time.Duration
	penalty     bool
	log         []use
}

type use struct {
	at   time.Time
	cost float64
}

// Take implements Limiter.
func (s *sliding) Take(now time.Time, cost float64, _ uint64) bool {
	s.forget(now)
	ok := len(s.log) == 0 || s.used+cost <= s.limit+rounding
	if ok || s.penalty {
		s.Charge(now, cost, 0)
	}
	return ok
}

// Charge implements Limiter.
func (s *sliding) Charge(now time.Time, cost float64, _ uint64) {
	s.forget(now)
	s.used += cost
	s.log = append(s.log, use{now, cost})
}

// forget drops what is older than the window.
func (s *sliding) forget(now time.Time) {
	gone := 0
	for gone < len(s.log) && now.Sub(s.log[gone].at) >= s.window {
		s.used -= s.log[gone].cost
		gone++
	}
	s.log = s.log[gone:]
}

// sharded is several buckets, as a service of several nodes may have.
type sharded []*bucket

func newSharded(shards int, rate, burst float64, now time.Time) sharded {
	n := float64(shards)
	s := make(sharded, shards)
	for i := range s {
		s[i] = newBucket(rate/n, math.Max(1, burst/n), now)
	}
	return s
}

// Take implements Limiter.
func (s sharded) Take(now time.Time, cost float64, connection uint64) bool {
	return s[connection%uint64(len(s))].Take(now, cost, 0)
}

// Charge implements Limiter.
func (s sharded) Charge(now time.Time, cost float64, connection uint64) {
	s[connection%uint64(len(s))].Charge(now, cost, 0)
}
