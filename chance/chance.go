// Package chance draws the random numbers by which the daemon spreads what would otherwise happen at the same time.
// They are math/rand/v2's, unless a simulation has asked for those of a seed, so that it can be run again. It imports
// nothing of ours.
package chance

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// seeded are the numbers of a seed.
type seeded struct {
	mu  sync.Mutex
	rng *rand.Rand
}

var drawn atomic.Pointer[seeded]

// Seed has everything drawn from a seed from now on, in the whole process.
func Seed(seed uint64) {
	drawn.Store(&seeded{rng: rand.New(rand.NewPCG(seed, 0))}) //nolint:gosec // It need not be hard to guess.
}

// Float64 returns a number from 0 on and below 1.
func Float64() float64 {
	s := drawn.Load()
	if s == nil {
		return rand.Float64() //nolint:gosec // It need not be hard to guess.
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.Float64()
}

// Below returns a duration from 0 on and below one that is more than 0.
func Below(d time.Duration) time.Duration { return time.Duration(Float64() * float64(d)) }
