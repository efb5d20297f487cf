package quota

import (
	"math"
	"time"
)

// Meter measures how much comes per second, over the last second or two. The zero Meter has seen nothing.
type Meter struct {
	began  time.Time // Of the current second.
	before float64   // What came in the second before it.
	since  float64   // What has come in it.
}

// Add counts an amount that has come now.
func (m *Meter) Add(now time.Time, amount float64) {
	m.advance(now)
	m.since += amount
}

// advance begins a new second when the current one is over.
func (m *Meter) advance(now time.Time) {
	switch passed := now.Sub(m.began); {
	case passed >= 2*time.Second:
		m.began, m.before, m.since = now, 0, 0
	case passed >= time.Second:
		m.began, m.before, m.since = m.began.Add(time.Second), m.since, 0
	}
}

// PerSecond returns the rate over the current second and the one before it. It is +Inf if less than least has come,
// which is too little to measure a rate.
func (m *Meter) PerSecond(now time.Time, least float64) float64 {
	m.advance(now)
	if m.before+m.since < least {
		return math.Inf(1)
	}
	passed := now.Sub(m.began).Seconds()
	return max(m.before, (m.before+m.since)/(1+passed), m.since/max(passed, 0.1))
}

// LastSecond returns what came in the last complete second before the latest Add.
func (m *Meter) LastSecond() float64 { return m.before }
