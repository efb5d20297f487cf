package pipeline

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Delays makes the generators of retry and probe delays. Each message and each gate has its own generator, so that one
// success does not reset another's delay.
type Delays struct {
	Message func() backoff.BackOff // Between the attempts of one message.
	Quota   func() backoff.BackOff // After refusals for quota.
	Key     func() backoff.BackOff // Between probes with a refused key.
	Parked  func() backoff.BackOff // Between probes of a missing cache, a forbidden topic or a forbidden route.
	Down    func() backoff.BackOff // Between probes of an endpoint that is down.
}

// gates returns the makers for each gate.
func (d *Delays) gates() [gateCount]func() backoff.BackOff {
	return [gateCount]func() backoff.BackOff{keyGate: d.Key, endpointGate: d.Down, cacheGate: d.Parked, routeGate: d.Parked, topicGate: d.Parked}
}

// DefaultDelays are the delays of the daemon.
func DefaultDelays() Delays {
	return Delays{
		Message: func() backoff.BackOff { return fullJitter(100*time.Millisecond, 30*time.Second) },
		Quota:   func() backoff.BackOff { return fullJitter(100*time.Millisecond, 5*time.Second) },
		Key:     func() backoff.BackOff { return someJitter(2*time.Second, 15*time.Second) }, // Time for the new key: a probe with the old one is wasted.
		Parked:  func() backoff.BackOff { return fullJitter(5*time.Second, time.Minute) },
		Down:    func() backoff.BackOff { return backoff.NewConstantBackOff(time.Second) },
	}
}

// fullJitter draws each delay evenly from 0 to a bound that starts at first and doubles up to most.
func fullJitter(first, most time.Duration) backoff.BackOff {
	return doubling(first/2, most/2, 1) // Evenly from 0 to twice the interval.
}

// someJitter draws each delay within a tenth of an interval that starts at first and doubles up to most.
func someJitter(first, most time.Duration) backoff.BackOff { return doubling(first, most, 0.1) }

// doubling never gives up: backoff's default would after 15 minutes.
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
