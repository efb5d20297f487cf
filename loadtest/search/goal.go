package search

import "errors"

// GoalResult is what can be offered where more refusals are accepted than by the first goal.
type GoalResult struct {
	Goal      float64 // The share of refusals that still counts as clean.
	Proved    bool
	Reason    string
	Clean     float64 // 0: not determined.
	Failing   float64
	CleanSent int // In the trials in which the clean rate was held,
	// CleanRefused is how many of those were refused.
	CleanRefused int
}

// further looks for the rates of the further goals, around what overload has shown, until an error ends the whole
// search.
func (s *search) further() error {
	for _, goal := range s.cfg.Goals {
		g, err := s.goal(goal)
		s.result.Goals = append(s.result.Goals, g)
		if _, unfit := errors.AsType[*unfitError](err); err != nil && !unfit && !errors.Is(err, errNoLimit) &&
			!errors.Is(err, errAlways) {
			return err
		}
	}
	return nil
}

// goal is a search for one more goal, which knows what this one does.
func (s *search) goal(goal float64) (GoalResult, error) {
	sub, r := *s, *s.result
	sub.cfg.Goal, sub.step, sub.result = goal, "goal", &r
	sub.forget()
	r.Clean, r.Failing, r.Err = 0, 0, nil
	ok, err := sub.pin()
	r.Err = err
	g := GoalResult{
		Goal: goal, Clean: r.Clean, Failing: r.Failing, CleanSent: r.CleanSent,
		CleanRefused: r.CleanRefused,
	}
	g.Proved, g.Reason = sub.verdict(ok)
	s.result.Requests, s.result.Seconds, s.result.Trials = r.Requests, r.Seconds, r.Trials
	s.result.Repeated = r.Repeated
	return g, err
}
