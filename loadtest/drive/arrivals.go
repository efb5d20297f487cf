package drive

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Arrivals says when publishes are planned, at a rate per second: each call returns the time in seconds from one to the
// next.
type Arrivals func(rate float64) (next func() float64)

// Even plans publishes at equal distances.
func Even(rate float64) func() float64 {
	gap := 1 / rate
	return func() float64 { return gap }
}

// Poisson plans publishes at random, as many independent senders do.
func Poisson(seed uint64) Arrivals {
	rng := rand.New(rand.NewPCG(seed, 3))
	return func(rate float64) func() float64 {
		return func() float64 { return rng.ExpFloat64() / rate }
	}
}

// Bursts plans n publishes at once, and the next n when their time has come.
func Bursts(n int) Arrivals {
	return func(rate float64) func() float64 {
		i := 0
		return func() float64 {
			if i++; i%n == 0 {
				return float64(n) / rate
			}
			return 0
		}
	}
}

// ParseArrivals reads even, poisson or burst:N.
func ParseArrivals(text string, seed uint64) (Arrivals, error) {
	switch kind, size, _ := strings.Cut(text, ":"); kind {
	case "even":
		return Even, nil
	case "poisson":
		return Poisson(seed), nil
	case "burst":
		if n, err := strconv.Atoi(size); err == nil && n > 0 {
			return Bursts(n), nil
		}
	}
	return nil, fmt.Errorf("unknown arrivals %q: write even, poisson or burst:N", text)
}
