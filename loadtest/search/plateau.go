package search

import (
	"errors"
	"math"
	"slices"
)

const (
	// coarse and fine are how many publishes are accepted until a level of overload is known, after the first refusal.
	coarse, fine = 100, 700
	// coarseTime and fineTime are the least seconds for that.
	coarseTime, fineTime = 1.5, 4
	// breath is how long nothing is offered before a level, in seconds: a short window that slides would otherwise go
	// on accepting as evenly as before.
	breath = 1.5
	// longestLevel bounds a level, and with it the burst that can be used up, in seconds.
	longestLevel = 240
	// silent is how long nothing must have been accepted in overload until refusals are believed to use up quota, in
	// seconds.
	silent = 25
	// grown is by how much more must be accepted at twice the overload to go on: a limit of several servers is not used
	// up at once.
	grown = 1.015
	// fallen is how much less must be accepted at a higher overload to say that refusals use up quota.
	fallen = 0.85
	// unsettled is how long to wait for acceptances that do not come at the same rate all the time, in seconds.
	unsettled = 60
	// showing is in how many times the longest silence a window would have shown itself.
	showing = 15
	// levels bounds the overload.
	levels = 5
	// An overload of which less than mildShare is refused in mildTime, in seconds, is none.
	mildShare, mildTime = 0.1, 3
)

// plateau finds what is accepted in overload, at levels that rise until it grows no more.
func (s *search) plateau() error {
	last, err := s.overload(min(1.5*s.refused, s.cfg.MaxRate))
	if err != nil {
		return err
	}
	if last.rate == 0 || last.silence > silent {
		return s.recovery()
	}
	rate := min(2*last.rate, s.cfg.MaxRate)
	for range levels {
		before := s.offered
		next, err := s.level(rate, shown(fine, periods+1, fineTime))
		if err != nil {
			return err
		}
		switch {
		case s.refusedNothing() && rate >= s.cfg.MaxRate:
			s.result.Clean = rate
			return errNoLimit
		case rate >= s.cfg.MaxRate && next.rate > (1-s.cfg.Width)*rate:
			s.result.Failing = 0
			return errHardly
		case s.refusedNothing(): // The estimate was too low for this to be an overload.
			rate = min(2*rate, s.cfg.MaxRate)
			continue
		}
		if next.rate < fallen*last.rate {
			if last, next, err = s.again(before, rate); err != nil {
				return err
			}
			if next.rate < fallen*last.rate {
				return s.recovery()
			}
		}
		s.result.Plateau, s.window, s.starts = next.rate, next.window, next.starts
		if next.rate < grown*last.rate || rate >= s.cfg.MaxRate {
			return nil
		}
		last, rate = next, min(2*rate, s.cfg.MaxRate)
	}
	if s.result.Plateau == 0 {
		return errFickle
	}
	return nil
}

// again measures two levels once more, before less is believed to be accepted at the second: what was accepted at the
// first may have come from a burst that was not used up everywhere, and a machine that stands still for a while loses
// what it could have used.
func (s *search) again(before, rate float64) (last, next pattern, err error) {
	if last, err = s.level(before, shown(fine, periods+1, fineTime)); err != nil {
		return last, next, err
	}
	next, err = s.level(rate, shown(fine, periods+1, fineTime))
	return last, next, err
}

// refusedNothing reports whether the last level was none of overload.
func (s *search) refusedNothing() bool {
	return firstRefusal(s.result.Overloaded) == len(s.result.Overloaded)
}

// saturate goes on raising the overload of a limit that turned out not to be sharp, until no more is accepted: what one
// server has left over for a burst, or is not asked for yet, would otherwise make the plateau too high, or too low.
func (s *search) saturate() error {
	for range levels {
		rate := min(2*s.offered, s.cfg.MaxRate)
		if s.cfg.Gentle || s.dear || rate <= s.offered {
			return nil
		}
		p, err := s.level(rate, shown(fine, periods+1, fineTime))
		if err != nil {
			return err
		}
		before := s.result.Plateau
		if s.result.Plateau = p.rate; p.rate < grown*before {
			return nil
		}
	}
	return nil
}

// overload finds a first level, roughly. A single refusal in the bracket may have been bad luck: as long as little is
// refused, it doubles the rate.
func (s *search) overload(rate float64) (pattern, error) {
	for {
		enough := shown(coarse, 2, coarseTime)
		if rate < s.cfg.MaxRate {
			plain := enough
			enough = func(events []Event) bool { return plain(events) || mild(events) }
		}
		p, err := s.level(rate, enough)
		if err == nil && rate >= s.cfg.MaxRate && s.refusedNothing() {
			s.result.Clean, err = rate, errNoLimit
		}
		if err != nil || rate >= s.cfg.MaxRate || !mild(s.result.Overloaded) {
			return p, err
		}
		rate = min(2*rate, s.cfg.MaxRate)
	}
}

