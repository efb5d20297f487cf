// Package virtual simulates replicas that share a quota, on virtual time, with the product's own learner, buckets and
// messages: a network that delays and loses, an endpoint with one limiter, replicas that come and die.
package virtual

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/group"
	"momento-bridge/pipeline/quota"
)

// Config is a world. The zero values of durations and shares are none.
type Config struct {
	Replicas int
	Rate     quota.Rate
	Limiter  emulator.Settings
	Alone    bool // Replicas do not know of each other.
	Seed     uint64
	Latency  time.Duration // Of a publish; 0: 5 ms. It varies by half.
	// A message of the group takes from Delay to Delay+Jitter; Delay 0: 1 ms.
	Delay, Jitter time.Duration
	Lost          float64       // The share of messages that are lost, for each who should hear them.
	Apart         time.Duration // Between the starts of replicas; 0: 10 ms.
	// Busy is how many replicas have always something to publish; 0: all. The others publish Trickle a second.
	Busy    int
	Trickle float64
}

// World is replicas, a network and an endpoint. It is not safe for concurrent use.
type World struct {
	cfg      Config
	rng      *rand.Rand
	now      time.Time
	began    time.Time
	events   events
	sequence int
	limiter  emulator.Limiter
	replicas []*replica
	born     int
	cut      func(from, to int) bool // Whether a message is kept from somebody; nil: none is.

	counts  counts
	Seconds []Second // What happened in each second, since the world began.
}

// Second is one second of a world.
type Second struct{ Sent, Accepted, Refused, Replicas int }

type counts struct {
	sent, accepted, refused int
	tenths                  []int
}

// replica is one process.
type replica struct {
	w        *World
	number   int
	node     *group.Node
	pacer    *quota.Pacer
	dead     bool
	frozen   bool
	busy     bool
	queued   int
	inFlight int
	wakeAt   time.Time
	tickAt   time.Time
	since    time.Time
	Accepted int
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop implements heap.Interface.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = event{}
	*e = (*e)[:len(*e)-1]
	return last
}

// mostInFlight is how many publishes a replica has in flight.
const mostInFlight = 64

// New returns a world whose replicas start one after the other.
func New(cfg Config) *World {
	now := time.Unix(1000, 0)
	if cfg.Latency == 0 {
		cfg.Latency = 5 * time.Millisecond
	}
	if cfg.Delay == 0 {
		cfg.Delay = time.Millisecond
	}
	if cfg.Apart == 0 {
		cfg.Apart = 10 * time.Millisecond
	}
	w := &World{cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 18)), now: now, began: now}
	w.Limit(cfg.Limiter)
	for i := range cfg.Replicas {
		w.after(time.Duration(i)*cfg.Apart, w.Start)
	}
	return w
}

// Limit puts a limiter in force.
func (w *World) Limit(s emulator.Settings) {
	l, err := emulator.NewLimiter(s, w.cfg.Seed, w.now)
	if err != nil {
		panic(err)
	}
	w.cfg.Limiter, w.limiter = s, l
}

func (w *World) at(t time.Time, do func()) {
	w.sequence++
	heap.Push(&w.events, event{t, w.sequence, do})
}

func (w *World) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// Start adds a replica.
func (w *World) Start() {
	r := &replica{w: w, number: w.born, since: w.now}
	w.born++
	r.busy = w.cfg.Busy == 0 || r.number < w.cfg.Busy
	r.pacer = quota.NewPacer(w.cfg.Rate, &pauses{rng: w.rng}, w.now)
	w.replicas = append(w.replicas, r)
	if !w.cfg.Alone {
		r.node = group.New(group.Config{
			ID:      "r" + string(rune('a'+r.number%26)) + time.Duration(r.number).String(),
			Started: w.now, Random: w.rng.Float64,
		})
		r.node.Join(w.now, r.quotas())
		r.send()
		r.tickAfter(w.now)
	}
	if !r.busy {
		r.arrive()
	}
	r.publish()
}

// pauses are those of a daemon, from the world's random numbers.
type pauses struct {
	rng   *rand.Rand
	bound time.Duration
}

// Reset implements backoff.BackOff.
func (p *pauses) Reset() { p.bound = 0 }

