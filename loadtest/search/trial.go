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
	window  float64   // Seconds; 0: none was seen,
	doubt   float64   // and by how much it may be longer or shorter.
	room    int       // How many it has room for; 0: that is not known.
	edge    float64   // How much lower than the rate of refused publishes the limit need not be, as a share.
	probed  []Event   // Of the latest burst in a window.
	starts  []float64 // When its runs of acceptances began.
	offered float64   // In the last level of overload.
	dear    bool      // Refusals use up quota.
	barren  bool      // In the latest trial nothing was accepted.
	// reopened is when something was accepted again after a burst, in windows after it began; 0: never.
	reopened float64
	stall    float64 // How late a publish was at the most so far, in seconds.
	slow     float64 // How much longer than the least an answer took, likewise.
	forgive  float64 // The burst that refusals are excused by; 0: that of the result.
	longer   float64 // How many times as long as usual a rate is held; 0: once.
	flooded  floods  // Of the probes for a burst.
	allowed  float64 // The share of a trial's publishes that may be missing from it.
	memory   float64 // How far the limit may look back then, in seconds: no further than the search.
	endured  bool    // The clean rate was held for longer than that.
	rest     float64 // Seconds until the quota is whole again after an overload; only where refusals use it up.
}

// exploring are the trials that show roughly where the limit is.
var exploring = map[string]bool{"bracket": true, "plateau": true, "probe": true}

// attempts is how often a trial is made until it is fit.
const attempts = 3

// run makes a trial, again if the generator was not fit for it. wait is what has to be waited before each.
func (s *search) run(name string, wait float64, phases ...Phase) (Trial, error) {
	looking := exploring[name]
	var t Trial
	for range attempts {
		var err error
		t, err = s.once(name, wait, func(t *Trial) bool { return looking && t.Rough() }, phases...)
		if err != nil || t.Unfit == "" {
			return t, err
		}
	}
	return Trial{}, &unfitError{why: t.Unfit, foreign: t.Foreign}
}

// once makes a trial. counts says whether it counts although it is unfit.
func (s *search) once(name string, wait float64, counts func(*Trial) bool, phases ...Phase) (Trial, error) {
	if s.step != "" {
		name = s.step
	}
	s.tell(name, phases)
	if err := s.idle(wait); err != nil {
		return Trial{}, err
	}
	left := Cap{Requests: s.cfg.MaxRequests - s.result.Requests, Seconds: s.left()}
	if left.Requests <= 0 {
		return Trial{}, ErrRequests
	}
	t := s.tester.Run(left, phases...)
	s.stall = max(s.stall, t.Stall)
	for i := range t.Phases {
		if took := answerTime(t.Phases[i].Events); took.most > 0 {
			s.slow = max(s.slow, took.most-took.least)
		}
	}
	ended := cmp.Or(t.Fatal, t.Capped)
	switch {
	case ended != nil:
		t.Unfit = "it was ended early"
	case counts(&t):
		t.Unfit = ""
	}
	s.note(name, &t)
	if ended == nil && t.Unfit != "" && !t.Foreign {
		s.result.Repeated++
	}
	return t, ended
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
		Name: name, Rate: last.Rate, Seconds: last.Seconds, Clean: s.result.Clean, Failing: s.result.Failing,
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
	s.barren = t.accepted() == 0
	s.result.Trials = append(s.result.Trials, TrialReport{
		Name: name, Rate: o.Phase.Rate, Began: o.Began - s.began, Seconds: o.Took,
		Accepted: o.Accepted, Refused: o.Refused, Excused: o.Excused, Failed: o.Failed, Unfit: t.Unfit, Sent: t.sent(),
		Passed: t.Unfit == "" && float64(o.unexcused()) <= s.cfg.Goal*float64(o.Accepted+o.Refused),
		Shown:  t.shown, OnTime: t.OnTime, Tolerance: t.Tolerance,
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
