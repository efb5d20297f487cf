package search

import (
	"errors"
	"fmt"
	"math"

	"momento-bridge/loadtest/figure"
)

// Result is what a search has found. Rates are per second; 0 stands for what was not determined.
type Result struct {
	Proved  bool
	Reason  string // Why it is not proved, or on what the proof rests.
	Err     error  // What ended the search early, if something did.
	Clean   float64
	Failing float64
	Plateau float64
	Burst   float64
	Kind    Kind
	// How sure the kind and the burst are, and why. With no confidence the kind is unknown and the burst is 0.
	KindConfidence  Confidence
	KindEvidence    []string
	BurstConfidence Confidence
	BurstEvidence   []string
	Window          float64 // Seconds.
	Dear            bool    // Refusals use up quota.
	Overload        bool    // Whether that is known.
	Held            int     // Trials in which the clean rate was held,
	HeldSeconds     float64 // how long the shortest of them was,
	CleanSent       int     // publishes in them,
	// CleanRefused is how many of those were refused, where the goal allows some, and CleanExcused how many of these an
	// Excuse excuses.
	CleanRefused int
	CleanExcused int
	Rejected     int // and trials in which the failing rate was refused.
	Requests     int
	Seconds      float64
	Repeated     int // Trials that did not count, as the generator was not fit for them.
	Trials       []TrialReport
	Goals        []GoalResult // Of the further goals, as far as it came.
	// Overloaded are the acceptances and refusals of the last level of overload.
	Overloaded []Event
}

// TrialReport is one trial as it stands in a report.
type TrialReport struct {
	Name     string
	Rate     float64
	Began    float64 // Seconds after the search began.
	Seconds  float64
	Sent     int // In all phases; the rest is of the last.
	Accepted int
	Refused  int
	Excused  int // Of the refusals.
	Failed   int
	Unfit    string // Why it does not count.
	Passed   bool   // The rate was held: nothing speaks against it.
	// Tolerance is how late a publish could be sent, in seconds, and OnTime the share that was sent in time.
	Tolerance float64
	OnTime    float64
	// Shown is the rate that is held, if that is less than planned: what was really sent and accepted. 0: it is Rate.
	Shown float64
}

// Confidence is how sure something is.
type Confidence string

// The degrees of confidence.
const (
	None Confidence = "none" // Nothing is known.
	Low  Confidence = "low"  // It looks like it.
	High Confidence = "high" // Nothing else looks like it.
)

// Find runs the search. It always returns what is known, also if it ended early.
func Find(cfg Config, tester Tester) *Result {
	s := &search{cfg: cfg, tester: tester, began: tester.Now(), result: &Result{Kind: Unknown}, stall: cfg.Stall}
	r := s.result
	ok, err := s.find()
	r.Err, r.Dear = err, s.dear
	r.Overload = r.Overload && s.dear == s.endured // What only seems to use up quota may be a long window.
	if s.soft() && (err == nil || errors.Is(err, errAlways)) {
		r.Kind = Soft
	}
	s.judgeKind()
	r.Window = s.window
	r.Proved, r.Reason = s.verdict(ok)
	if r.Err == nil && r.Plateau > 0 && !s.cfg.Estimate {
		r.Err = s.further()
	}
	return r
}

// find goes through the steps.
func (s *search) find() (bool, error) {
	if err := s.bracket(); err != nil {
		return false, err
	}
	s.result.Clean, s.result.Failing = s.pass, s.refused
	if !s.cfg.Gentle {
		if err := s.plateau(); err != nil {
			return false, err
		}
		s.result.Overload = true
		s.result.Clean, s.result.Failing = s.around()
		if err := s.probe(); err != nil {
			return false, err
		}
	}
	if s.cfg.Estimate {
		return false, errEstimate
	}
	return s.pin()
}