// NextBackOff implements backoff.BackOff.
func (p *pauses) NextBackOff() time.Duration {
	p.bound = min(max(100*time.Millisecond, 2*p.bound), 5*time.Second)
	return time.Duration(p.rng.Int64N(int64(p.bound) + 1))
}

func (w *World) count(ok bool) {
	w.counts.sent++
	tenth := int(w.now.Sub(w.began) / (100 * time.Millisecond))
	for len(w.counts.tenths) <= tenth {
		w.counts.tenths = append(w.counts.tenths, 0)
	}
	w.counts.tenths[tenth]++
	for len(w.Seconds) <= tenth/10 {
		w.Seconds = append(w.Seconds, Second{Replicas: w.Alive()})
	}
	s := &w.Seconds[tenth/10]
	s.Sent++
	if ok {
		w.counts.accepted++
		s.Accepted++
		return
	}
	w.counts.refused++
	s.Refused++
}

// Figures are what a stretch of time came to.
type Figures struct {
	Used    float64 // Of the quota, as a share.
	Refused float64 // Of what was sent.
	Jain    float64 // Over the replicas that were busy and there all the time.
	Peak    float64 // Most sent in any second, as a share of the quota.
	Least   float64 // What the replica with the least had, as a share of the mean.
}

// Run goes on for a while.
func (w *World) Run(length time.Duration) Figures {
	w.counts.sent, w.counts.accepted, w.counts.refused = 0, 0, 0
	w.counts.tenths = w.counts.tenths[:0:0]
	from, end := w.now, w.now.Add(length)
	for _, r := range w.replicas {
		r.Accepted = 0
	}
	for len(w.events) > 0 && !w.events[0].at.After(end) {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
	return w.figures(from, length)
}

func (w *World) figures(from time.Time, length time.Duration) Figures {
	f := Figures{
		Used:    float64(w.counts.accepted) / w.cfg.Limiter.Rate / length.Seconds(),
		Refused: float64(w.counts.refused) / math.Max(1, float64(w.counts.sent)),
	}
	sum, squares, n, least := 0.0, 0.0, 0.0, math.Inf(1)
	for _, r := range w.replicas {
		if r.busy && !r.since.After(from) {
			a := float64(r.Accepted)
			sum, squares, n, least = sum+a, squares+a*a, n+1, min(least, a)
		}
	}
	f.Jain, f.Least = sum*sum/(n*squares), least/(sum/n)
	first := int(from.Sub(w.began) / (100 * time.Millisecond))
	for i := first; i+10 <= len(w.counts.tenths); i++ {
		sent := 0
		for _, t := range w.counts.tenths[i : i+10] {
			sent += t
		}
		f.Peak = max(f.Peak, float64(sent)/w.cfg.Limiter.Rate)
	}
	return f
}

// Alive returns how many replicas there are.
func (w *World) Alive() int { return len(w.replicas) }

// Kill ends the i-th replica without a word.
func (w *World) Kill(i int) {
	w.replicas[i].dead = true
	w.replicas = append(w.replicas[:i:i], w.replicas[i+1:]...)
}

// Churn kills a share of the replicas each minute, and starts as many, until the world ends.
func (w *World) Churn(share float64) {
	gap := time.Duration(float64(time.Minute) / (share * float64(w.cfg.Replicas)))
	var next func()
	next = func() {
		if len(w.replicas) > 1 {
			w.Kill(w.rng.IntN(len(w.replicas)))
			w.Start()
		}
		w.after(gap, next)
	}
	w.after(gap, next)
}

// KillKeeper kills the oldest replica again and again, and starts another.
func (w *World) KillKeeper(gap time.Duration) {
	var next func()
	next = func() {
		w.Kill(0)
		w.Start()
		w.after(gap, next)
	}
	w.after(gap, next)
}

// Part keeps the messages of one share of the replicas from the others for a while.
func (w *World) Part(share float64, length time.Duration) {
	of := int(share * float64(w.cfg.Replicas))
	w.cut = func(from, to int) bool { return (from < of) != (to < of) }
	w.after(length, func() { w.cut = nil })
}
