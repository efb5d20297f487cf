package search

import (
	"errors"
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
	// flooding is how much faster than the limit a burst is sent.
	flooding = 5
	// slowFlooding is that where the machine cannot: a window must be full within half of its length.
	slowFlooding = 3
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
// window's end it is one; if only a whole window later, the window slides. A burst that a busy machine has drawn out is
// sent again.
func (s *search) probeWindow() error {
	faster := float64(flooding)
	for range windowTries {
		err := s.floodWindow(faster)
		if _, unfit := errors.AsType[*unfitError](err); unfit && faster > slowFlooding {
			faster = slowFlooding
			continue
		}
		if err != nil {
			return err
		}
		if s.reopens() && s.fills(exactly) {
			break
		}
	}
	s.measureWindow()
	return nil
}

// windowTries is how often a burst is sent in the middle of a window.
const windowTries = 3

// floodWindow sends one burst, and notes how many were accepted, and when more.
func (s *search) floodWindow(faster float64) error {
	rate := min(faster*s.result.Plateau, s.cfg.MaxRate)
	now := s.tester.Now()
	last := s.starts[len(s.starts)-1]
	middle := last + (math.Ceil((now-last)/s.window)+1.5)*s.window
	if err := s.idle(middle - now); err != nil {
		return err
	}
	t, err := s.run("probe", 0, Phase{
		Rate: rate, Seconds: 2 * s.window, Loose: true,
		Enough: func(events []Event) bool {
			_, after := burstOf(events, s.window, rate)
			return after > 0
		},
	})
	if err != nil {
		return err
	}
	events := t.last().Events
	s.probed = events
	n, after := burstOf(events, s.window, rate)
	s.result.Kind = FixedWindow
	if s.reopened = max(0, after-events[0].At) / s.window; s.reopened > 0.75 {
		s.result.Kind = Sliding
	}
	s.result.Burst = float64(n)
	return nil
}

// shut is how long a window is shut after a burst at the least, as a share of it.
const shut = 0.1

// burstOf counts what was accepted until a window was shut, and returns when something was accepted after that; 0: not
// yet. What is on its way together may be accepted in any order.
func burstOf(events []Event, window, rate float64) (n int, after float64) {
	events = byAnswer(events)
	at := acceptances(events)
	if len(at) == 0 {
		return 0, 0
	}
	// A machine that is late sends little while the window is shut, but some.
	gaps, _ := silences(events, max(2/rate, shut/3*window))
	for i := 1; i < len(at); i++ {
		if gaps[i] > max(shut*window, 1.5/rate) {
			return i, at[i]
		}
	}
	return len(at), 0
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
	wait := refills * s.result.Burst / s.result.Plateau
	if wait > longestRefill {
		s.flooded = floods{seen: true} // At the beginning, when nobody knows how long the account had been idle.
		return nil
	}
	least := math.Inf(1)
	for range tries {
		f, err := s.flood(max(wait, (small+2)/s.result.Plateau), s.result.Burst)
		if err != nil {
			return err
		}
		s.flooded.note(f)
		if f.calm {
			least = min(least, f.burst)
		}
		if s.flooded.calm > 0 && (least > small || least == 0) || s.flooded.calm >= smallTimes {
			break
		}
	}
	if s.flooded.calm == 0 { // All that is known is what came through in spite of the pauses.
		least = s.flooded.most
	}
	s.result.Burst = least
	return nil
}

const (
	// small is a burst that one pause of the sender more or less makes a difference to: it is looked for smallTimes,
	// and the least counts.
	small      = 10
	smallTimes = 3
	// tries is how often a burst is looked for in all, on a machine that pauses.
	tries = 8
	// paused is how many tokens may come back in one pause of the sender: more of them may be lost.
	paused = 1.5
	// unclear is the share of a burst that may be: answers do not all take the same.
	unclear = 0.02
)

// floods is what became of those that looked for a burst.
type floods struct {
	seen bool // Only in the bracket.
	sent int
	calm int     // Without a pause of the sender, or of the endpoint.
	most float64 // The largest burst, with pauses or without.
}

func (f *floods) note(one aFlood) {
	f.sent++
	f.most = max(f.most, one.burst)
	if one.calm {
		f.calm++
	}
}

// aFlood is one of them.
type aFlood struct {
	burst float64 // 0: it could not be sent fast enough to tell.
	calm  bool
}

// flood sends one after a pause of so many seconds, where about so many are expected to be accepted.
func (s *search) flood(wait, expected float64) (aFlood, error) {
	rate := min(max(flooding*s.result.Plateau, 2*s.refused), s.cfg.MaxRate)
	seconds := max(1, 4*expected/rate)
	t, err := s.run("probe", wait, Phase{Rate: rate, Seconds: seconds, Loose: true, Enough: func(events []Event) bool {
		return firstRefusal(events) < len(events)
	}})
	if err != nil {
		return aFlood{}, err
	}
	events := t.last().Events
	answered := events
	if expected > small { // What is on its way together may be accepted in any order.
		answered = byAnswer(events)
	}
	n := firstRefusal(answered)
	if n == len(events) {
		return aFlood{}, nil
	}
	// Tokens come back while it is sent. One more would have been accepted but for the refusal.
	back := s.result.Plateau * (answered[n].At - answered[0].At)
	f := aFlood{burst: max(1, math.Floor(float64(n)+1-max(back, s.result.Plateau*float64(n)/rate)))}
	took := answerTime(events[:n+1]) // Tokens come back while the endpoint pauses as well.
	f.calm = s.result.Plateau*(took.most-took.least) < max(paused, unclear*float64(n))
	for i := range n {
		f.calm = f.calm && s.result.Plateau*(events[i+1].At-events[i].At) < paused
	}
	return f, nil
}
