package search

import (
	"cmp"
	"math"
)

// search is one run of the method.
type search struct {
	cfg    Config
	tester Tester
	result *Result
	began  float64
	step   string // The name of every step from now on; empty: they have their own.

	pass    float64   // The greatest rate of the bracket that was not refused,
	refused float64   // and the first one that was.
	window  float64   // Seconds; 0: none was seen.
	starts  []float64 // When its runs of acceptances began.
	offered float64   // In the last level of overload.
	dear    bool      // Refusals use up quota.
	uneven  bool      // In a trial of the proof publishes arrived so unevenly that it shows nothing.
	rest    float64   // Seconds until the quota is whole again after an overload; only where refusals use it up.
}

// exploring are the trials that show roughly where the limit is.
var exploring = map[string]bool{"bracket": true, "plateau": true, "probe": true}

// attempts is how often a trial is made until it is fit.
const attempts = 3

// run makes a trial, again if the generator was not fit for it. wait is what has to be waited before each.
func (s *search) run(name string, wait float64, phases ...Phase) (Trial, error) {
	why, looking := "", exploring[name]
	if s.step != "" {
		name = s.step
	}
	for range attempts {
		s.tell(name, phases)
		if err := s.idle(wait); err != nil {
			return Trial{}, err
		}
		left := Cap{Requests: s.cfg.MaxRequests - s.result.Requests, Seconds: s.left()}
		if left.Requests <= 0 {
			return Trial{}, ErrRequests
		}
		t := s.tester.Run(left, phases...)
		if looking && t.Rough() {
			t.Unfit = ""
		}
		ended := cmp.Or(t.Fatal, t.Capped)
		if ended != nil {
			t.Unfit = "it was ended early"
		}
		s.note(name, &t)
		if ended != nil || t.Unfit == "" {
			return t, ended
		}
		s.result.Repeated++
		why = t.Unfit
	}
	return Trial{}, &unfitError{why}
}

// left is how many seconds the search may still take.
func (s *search) left() float64 { return s.cfg.MaxSeconds - (s.tester.Now() - s.began) }

// idle offers nothing for so many seconds, unless nothing is left after them.
func (s *search) idle(seconds float64) error {
	if s.left() <= seconds {
		return ErrTime
	}
	if seconds > 0 {
		s.tester.Idle(seconds)
	}
	return nil
}

func (s *search) tell(name string, phases []Phase) {
	if s.cfg.Progress == nil {
		return
	}
	last := phases[len(phases)-1]
	s.cfg.Progress(Step{
		Name: name, Rate: last.Rate, Seconds: last.Seconds, Clean: s.result.Clean,
		Failing: s.result.Failing, Requests: s.result.Requests,
	})
}

// note keeps what the trial was for the report.
func (s *search) note(name string, t *Trial) {
	s.result.Requests += t.sent()
	s.result.Seconds = s.tester.Now() - s.began
	if len(t.Phases) == 0 {
		return
	}
	o := t.last()
	s.result.Trials = append(s.result.Trials, TrialReport{
		Name: name, Rate: o.Phase.Rate, Began: o.Began - s.began, Seconds: o.Took,
		Accepted: o.Accepted, Refused: o.Refused, Excused: o.Excused, Failed: o.Failed, Unfit: t.Unfit, Sent: t.sent(),
		Passed: t.Unfit == "" && float64(o.unexcused()) <= s.cfg.Goal*float64(o.Accepted+o.Refused) && !s.excessive(o),
	})
}

const (
	// enough is how many publishes a trial has that holds a rate, if that takes no longer than enoughTime, in seconds.
	enough, enoughTime = 400, 60
	// excess is how many publishes more than allowed a trial has at the least at a rate that is too fast by the width.
	excess = 4
	// shortest is the shortest trial that holds a rate, in seconds. A window is held for longer than two of its
	// lengths.
	shortest = 8
	windows  = 2.2
)

// holdTime is how long a rate must be held. At a slow rate, or for a narrow width, that is long: a shorter trial would
// not see that it is too fast. Where refusals are counted it is whole windows, as they come at the ends of them.
func (s *search) holdTime(rate float64) float64 {
	t := max(shortest, windows*s.window, min(enoughTime, enough/rate), excess/(s.cfg.Width*rate))
	if s.cfg.Goal > 0 && s.window > 0 {
		t = math.Ceil(t/s.window) * s.window
	}
	return t
}

// settleTime is how long a rate is offered until what came before it does not matter any more.
func (s *search) settleTime(rate float64) float64 { return max(1, windows*s.window, 4/rate) }

// hold reports whether a rate can be held: whether nothing is refused, or no more than the goal allows, once a burst
// has been used up. share is how much of the usual time is spent on it.
func (s *search) hold(name string, rate, share float64) (bool, error) {
	last := Phase{Rate: rate, Seconds: s.holdTime(rate) * share, Refusals: 1}
	if s.cfg.Goal > 0 {
		last.Refusals = 1 + int(s.cfg.Goal*last.Rate*last.Seconds)
	}
	if s.dear {
		t, err := s.run(name, s.rest, last)
		return err == nil && t.last().held(), err
	}
	prime := Phase{Rate: s.primeRate(rate), Seconds: primeTime, Refusals: primeRefusals, Loose: true}
	settle := Phase{Rate: rate, Seconds: s.settleTime(rate)}
	if s.result.Kind == Bucket {
		settle.Burst, last.Burst = s.result.Burst, s.result.Burst
	}
	wait := 0.0
	if s.cfg.Gentle {
		prime.Refusals, wait = 1, gentleRest*last.Seconds
	}
	t, err := s.run(name, wait, prime, settle, last)
	if err != nil || !t.last().held() {
		return false, err
	}
	excessive := s.excessive(t.last())
	s.uneven = s.uneven || excessive
	return !excessive, nil
}

// excessive reports whether so many refusals are excused that this shows nothing. A rate that is too fast by the margin
// has more in any case.
func (s *search) excessive(o *Outcome) bool {
	return float64(o.Excused) > margin*s.cfg.Width/2*float64(o.Accepted+o.Refused)
}

// gentleRest is how long others have the quota for themselves after each trial, as a part of the trial.
const gentleRest = 1.5

const (
	// primeRefusals show that a burst is used up. It may take as long as primeTime, in seconds.
	primeRefusals = 5
	primeTime     = 120
)

// primeRate is the overload that uses up a burst before a rate is held.
func (s *search) primeRate(rate float64) float64 {
	prime := 2 * max(rate, s.result.Plateau)
	if s.cfg.Gentle {
		prime = 1.25 * max(rate, s.result.Failing)
	}
	return math.Min(prime, s.cfg.MaxRate)
}
