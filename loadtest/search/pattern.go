package search

import (
	"math"
	"slices"
)

// pattern is what the acceptances under overload look like.
type pattern struct {
	rate     float64 // Acceptances per second.
	accepted int
	settled  bool      // The rate is the same in the first half and the second.
	window   float64   // Seconds from one run of acceptances to the next; 0: they are spread evenly.
	starts   []float64 // When the runs began.
	silence  float64   // Since the last acceptance.
	longest  float64   // Seconds without an acceptance, after the first one.
}

const (
	// longGap is how many usual gaps without an acceptance, while something is offered all the time, are a silence: a
	// window's end.
	longGap = 3
	// periods is how many windows of the same length are a pattern.
	periods = 3
	// steady is by how much the rates of two halves may differ to be the same, and few by how many acceptances besides.
	steady, few = 0.005, 6
)

// patternOf looks at a phase of overload from its first refusal on: before that a burst may have been used up.
func patternOf(events []Event) pattern {
	first := firstRefusal(events)
	if first == len(events) {
		return pattern{}
	}
	events = events[first:]
	began, end := events[0].At, events[len(events)-1].At
	at := acceptances(events)
	if len(at) < 2 {
		return pattern{silence: end - began}
	}
	p := pattern{silence: end - at[len(at)-1], longest: at[0] - began, accepted: len(at)}
	for i := 1; i < len(at); i++ {
		p.longest = max(p.longest, at[i]-at[i-1])
	}
	usual := (end - began) / float64(len(at))
	slack := 2 * (end - began) / float64(len(events)-1)
	p.starts = startsOf(at, began, max(longGap*usual, slack, p.longest/2))
	if p.window = period(p.starts, slack); p.window == 0 && (len(p.starts) > periods || p.late(end-began)) {
		p.starts = nil // They mean nothing: a machine that stands still for a moment makes a silence, too.
	}
	p.rate, p.settled = p.rateOf(at)
	return p
}

// acceptances are the moments when what was accepted was sent.
func acceptances(events []Event) []float64 {
	n := 0
	for i := range events {
		if !events[i].Refused {
			n++
		}
	}
	at := make([]float64, 0, n)
	for _, e := range events {
		if !e.Refused {
			at = append(at, e.At)
		}
	}
	return at
}

// late reports whether a window would have shown itself after so many seconds.
func (p *pattern) late(took float64) bool { return took > showing*max(p.longest, p.silence) }

// rateOf returns how many acceptances come per second, and whether that is the same all the time. Without a window,
// only the second half counts: before it a burst may not have been used up everywhere.
func (p *pattern) rateOf(at []float64) (rate float64, settled bool) {
	if n := len(p.starts); n > 1 {
		from, to := p.starts[0], p.starts[n-1]
		return float64(between(at, from, to)) / (to - from), true
	}
	before, after, n := halves(at)
	return after, math.Abs(before-after) <= (steady+few/float64(n))*after
}

// halves are the rates of the first half of the time and of the second, in which n were accepted. If one of them has
// too few, the second is that of the whole time, and the first is none.
func halves(at []float64) (before, after float64, n int) {
	middle, _ := slices.BinarySearch(at, (at[0]+at[len(at)-1])/2)
	if n = len(at) - middle; middle < 2 || n < 2 {
		return math.Inf(1), perSecond(at), len(at)
	}
	return perSecond(at[:middle]), perSecond(at[middle:]), n
}

// perSecond is the rate of evenly spaced moments.
func perSecond(at []float64) float64 { return float64(len(at)-1) / (at[len(at)-1] - at[0]) }

// startsOf returns the acceptances that come after a silence.
func startsOf(at []float64, began, silence float64) []float64 {
	var starts []float64
	before := began
	for _, t := range at {
		if t-before > silence {
			starts = append(starts, t)
		}
		before = t
	}
	return starts
}

// period returns the time between starts if it is always the same, but for slack; otherwise 0.
func period(starts []float64, slack float64) float64 {
	if len(starts) <= periods {
		return 0
	}
	gaps := make([]float64, len(starts)-1)
	for i := range gaps {
		gaps[i] = starts[i+1] - starts[i]
	}
	sorted := slices.Sorted(slices.Values(gaps))
	usual := sorted[len(sorted)/2]
	for _, gap := range gaps {
		if math.Abs(gap-usual) > 0.1*usual+slack {
			return 0
		}
	}
	return (starts[len(starts)-1] - starts[0]) / float64(len(gaps))
}

func between(at []float64, from, to float64) int {
	low, _ := slices.BinarySearch(at, from)
	high, _ := slices.BinarySearch(at, to)
	return high - low
}
