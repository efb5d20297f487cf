package search

import (
	"math"
	"slices"
)

// span is what a time is between.
type span struct{ least, most float64 }

// answerTime is how long an answer takes at the least, and at the most.
func answerTime(events []Event) span {
	s := span{math.Inf(1), 0}
	for i := range events {
		took := events[i].Answered - events[i].At
		s.least, s.most = min(s.least, took), max(s.most, took)
	}
	return s
}

// fixedLength is the length of windows that follow each other and of which each has room for n. Nobody sees when the
// limiter took a publish, but it was between the moments when that was sent and when it was answered: so each window
// began after what the one before refused was sent, and before what it accepted was answered.
func fixedLength(events []Event, starts []float64, n int) (span, bool) {
	least := answerTime(events).least
	began := make([]span, 0, len(starts))
	for i, start := range starts {
		end := math.Inf(1)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		if b, ok := windowBegan(events, start, end, n, least); ok {
			began = append(began, b)
		} else {
			began = append(began, span{math.Inf(-1), math.Inf(1)})
		}
	}
	length := span{0, math.Inf(1)}
	for i, a := range began {
		for k, b := range began[i+1:] {
			times := float64(k + 1)
			length.least = max(length.least, (b.least-a.most)/times)
			length.most = min(length.most, (b.most-a.least)/times)
		}
	}
	return length, length.least > 0 && length.least <= length.most && !math.IsInf(length.most, 1)
}

// windowBegan says when the window began that accepted something first at start.
func windowBegan(events []Event, start, end float64, n int, least float64) (span, bool) {
	began := span{math.Inf(-1), math.Inf(1)}
	var accepted []float64
	for _, e := range events {
		if !e.Refused && e.At >= start && e.At < end {
			began.most = min(began.most, e.Answered-least)
			accepted = append(accepted, e.At)
		}
	}
	if len(accepted) < n || n == 0 {
		return began, false
	}
	slices.Sort(accepted)
	full := accepted[n-1] // Not before that one was sent.
	for _, e := range events {
		if e.Refused && e.Answered-least < full && e.At < began.most {
			began.least = max(began.least, e.At)
		}
	}
	return began, true
}

// slidingLength is the length of a window that slides and has room for n: the n-th after an acceptance comes no sooner,
// and what is refused comes no later after the oldest of the last n.
func slidingLength(events []Event, n int) (span, bool) {
	least := answerTime(events).least
	var sent, answered []float64 // In order: the i-th that was taken was so between the i-th of both.
	for _, e := range events {
		if !e.Refused {
			sent, answered = append(sent, e.At), append(answered, e.Answered-least)
		}
	}
	slices.Sort(sent)
	slices.Sort(answered)
	length := span{0, math.Inf(1)}
	for i := n; i < len(sent); i++ {
		length.most = min(length.most, answered[i]-sent[i-n])
	}
	for _, e := range events {
		if !e.Refused {
			continue
		}
		before, _ := slices.BinarySearch(sent, e.Answered-least)
		if before >= n {
			length.least = max(length.least, e.At-answered[before-n])
		}
	}
	return length, length.least > 0 && length.least <= length.most && !math.IsInf(length.most, 1)
}

// measureWindow measures the window once it is known whether it slides.
func (s *search) measureWindow() {
	all := s.result.Overloaded
	events := all[firstRefusal(all):]
	at := acceptances(events)
	s.doubt = s.unsure()
	if s.room = s.roomFor(at); s.room == 0 {
		return
	}
	s.edge = min(mostEdge, max(leastEdge, usualDelay(events)/s.window))
	var length span
	var ok bool
	usual := s.window
	if s.result.Kind == Sliding {
		if length, ok = slidingLength(all, s.room); ok {
			usual = slide(at, s.room)
			if more, ok := slidingLength(s.probed, s.room); ok {
				length = span{max(length.least, more.least), min(length.most, more.most)}
			}
		}
	} else {
		length, ok = fixedLength(events, s.starts, s.room)
	}
	if !ok || length.least > length.most {
		return
	}
	s.window = min(length.most, max(length.least, usual))
	s.doubt = max(length.most-s.window, s.window-length.least)
	s.result.Plateau = float64(s.room) / s.window
}

const (
	// leastEdge and mostEdge bound by how much a refusal need not show that the limit is lower than its rate: publishes
	// come at distances that are not exact.
	leastEdge, mostEdge = 1e-4, 5e-3
	// usually is the share of answers that take no longer than usual.
	usually = 0.9
)

// usualDelay is how much longer than the least answers usually take at the most.
func usualDelay(events []Event) float64 {
	took := make([]float64, len(events))
	for i := range events {
		took[i] = events[i].Answered - events[i].At
	}
	slices.Sort(took)
	return took[int(usually*float64(len(took)-1))] - took[0]
}

// unsure is how far from the truth the length of a window may be that cannot be bounded.
func (s *search) unsure() float64 {
	return max(doubtful(s.starts), s.late()/float64(max(1, len(s.starts)-1)))
}

// roomFor is how many publishes a window has room for; 0: that is not known. It is a whole number, which a burst shows
// where no two windows accepted the same, as what comes late may be of the next one.
func (s *search) roomFor(at []float64) int {
	if n := room(at, s.starts); n > 0 {
		return n
	}
	if s.fills(about) && s.reopens() {
		return int(s.result.Burst)
	}
	return 0
}
