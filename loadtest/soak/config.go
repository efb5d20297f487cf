package soak

import (
	"context"
	"time"

	"momento-bridge/loadtest/report"
	"momento-bridge/sink"
)

// Config is a soak.
type Config struct {
	Rate     float64 // Messages per second.
	Duration time.Duration
	Every    time.Duration // Between two samples.
	// Settle bounds the wait at the end for what is on its way, Way that for the first message to come through.
	Settle, Way time.Duration
	Cache       string
	Topics      []string // Published to in turns; each has a subscriber.
	Bytes       int      // Of a message, if that is more than what it has to say.
	Seed        uint64   // Of the permutations.

	// Subscribe listens to a topic until ctx is done.
	Subscribe func(ctx context.Context, s sink.Subscription) error
	// Progress is called with each sample by one goroutine; nil: never.
	Progress func(Progress)

	// What the report says besides.
	Target   report.Target
	Settings Settings
}

// Bridge is what a soak leads through.
type Bridge interface {
	// Publish hands a message of the i-th topic to NATS. It does not wait for what becomes of it: Soak.NotTaken is told
	// of a message that NATS has not taken, as far as is known. One goroutine calls it.
	Publish(i int, payload []byte) error
	// Gauges looks at the bridge and at the program.
	Gauges() Gauges
	// NATS is where NATS is, without credentials.
	NATS() string
}

// Gauges are what a bridge and the program that it runs in tell of themselves. Accepted, Refused and Failed are publish
// attempts so far, Opened connections so far; NaN stands for what the machine does not tell.
type Gauges struct {
	Accepted, Refused, Failed, Opened float64
	Memory, Heap                      float64 // In bytes: resident, and of Go's objects.
	Goroutines, Files                 float64
}

// Progress is how far a soak is.
type Progress struct {
	Elapsed, Of time.Duration
	Sample      Sample // The latest.
	Delivery    Delivery
}
