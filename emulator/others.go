package emulator

import (
	"math/rand/v2"
	"time"
)

// background is a quota that others use, too. Their publishes come at random (a Poisson process), each on a connection
// of its own, and are not repeated.
type background struct {
	Limiter
	perSecond float64
	rng       *rand.Rand
	next      time.Time // When the next of them comes.

	accepted, refused int // Of the others.
}

func newBackground(l Limiter, perSecond float64, seed uint64, now time.Time) *background {
	b := &background{Limiter: l, perSecond: perSecond, rng: rand.New(rand.NewPCG(seed, 2)), next: now}
	b.wait()
	return b
}

func (b *background) wait() { b.next = b.next.Add(seconds(b.rng.ExpFloat64() / b.perSecond)) }

// Take implements Limiter.
func (b *background) Take(now time.Time, cost float64, connection uint64) bool {
	b.run(now)
	return b.Limiter.Take(now, cost, connection)
}

// Charge implements Limiter.
func (b *background) Charge(now time.Time, cost float64, connection uint64) {
	b.run(now)
	b.Limiter.Charge(now, cost, connection)
}

// run lets the others publish up to now.
func (b *background) run(now time.Time) {
	for !b.next.After(now) {
		if b.Limiter.Take(b.next, 1, b.rng.Uint64()) {
			b.accepted++
		} else {
			b.refused++
		}
		b.wait()
	}
}

// noise refuses a share of our publishes at random, before the quota is asked. What it refuses does not count to the
// quota, and the others are spared.
type noise struct {
	Limiter
	share   float64
	rng     *rand.Rand
	refused int
}

// Take implements Limiter.
func (n *noise) Take(now time.Time, cost float64, connection uint64) bool {
	if n.rng.Float64() < n.share {
		n.refused++
		return false
	}
	return n.Limiter.Take(now, cost, connection)
}

// othersOf returns the others who use a limiter; nil: there are none.
func othersOf(l Limiter) *background {
	if n, ok := l.(*noise); ok {
		l = n.Limiter
	}
	b, _ := l.(*background)
	return b
}

// OthersOf returns how many publishes of others a limiter has accepted and refused up to the last call of Take that was
// not refused at random.
func OthersOf(l Limiter) Others {
	if b := othersOf(l); b != nil {
		return Others{b.accepted, b.refused}
	}
	return Others{}
}

// RandomOf returns how many publishes a limiter has refused at random.
func RandomOf(l Limiter) int {
	if n, ok := l.(*noise); ok {
		return n.refused
	}
	return 0
}
