package search

import "math"

const (
	// margin is how far from the plateau each rate of the first pair is, as a part of the width.
	margin = 0.45
	// rounds is how often a pair is looked for that can be proved.
	rounds = 3
	// inner is the width, as a part of that of the result, to which a bracket is narrowed: the rest is added around it,
	// so that a rate which is only just too fast shows itself.
	inner = 0.4
)

// settled says how a proof ended.
type settled uint8

const (
	proved settled = iota
	cleanRefused
	failingPassed
)

// prove holds the clean and the failing rate in turns, in either order.
func (s *search) prove(clean, failing float64) (settled, error) {
	if failing = min(failing, s.cfg.MaxRate); clean >= failing {
		return 0, errNoLimit
	}
	s.result.Clean, s.result.Failing = clean, failing
	s.forget()
	passed, refused := 0, 0
	for range s.cfg.Pairs {
		order := [2]float64{clean, failing}
		if s.cfg.Flip != nil && s.cfg.Flip() {
			order = [2]float64{failing, clean}
		}
		for _, rate := range order {
			ok, err := s.hold("prove", rate, 1)
			switch {
			case err != nil:
				return 0, err
			case rate == clean && !ok:
				return cleanRefused, nil
			case rate == clean:
				s.held()
			case ok:
				passed++
			default:
				refused++
			}
			if passed > s.cfg.Pairs/3 {
				return failingPassed, nil
			}
		}
	}
	s.result.Rejected = refused
	s.result.Failing *= 1 + s.edge
	return proved, nil
}

// know notes what is known of the limit so far, in case that the search ends here; 0: nothing. Nothing is proved of it.
func (s *search) know(clean, failing float64) {
	s.forget()
	s.result.Clean, s.result.Failing = clean, failing
}

// forget begins to count anew what was held at the clean rate.
func (s *search) forget() {
	r := s.result
	r.Held, r.HeldSeconds, r.CleanSent, r.CleanRefused, r.CleanExcused = 0, 0, 0, 0, 0
}

// held counts the trial that was just made as one at the clean rate.
func (s *search) held() {
	t := &s.result.Trials[len(s.result.Trials)-1]
	if s.result.Held++; s.result.Held == 1 || t.Seconds < s.result.HeldSeconds {
		s.result.HeldSeconds = t.Seconds
	}
	s.showLess()
	s.result.CleanSent += t.Accepted + t.Refused
	s.result.CleanRefused += t.Refused
	s.result.CleanExcused += t.Excused
}

// showLess lowers the clean rate to what the trial that was just made shows.
func (s *search) showLess() {
	if shown := s.result.Trials[len(s.result.Trials)-1].Shown; shown > 0 {
		s.result.Clean = min(s.result.Clean, shown)
	}
}

// pin finds two rates that can be proved, beginning around a rate that is nearly right, or between what the bracket has
// shown.
func (s *search) pin() (bool, error) {
	clean, failing := s.pass, s.refused
	var err error
	if s.result.Plateau > 0 {
		w := margin * s.cfg.Width
		middle := s.result.Plateau / (1 - s.cfg.Goal) // So much is accepted of that.
		clean, failing = middle*(1-w), middle*(1+w)
	} else if clean, failing, err = s.narrow(clean, failing, s.cfg.Width); err != nil {
		return false, err
	}
	for range rounds {
		how, err := s.prove(clean, failing)
		switch {
		case err != nil:
			return false, err
		case how == proved:
			return s.endures()
		case how == cleanRefused:
			clean, failing, err = s.lower(clean)
			if err == nil && failing < (1-softness)*s.result.Plateau {
				if err := s.saturate(); err != nil {
					return false, err
				}
				return false, s.settleFor(clean, failing)
			}
		case how == failingPassed:
			clean, failing, err = s.higher(failing)
		}
		if err != nil {
			return false, err
		}
	}
	s.know(clean, failing)
	return false, nil
}