// around is what the bracket and the plateau say of the limit. What the bracket found to be held may have come from a
// burst.
func (s *search) around() (clean, failing float64) {
	clean, failing = s.pass, s.refused
	if p := s.result.Plateau; p > 0 {
		w := margin * s.cfg.Width
		clean, failing = min(clean, p*(1-w)), min(failing, p*(1+w))
	}
	return clean, failing
}

// beside is how far above the failing rate the plateau of one limiter may be, as a share: what is not exact.
const beside = 0.005

// soft reports whether refusals begin below what is accepted in overload.
func (s *search) soft() bool { return s.result.Plateau > (1+beside)*s.result.Failing }

// verdict says whether the result is proved, and why.
func (s *search) verdict(ok bool) (bool, string) {
	r := s.result
	doubtful := r.KindConfidence == None && s.late()*r.Plateau >= 1
	switch {
	case errors.Is(r.Err, errEstimate):
		r.Err = nil
		return false, errEstimate.Error()
	case r.Err != nil && !errors.Is(r.Err, errNoLimit):
		return false, r.Err.Error()
	case r.Err != nil && s.cfg.Slow:
		return false, fmt.Sprintf("nothing was refused up to the greatest rate that this machine can send: the limit "+
			"is above %s, or there is none; %s", figure.Rate(r.Clean), quieter)
	case r.Err != nil:
		return false, fmt.Sprintf("%v: the limit is above %s, or there is none", r.Err, figure.Rate(r.Clean))
	case s.soft() && doubtful:
		return false, fmt.Sprintf(
			"refusals begin at %s, but %s are accepted in overload; publishes were up to %s late, which may be why: %s",
			figure.Rate(r.Failing), figure.Rate(r.Plateau), figure.Time(s.late()), quieter)
	case s.soft():
		return false, fmt.Sprintf(
			"refusals begin at %s, but %s are accepted in overload: the limit is spread over "+
				"several servers, others use it, too, or some are refused at random",
			figure.Rate(r.Failing), figure.Rate(r.Plateau))
	case !ok:
		return false, "irregular: what was held once was refused later, or the other way round, in every round"
	case doubtful && !s.cfg.Gentle:
		return false, fmt.Sprintf("irregular: the kind of the limit is not clear, as publishes were up to %s late: %s",
			figure.Time(s.late()), quieter)
	case s.cfg.Gentle:
		return false, fmt.Sprintf(
			"without overload nobody knows what kind of limit it is, and a burst or a long window may "+
				"hide it; the clean rate was held in %d of %d trials",
			r.Held, s.cfg.Pairs)
	}
	text := r.proof(s.cfg.Pairs)
	if r.Failing-r.Clean > wider*s.cfg.Width*r.Failing {
		text += "; the two are further from each other than asked, as not every publish could be sent in time"
	}
	return true, text
}

// wider is how many times the width is wider than asked.
const wider = 1.25

// proof says on what a proof rests.
func (r *Result) proof(pairs int) string {
	long := figure.Duration(math.Floor(r.HeldSeconds)) // What is refused after that nobody has seen.
	text := fmt.Sprintf("%d of %d trials at the clean rate, each of %s or more, had no refusal", r.Held, pairs, long)
	if r.CleanRefused > r.CleanExcused {
		text = fmt.Sprintf("%d of %d trials at the clean rate, each of %s or more, had no more refusals than the goal "+
			"allows", r.Held, pairs, long)
	}
	text += fmt.Sprintf(", %d of %d at the failing rate had", r.Rejected, pairs)
	if r.CleanExcused > 0 {
		text += fmt.Sprintf("; not counted: %s of %s publishes at the clean rate that were refused because others "+
			"before them were late, which ", figure.Count(r.CleanExcused), figure.Count(r.CleanSent))
		if r.Kind == Bucket {
			text += fmt.Sprintf("a burst of %s does not forgive", count(r.Burst))
		} else {
			text += "a window has no room for"
		}
	}
	return text
}
