package source

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// resume knows from which time on a consumer has to deliver that is made anew in place of one that was deleted, so that
// nothing is lost and little comes twice. It is a time and not a sequence, as a stream that was made anew, too, counts
// from 1 again. Its methods may be called concurrently.
type resume struct {
	wanted  atomic.Bool // The next delivery is to be remembered.
	mu      sync.Mutex  // Guards the following.
	samples []sample    // Deliveries, in the order of the stream.
	since   time.Time   // Everything stored before has been settled; zero when nothing is known.
}

// sample is one delivery: where it stands in the stream and when it was stored.
type sample struct {
	sequence uint64
	stored   time.Time
}

const (
	// maxSamples bounds the samples while nothing is acknowledged.
	maxSamples = 256
	// clockMargin is for messages that were stored while the server counted.
	clockMargin = 2 * time.Second
)

// sample asks for the next delivery to be remembered.
func (r *resume) sample() { r.wanted.Store(true) }

// delivered is told of each delivery.
func (r *resume) delivered(sequence uint64, stored time.Time) {
	if !r.wanted.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted.Store(false)
	if n := len(r.samples); n < maxSamples && (n == 0 || r.samples[n-1].sequence < sequence) {
		r.samples = append(r.samples, sample{sequence, stored})
	}
}

// acknowledged is told how far the consumer has come.
func (r *resume) acknowledged(info *jetstream.ConsumerInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.samples) > 0 && r.samples[0].sequence <= info.AckFloor.Stream {
		r.since = r.samples[0].stored
		r.samples = r.samples[1:]
	}
	if info.NumPending == 0 && info.NumAckPending == 0 {
		r.since = info.TimeStamp.Add(-clockMargin)
	}
}

// from returns the time, zero when nothing is known.
func (r *resume) from() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.since
}