// endures holds the clean rate once more where refusals seemed to use up quota, for longer than the limit can look
// back: a window of a minute, too, accepts nothing for so long, and then more in each trial than it would of them all.
func (s *search) endures() (bool, error) {
	if !s.dear {
		return true, nil
	}
	clean := s.result.Clean
	ok, err := s.hold("narrow", clean, max(1, windows*s.memory/s.holdTime(clean)))
	switch {
	case err != nil:
		return false, err
	case ok:
		s.endured = true
		s.showLess()
		return true, nil
	}
	s.dear, s.result.Overload = false, false // Nobody knows.
	s.know(0, clean)
	return false, errLong
}

// lower looks for a rate below one that was refused that can be held, and narrows the two.
func (s *search) lower(refused float64) (clean, failing float64, err error) {
	s.know(0, refused)
	for _, share := range [...]float64{.99, .97, .93, .85, .7, .5, .3, .15, .07} {
		if s.holdTime(refused*share) > s.left() {
			break // Nobody would see the end of that.
		}
		ok, err := s.holdRested(refused * share)
		if err != nil {
			return 0, 0, err
		}
		if ok {
			s.know(refused*share, refused)
			s.showLess()
			width := s.cfg.Width
			if refused < (1-softness)*s.result.Plateau {
				width = softWidth
			}
			return s.narrow(refused*share, refused, width)
		}
		refused *= share
		s.know(0, refused)
	}
	return 0, 0, errAlways
}

// rests is how often a rate is tried that found nothing of the quota.
const rests = 3

// holdRested holds a rate. That nothing at all is accepted shows no rate: a second limit that looks back over minutes
// is used up. Then it waits until something is accepted again.
func (s *search) holdRested(rate float64) (bool, error) {
	for range rests - 1 {
		ok, err := s.hold("narrow", rate, 1)
		if err != nil || ok || !s.barren {
			return ok, err
		}
		if _, err := s.reopen(); err != nil {
			return false, err
		}
	}
	return s.hold("narrow", rate, 1)
}

const (
	// softness is how far below the plateau refusals begin when the limit is not one sharp limit.
	softness = 0.02
	// softWidth is how exactly it is worth knowing then.
	softWidth = 0.05
	// softTimes is how often a clean rate is held then, softTries how many rates are tried for one.
	softTimes, softTries = 2, 6
)

// settleFor holds the clean rate of a limit that is not sharp, or a lower one.
func (s *search) settleFor(clean, failing float64) error {
	s.forget()
	for range softTries {
		s.result.Clean, s.result.Failing = clean, failing
		ok, err := s.hold("prove", clean, 1)
		switch {
		case err != nil:
			return err
		case !ok:
			clean, failing = clean*(1-softWidth), clean
			s.forget()
			continue
		}
		s.held()
		if s.result.Held >= softTimes {
			return nil
		}
	}
	if s.result.Held == 0 {
		s.know(0, failing)
	}
	return nil
}

// higher looks for a rate above one that could be held that is refused, and narrows the two.
func (s *search) higher(held float64) (clean, failing float64, err error) {
	for held < s.cfg.MaxRate {
		s.know(held, 0)
		s.showLess()
		next := min(held*1.02, s.cfg.MaxRate)
		ok, err := s.hold("narrow", next, 1)
		if err != nil {
			return 0, 0, err
		}
		if !ok {
			s.know(held, next)
			return s.narrow(held, next, s.cfg.Width)
		}
		held = next
	}
	return 0, 0, errNoLimit
}

// narrow halves a bracket until its width is right, and leaves a margin on both sides.
func (s *search) narrow(clean, failing, width float64) (float64, float64, error) {
	for failing-clean > inner*width*failing {
		middle := math.Sqrt(clean * failing)
		share := 0.5
		if s.cfg.Gentle {
			share = 1
		}
		ok, err := s.hold("narrow", middle, share)
		if err != nil {
			return 0, 0, err
		}
		if ok {
			clean = middle
		} else {
			failing = middle
		}
		s.know(clean, failing)
		if ok {
			s.showLess()
		}
	}
	edge := (1 - inner) / 2 * width
	return clean * (1 - edge), failing * (1 + edge), nil
}