// mild reports whether little has been refused for a while.
func mild(events []Event) bool {
	if len(events) == 0 || events[len(events)-1].At-events[0].At < mildTime {
		return false
	}
	refused := 0
	for _, e := range events {
		if e.Refused {
			refused++
		}
	}
	return float64(refused) < mildShare*float64(len(events))
}

// level offers so much that a part is refused, until that is enough.
func (s *search) level(rate float64, enough func([]Event) bool) (pattern, error) {
	t, err := s.run("plateau", breath, Phase{Rate: rate, Seconds: longestLevel, Loose: true, Enough: enough})
	if err != nil {
		return pattern{}, err
	}
	s.offered, s.result.Overloaded = rate, t.last().Events
	return patternOf(t.last().Events), nil
}

// shown returns the condition that the pattern of what is accepted in overload is clear: after so many acceptances,
// runs of them and seconds.
func shown(accepted, runs int, seconds float64) func([]Event) bool {
	return func(events []Event) bool {
		refused := firstRefusal(events)
		if refused == len(events) {
			return false
		}
		p := patternOf(events)
		if p.silence > silent {
			return true
		}
		took := events[len(events)-1].At - events[refused].At
		if p.accepted < accepted || took < seconds {
			return false
		}
		// The runs of a window show themselves within a few times the longest silence.
		if len(p.starts) >= runs {
			return true
		}
		return p.late(took) && (p.settled || accepted == coarse || took > unsettled)
	}
}

// LevelAt is one level of overload, for a tester: it ends when it is clear how much is accepted, and after half a
// minute when nothing is refused.
func LevelAt(rate float64) Phase {
	return Phase{Rate: rate, Seconds: longestAtMax, Loose: true, Enough: shown(fine, periods+1, fineTime)}
}

// Accepted is how much was accepted per second in such a level; 0 if too little was refused to tell. It is steady if it
// was about the same in both halves of the time. Only where the limit has a window, silences are looked for its length.
func Accepted(events []Event, window bool) (rate float64, steady bool) {
	first := firstRefusal(events)
	if first == len(events) || events[len(events)-1].At-events[first].At < coarseTime {
		return 0, true
	}
	if p := patternOf(events); window && len(p.starts) > 1 {
		return p.rate, true
	}
	at := acceptances(events[first:])
	if len(at) < 2 {
		return 0, false
	}
	before, after, n := halves(at)
	return after, math.Abs(before-after) <= (unsteady+few/float64(n))*after
}

// unsteady is by how much the halves of a level may differ that is compared with another one.
const unsteady = 0.05

func firstRefusal(events []Event) int { return first(events, true) }

func firstAccepted(events []Event) int { return first(events, false) }

// first is the index of the first event that was refused, or was not; the number of events if there is none.
func first(events []Event, refused bool) int {
	i := slices.IndexFunc(events, func(e Event) bool { return e.Refused == refused })
	if i < 0 {
		return len(events)
	}
	return i
}

var errSilence = errors.New("after an overload nothing is accepted any more")

const (
	// patient is how long a quota may take to come back, in seconds.
	patient = 120
	// whole is how much longer than until the first acceptance it takes for the whole quota to come back, where
	// refusals have used it up: the first comes when the oldest third is forgotten.
	whole = 3.2
)

// recovery finds out how long the quota takes to come back when refusals use it up.
func (s *search) recovery() error {
	s.dear, s.result.Plateau = true, 0
	began := s.tester.Now()
	first, err := s.reopen()
	if err != nil {
		return err
	}
	s.memory = first - s.began
	s.rest = whole*(first-began) + 4/s.knocks()
	return nil
}

// knocks is the rate at which it is tried whether something is accepted again.
func (s *search) knocks() float64 { return s.pass / 4 }

// reopen waits until something is accepted again, and returns when that was sent.
func (s *search) reopen() (float64, error) {
	t, err := s.run("probe", 0, Phase{
		Rate: s.knocks(), Seconds: patient, Loose: true,
		Enough: func(events []Event) bool { return firstAccepted(events) < len(events) },
	})
	if err != nil {
		return 0, err
	}
	events := t.last().Events
	first := firstAccepted(events)
	if first == len(events) {
		return 0, errSilence
	}
	return events[first].At, nil
}
