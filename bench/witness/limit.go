package main

import "time"

// limit sets the quota. The bucket starts with a tenth of a second.
func (e *endpoint) limit(rate float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.proven = 0
	if rate > e.rate {
		e.proven = e.rate
	}
	e.rate, e.tokens, e.filled = rate, rate/10, time.Now()
	e.changed = e.filled
}

func (e *endpoint) quota() float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rate
}

// limited returns when the quota was changed last.
func (e *endpoint) limited() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}

// prove notes an accepted publish, and whether the last of them came faster than a quota that was raised.
func (e *endpoint) prove(now time.Time) {
	oldest := e.recent[e.next]
	e.recent[e.next] = now
	e.next = (e.next + 1) % len(e.recent)
	if oldest.After(e.changed) && float64(len(e.recent))/now.Sub(oldest).Seconds() > 1.2*e.proven {
		e.proven = 0
	}
}

// raised reports whether the quota was raised and nobody can know it yet.
func (e *endpoint) raised() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.proven > 0
}
