package pipeline

import (
	"container/heap"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Delays makes the generators of retry and probe delays. Each message and each gate has its own generator, so that one
// success does not reset another's delay.
type Delays struct {
	Message func() backoff.BackOff // Between the attempts of one message.
	Quota   func() backoff.BackOff // After refusals for quota.
	Key     func() backoff.BackOff // Between probes with a refused key.
	Parked  func() backoff.BackOff // Between probes of a missing cache or a forbidden topic.
	Down    func() backoff.BackOff // Between probes of an endpoint that is down.
}

// gates returns the makers for each gate.
func (d *Delays) gates() [gateCount]func() backoff.BackOff {
	return [gateCount]func() backoff.BackOff{keyGate: d.Key, endpointGate: d.Down, cacheGate: d.Parked, topicGate: d.Parked}
}

// DefaultDelays are the delays of the daemon.
func DefaultDelays() Delays {
	return Delays{
		Message: func() backoff.BackOff { return fullJitter(100*time.Millisecond, 30*time.Second) },
		Quota:   func() backoff.BackOff { return fullJitter(100*time.Millisecond, 5*time.Second) },
		Key:     func() backoff.BackOff { return fullJitter(time.Second, 15*time.Second) },
		Parked:  func() backoff.BackOff { return fullJitter(5*time.Second, time.Minute) },
		Down:    func() backoff.BackOff { return backoff.NewConstantBackOff(time.Second) },
	}
}

// fullJitter draws each delay evenly from 0 to a bound that starts at first and doubles up to most. It never gives up:
// backoff's default would after 15 minutes.
func fullJitter(first, most time.Duration) backoff.BackOff {
	b := &backoff.ExponentialBackOff{
		InitialInterval:     first / 2,
		RandomizationFactor: 1, // Evenly from 0 to twice the interval.
		Multiplier:          2,
		MaxInterval:         most / 2,
		MaxElapsedTime:      0,
		Stop:                backoff.Stop,
		Clock:               backoff.SystemClock,
	}
	b.Reset()
	return b
}

// delayed is a lane that is held, or a message out of its lane, until a time.
type delayed struct {
	at    time.Time
	lane  *lane
	entry *entry // nil: the whole lane waits.
}

// delayedHeap has the earliest time on top.
type delayedHeap []delayed

func (h delayedHeap) Len() int           { return len(h) }
func (h delayedHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h delayedHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *delayedHeap) Push(x any)        { *h = append(*h, x.(delayed)) }
func (h *delayedHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = delayed{}
	*h = old[:len(old)-1]
	return last
}

func (h *delayedHeap) add(d delayed) { heap.Push(h, d) }

// due removes and returns the top if its time has come.
func (h *delayedHeap) due(now time.Time) (delayed, bool) {
	if len(*h) == 0 || (*h)[0].at.After(now) {
		return delayed{}, false
	}
	return heap.Pop(h).(delayed), true
}
