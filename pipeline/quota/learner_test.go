package quota_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline/quota"
)

// wire is a greedy publisher with connections, an endpoint with a limiter, and the time between them, all virtual.
type wire struct {
	pacer       *quota.Pacer
	limiter     emulator.Limiter
	settings    emulator.Settings
	connections int
	latency     time.Duration
	cost        func() (paid, charged float64) // What a publish costs us, and the endpoint; nil: 1.
	retryAfter  time.Duration
	noise       float64             // The share of publishes that is refused at random, whatever the rate.
	outage      bool                // Everything is refused.
	shard       func(uint64) uint64 // Where a connection leads to; nil: to itself.
	rng         *rand.Rand
	now         time.Time
	log         func(at time.Duration, ok bool)

	began    time.Time
	next     struct{ paid, charged float64 } // The message whose turn it is.
	answers  answers
	idle     []uint64
	accepted float64
	requests int
	refusals int
}

// jittered are the daemon's pauses after refusals: drawn evenly from 0 to a bound that doubles from 100 ms to 5 s. They
// are drawn from the wire's random numbers, so that each run is the same.
type jittered struct {
	rng   *rand.Rand
	bound time.Duration
}

func (j *jittered) Reset() { j.bound = 0 }

func (j *jittered) NextBackOff() time.Duration {
	j.bound = min(max(100*time.Millisecond, 2*j.bound), 5*time.Second)
	return time.Duration(j.rng.Int64N(int64(j.bound) + 1))
}

// flight is a publish on its way back.
type flight struct {
	sent, back time.Time
	ok         bool
	paid       float64
	connection uint64
}

// answers are in the order in which they come back.
type answers []flight

func (a *answers) add(f flight) {
	*a = append(*a, f)
	for i := len(*a) - 1; i > 0 && (*a)[i].back.Before((*a)[i-1].back); i-- {
		(*a)[i-1], (*a)[i] = (*a)[i], (*a)[i-1]
	}
}

func newWire(limits quota.Rate, s emulator.Settings, seed uint64) *wire {
	now := time.Unix(1000, 0)
	w := &wire{
		connections: 64, latency: 5 * time.Millisecond, rng: rand.New(rand.NewPCG(seed, 0)), now: now,
		began: now, settings: s,
	}
	w.pacer = quota.NewPacer(limits, &jittered{rng: w.rng}, now)
	w.set(s)
	return w
}

func (w *wire) set(s emulator.Settings) {
	w.settings = s
	l, err := emulator.NewLimiter(s, 1, w.now)
	if err != nil {
		panic(err)
	}
	w.limiter = l
}

// figures are what a stretch of time came to, as shares.
type figures struct{ used, refused float64 }

// run goes on for a while and returns what that came to.
func (w *wire) run(length time.Duration) figures {
	if w.idle == nil {
		for i := range w.connections {
			w.idle = append(w.idle, uint64(i))
		}
	}
	w.accepted, w.requests, w.refusals = 0, 0, 0
	end := w.now.Add(length)
	for w.now.Before(end) {
		w.land()
		at := w.publish()
		if len(w.answers) > 0 && (at.IsZero() || w.answers[0].back.Before(at)) {
			at = w.answers[0].back
		}
		if at.Before(w.now.Add(time.Microsecond)) {
			at = w.now.Add(time.Microsecond)
		}
		w.now = at
	}
	return figures{w.accepted / w.settings.Rate / length.Seconds(), float64(w.refusals) / max(1, float64(w.requests))}
}

// land takes the answers that are back.
func (w *wire) land() {
	for len(w.answers) > 0 && !w.answers[0].back.After(w.now) {
		f := w.answers[0]
		w.answers = append(w.answers[:0], w.answers[1:]...)
		w.idle = append(w.idle, f.connection)
		if f.ok {
			w.pacer.Accepted(w.now, f.paid)
		} else {
			w.pacer.Refused(w.now, quota.Refusal{Sent: f.sent, Cost: f.paid, RetryAfter: w.retryAfter})
		}
	}
}

// publish sends what may start now, and returns when to ask again; zero: when an answer is back.
func (w *wire) publish() time.Time {
	for len(w.idle) > 0 {
		if w.next.paid == 0 {
			w.next.paid, w.next.charged = 1, 1
			if w.cost != nil {
				w.next.paid, w.next.charged = w.cost()
			}
		}
		paid, cost := w.next.paid, w.next.charged
		at := w.pacer.Due(w.now, paid)
		if !at.IsZero() {
			return at.Add(time.Duration(w.rng.Int64N(int64(200 * time.Microsecond)))) // A timer is late.
		}
		w.pacer.Pay(w.now, paid)
		w.next.paid = 0
		pick := w.rng.IntN(len(w.idle))
		connection := w.idle[pick]
		w.idle[pick] = w.idle[len(w.idle)-1]
		w.idle = w.idle[:len(w.idle)-1]
		// In the order of sending; the way there takes no time, the way back all of it.
		ok := w.take(cost, connection)
		w.requests++
		if ok {
			w.accepted += cost
		} else {
			w.refusals++
		}
		if w.log != nil {
			w.log(w.now.Sub(w.began), ok)
		}
		back := w.now.Add(w.latency/2 + time.Duration(w.rng.Int64N(int64(w.latency))))
		w.answers.add(flight{w.now, back, ok, paid, connection})
	}
	return time.Time{}
}

// take asks the endpoint. What is refused at random is not charged.
func (w *wire) take(cost float64, connection uint64) bool {
	if w.outage || w.noise > 0 && w.rng.Float64() < w.noise {
		return false
	}
	if w.shard != nil {
		connection = w.shard(connection)
	}
	return w.limiter.Take(w.now, cost, connection)
}

var learning = quota.Rate{Ceiling: math.Inf(1), Learn: true}

func TestIdleTimeIsNotTakenForALowQuota(t *testing.T) {
	t.Parallel()
	w := newWire(learning, emulator.Settings{Rate: 100, Burst: 100}, 1)
	w.run(time.Minute)
	before := w.pacer.Stats(w.now).Learned
	idle := w.idle
	w.idle = idle[:0:0] // Nothing to publish.
	w.now = w.now.Add(time.Minute)
	w.idle = idle
	w.run(30 * time.Second)
	if after := w.pacer.Stats(w.now).Learned; after < 0.9*before || after > 1.1*before {
		t.Errorf("quota %g after a minute without messages, want %g as before", after, before)
	}
}
