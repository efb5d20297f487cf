package search

import (
	"fmt"
	"math"

	"momento-bridge/loadtest/figure"
)

const (
	// latest is how late a publish may be sent at the most where that does not matter, in seconds.
	latest = 0.1
	// spare is how much later than the latest one so far a publish may be sent.
	spare = 1.5
	// patienceForFit is how often a rate is tried to be held until the generator is fit, and longestHold how many times
	// as long as usual.
	patienceForFit, longestHold = 6, 4
	// leastMissing and mostMissing are the share of a trial's publishes that may be missing from it, as parts of the
	// width: what is missing makes the bracket wider. It begins with the least.
	leastMissing, mostMissing = 0.5, 2.5
)

// hold reports whether a rate can be held: whether nothing is refused, or no more than the goal allows, once a burst
// has been used up. share is how much of the usual time is spent on it.
//
// On a machine that others use it counts what was really sent: publishes may be late where the limiter forgives that,
// what was refused because of that is excused, and what is missing makes the rate lower that is shown to be held.
func (s *search) hold(name string, rate, share float64) (bool, error) {
	s.allowed = max(s.allowed, leastMissing*s.cfg.Width)
	why, foreign := "", false
	for tries := 0; tries < patienceForFit; tries++ {
		wait, phases := s.holding(rate, share)
		t, err := s.once(name, wait, s.shows, phases...)
		switch {
		case err != nil:
			return false, err
		case t.Unfit != "":
			why, foreign = t.Unfit, t.Foreign
			if t.shown > 0 && t.shown < rate*(1-2*mostMissing*s.cfg.Width) {
				tries++ // There is little hope.
			}
			s.longer = min(longestHold, 2*max(1, s.longer))
			s.allowed = min(mostMissing*s.cfg.Width, 1.5*s.allowed)
		case t.last().held():
			return true, nil
		case !s.believeLess(rate, &t):
			return false, nil
		}
	}
	if foreign {
		return false, &unfitError{why: why, foreign: true}
	}
	return false, s.tooLate(rate, why)
}

// holding are the phases in which a rate is held, and what has to be waited before.
func (s *search) holding(rate, share float64) (wait float64, phases []Phase) {
	last := Phase{Rate: rate, Seconds: s.holdTime(rate) * share * max(1, s.longer), Refusals: 1}
	if s.cfg.Goal > 0 {
		last.Refusals = 1 + int(s.cfg.Goal*last.Rate*last.Seconds)
	}
	if s.dear {
		return s.rest, []Phase{last}
	}
	prime := Phase{Rate: s.primeRate(rate), Seconds: primeTime, Refusals: primeRefusals, Loose: true}
	switch s.result.Kind {
	case Bucket:
		last.Burst = s.burst()
		last.Late = min(latest, spare*s.stall, 0.9*(last.Burst-1)/rate)
	case FixedWindow, Sliding:
		last.Window, last.Doubt, last.Room = s.window, s.doubt, s.room
		last.Within = float64(s.room) / (rate * (1 + s.edge))
		last.Late = min(latest, spare*s.stall, s.window/5)
	case Soft, Unknown:
	}
	settle := last
	settle.Seconds, settle.Refusals = s.settleTime(rate), 0
	if s.cfg.Gentle {
		prime.Refusals, wait = 1, gentleRest*last.Seconds
	}
	return wait, []Phase{prime, settle, last}
}

// burst is the one that refusals are excused by.
func (s *search) burst() float64 {
	if s.forgive > 0 {
		return s.forgive
	}
	return s.result.Burst
}

// shows reports whether a trial shows that its rate is held or refused, and notes which rate it shows to be held.
func (s *search) shows(t *Trial) bool {
	if t.Unfit != "" && !t.Late {
		return false
	}
	o := t.last()
	if !o.held() {
		return t.Unfit == "" || o.Phase.excuses()
	}
	missing, planned := s.missing(t)
	if missing == 0 {
		return true
	}
	shown := o.Phase.Rate * (1 - missing/planned)
	if s.result.Kind == Sliding && o.Phase.Window > 0 {
		// As much as came together within one window is accepted in each.
		shown = min(o.Phase.Rate, max(shown, float64(o.Most)/(o.Phase.Window+o.Phase.Doubt)))
	}
	if shown < o.Phase.Rate {
		t.shown = shown
	}
	if shown < o.Phase.Rate*(1-s.allowed) {
		switch {
		case t.Unfit != "":
		case o.Excused > 0 && o.Missed+o.Failed == 0 && s.delayed(t.Stall, o.Phase.Rate):
			t.Unfit, t.Foreign = fmt.Sprintf("%s publishes that were sent in time were refused after others whose "+
				"answers took long, as when a proxy delays them", figure.Count(o.Excused)), true
		default:
			t.Unfit, t.Late = "too many publishes were late for a limit that forgives so little", true
		}
		return false
	}
	return true
}

// slowly is how many times longer than the machine was late answers take that something delays.
const slowly = 5

// delayed reports whether answers come late of themselves, and the burst forgives that publishes are so late, in
// seconds.
func (s *search) delayed(late, rate float64) bool {
	return s.result.Kind == Bucket && late*rate <= s.burst()-1 && s.slow >= slowly*s.stall
}

// missing is how many publishes a trial that held its rate lacks of what was planned, and of how many. What was not
// sent while the limit settled could be saved for later; and of windows only those count that were there as a whole.
func (s *search) missing(t *Trial) (missing, planned float64) {
	o := t.last()
	seconds := o.Phase.Seconds
	if w := o.Phase.Window; seconds > 2*w {
		seconds -= 2 * w
	}
	n := o.Missed + o.Failed + o.Excused
	if len(t.Phases) > 1 {
		before := &t.Phases[len(t.Phases)-2]
		n += before.Missed + before.Failed
	}
	return float64(n), o.Phase.Rate * seconds
}

// believeLess takes it that a burst is smaller than it seemed, where a rate below what is accepted in overload was
// refused while so many publishes came together that it matters. It reports whether that changes anything.
func (s *search) believeLess(rate float64, t *Trial) bool {
	burst := s.burst()
	together := 1 + rate*min(t.Stall, t.Tolerance)
	if s.result.Kind != Bucket || burst <= smallest || rate > s.result.Plateau || 4*together < burst {
		return false
	}
	s.forgive = math.Max(smallest, math.Floor(burst/4))
	return true
}

// smallest is the smallest burst that forgives anything.
const smallest = 2

// gentleRest is how long others have the quota for themselves after each trial, as a part of the trial.
const gentleRest = 1.5

const (
	// primeRefusals show that a burst is used up. It may take as long as primeTime, in seconds.
	primeRefusals = 5
	primeTime     = 120
)

// primeRate is the overload that uses up a burst before a rate is held. Where there is no plateau it is well above what
// was refused first: the slower it is, the longer others find the burst nearly used up.
func (s *search) primeRate(rate float64) float64 {
	limit := s.result.Plateau
	if s.cfg.Gentle {
		limit = s.refused
	}
	return min(2*max(rate, limit), s.cfg.MaxRate)
}

// tooLate says what to change where publishes are later than the limit forgives.
func (s *search) tooLate(rate float64, why string) error {
	advice := "publishes were up to " + figure.Time(s.stall) + " late"
	if burst := s.burst(); s.result.Kind == Bucket && burst > 0 {
		advice += fmt.Sprintf(", and a burst of %s at %s forgives %s", count(burst), figure.Rate(rate),
			figure.Time((burst-1)/rate))
	}
	return &unfitError{why: why, advice: advice + ": " + quieter}
}
