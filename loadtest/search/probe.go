package search

import (
	"math"
	"slices"
)

// Kind is what a limiter turned out to be.
type Kind string

// The kinds of limiters.
const (
	Bucket      Kind = "bucket"       // Tokens at a rate, up to a burst.
	FixedWindow Kind = "fixed-window" // So many in each window; windows follow each other.
	Sliding     Kind = "sliding"      // So many within any window.
	// Refusals begin before the quota is used up: several limiters side by side, or others who use the quota, too.
	Soft    Kind = "soft"
	Unknown Kind = "unknown"
)

const (
	// refills is how many usual bursts of time are waited for a burst to be whole again, and longestRefill bounds that,
	// in seconds.
	refills       = 1.1
	longestRefill = 15
	// flood is how much faster than the limit a burst is sent.
	flood = 5
)

// probe finds out what kind of limiter it is and how large a burst may be.
func (s *search) probe() error {
	switch {
	case s.dear:
		s.result.Kind = Sliding
		return nil
	case s.window > 0:
		return s.probeWindow()
	}
	s.result.Kind = Bucket
	return s.probeBurst()
}

// probeWindow sends a burst in the middle of what would be a fixed window. If what comes next is accepted at that
// window's end it is one; if only a whole window later, the window slides.
func (s *search) probeWindow() error {
	rate := min(flood*s.result.Plateau, s.cfg.MaxRate)
	now := s.tester.Now()
	last := s.starts[len(s.starts)-1]
	middle := last + (math.Ceil((now-last)/s.window)+1.5)*s.window
	if err := s.idle(middle - now); err != nil {
		return err
	}
	t, err := s.run("probe", 0, Phase{
		Rate: rate, Seconds: 2 * s.window, Loose: true,
		Enough: func(events []Event) bool {
			_, after := burstOf(events)
			return after > 0
		},
	})
	if err != nil {
		return err
	}
	events := t.last().Events
	n, after := burstOf(events)
	s.result.Kind = FixedWindow
	if after-events[0].At > 0.75*s.window {
		s.result.Kind = Sliding
	}
	s.result.Burst = float64(n)
	return nil
}

// burstOf counts what was accepted until the first refusal, and returns when something was accepted after that.
func burstOf(events []Event) (n int, after float64) {
	n = firstRefusal(events)
	for _, e := range events[n:] {
		if !e.Refused {
			return n, e.At
		}
	}
	return n, 0
}

// usedUp is the burst that the bracket used up: by how much what was accepted from some moment on, up to the first
// refusal, exceeds the plateau.
func (s *search) usedUp() float64 {
	var bracket []TrialReport
	for _, t := range s.result.Trials {
		if t.Name == "bracket" {
			bracket = append(bracket, t)
		}
	}
	end := bracket[len(bracket)-1].Began + bracket[len(bracket)-1].Seconds
	accepted, most := 0.0, 1.0
	for _, t := range slices.Backward(bracket) {
		accepted += float64(t.Accepted)
		most = max(most, accepted-s.result.Plateau*(end-t.Began))
	}
	return math.Round(most)
}

// probeBurst waits until a burst is whole again and sends one. What the bracket has shown says how long that takes.
func (s *search) probeBurst() error {
	s.result.Burst = s.usedUp()
	least := math.Inf(1)
	wait := refills * s.result.Burst / s.result.Plateau
	if wait > longestRefill {
		return nil // It was seen at the beginning, when nobody knows how long the account had been idle.
	}
	for range smallTimes {
		n, err := s.burst(max(wait, (small+2)/s.result.Plateau), s.result.Burst)
		if err != nil {
			return err
		}
		least = min(least, n)
		if least > small || least == 0 {
			break
		}
	}
	s.result.Burst = least
	return nil
}

const (
	// small is a burst that one pause of the sender more or less makes a difference to: it is looked for smallTimes,
	// and the least counts.
	small      = 10
	smallTimes = 3
)

// burst sends one after a pause of so many seconds, where about so many are expected to be accepted, and returns how
// large it may be; 0: it could not be sent fast enough to tell.
func (s *search) burst(wait, expected float64) (float64, error) {
	rate := min(max(flood*s.result.Plateau, 2*s.refused), s.cfg.MaxRate)
	seconds := max(1, 4*expected/rate)
	t, err := s.run("probe", wait, Phase{Rate: rate, Seconds: seconds, Loose: true, Enough: func(events []Event) bool {
		return firstRefusal(events) < len(events)
	}})
	if err != nil {
		return 0, err
	}
	events := t.last().Events
	n := float64(firstRefusal(events))
	if int(n) == len(events) {
		return 0, nil
	}
	return max(1, math.Floor(n+1-s.result.Plateau*n/rate)), nil // Else one more would have been accepted.
}
