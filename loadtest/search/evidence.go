package search

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"momento-bridge/loadtest/figure"
)

const (
	// evenly is how many acceptances fit into the longest silence at the most where they come evenly; a window of more
	// than twice as many is silent for longer. somewhat is that with a burst that is larger than such a window's, many,
	// and with hardly a bucket and a window cannot be told apart.
	evenly, somewhat, hardly = 2.5, 4, 8
	many                     = 10
	// exactly and about are by how much two numbers may differ that are one, as a share.
	exactly, about = 0.01, 0.05
	// wellSent is the share of publishes that must be sent in time in each trial that shows the kind.
	wellSent = 0.98
)

// judgeKind says how sure the kind and the burst are, and why. What is not known at all is not asserted.
func (s *search) judgeKind() {
	r := s.result
	r.KindConfidence, r.KindEvidence = s.kind()
	if r.KindConfidence == High && !s.sentWell() {
		r.KindConfidence = Low
		r.KindEvidence = append(r.KindEvidence, "the machine sent some of the publishes that show it too late")
	}
	if r.KindConfidence == None {
		r.Kind, r.Burst, s.window = Unknown, 0, 0
	}
	if r.BurstConfidence, r.BurstEvidence = s.burstSeen(); r.BurstConfidence == None {
		r.Burst = 0
	}
}

// sentWell reports whether what shows the kind was sent as planned.
func (s *search) sentWell() bool {
	for i := range s.result.Trials {
		t := &s.result.Trials[i]
		if (t.Name == "plateau" || t.Name == "probe") && t.OnTime < wellSent {
			return false
		}
	}
	return true
}

// kind is how sure the kind is, and why.
func (s *search) kind() (Confidence, []string) {
	r := s.result
	switch {
	case s.cfg.Gentle:
		return None, []string{"only an overload shows the kind of a limit, and there was none"}
	case s.dear && !s.endured:
		return None, []string{
			"after an overload nothing was accepted for a while: refusals use up the quota, or a window is long",
		}
	case s.dear:
		return Low, []string{
			"after an overload nothing was accepted any more: refusals use up the quota, as with a window",
		}
	case !r.Overload || r.Plateau == 0:
		return None, []string{"the search ended before an overload showed the kind of the limit"}
	case r.Kind == Soft:
		return s.softKind()
	case r.Kind == Bucket:
		return s.bucket()
	case s.reopened == 0:
		return None, []string{"the search ended before it was known when a window opens again"}
	case r.Kind == FixedWindow || r.Kind == Sliding:
		return s.windowed()
	}
	return None, []string{"the search ended before the kind of the limit was tried"}
}

// softKind is of a limit whose refusals begin below what it accepts.
func (s *search) softKind() (Confidence, []string) {
	r := s.result
	why := []string{fmt.Sprintf("refusals begin at %s, but %s are accepted in overload",
		figure.Rate(r.Failing), figure.Rate(r.Plateau))}
	came := s.late() * r.Plateau
	switch sure := r.Plateau*(1-s.blur()) > (1+beside)*r.Failing; {
	case came < 1:
		return High, why
	case came < r.Burst/8 && sure:
		return Low, why
	}
	return None, append(why, fmt.Sprintf(
		"publishes were taken up to %s late: refusals may come from that", figure.Time(s.late())))
}

// late is how late publishes came to the limiter: as they were sent late, or as it was late to take them.
func (s *search) late() float64 { return max(s.stall, s.slow) }

// blur is how inexact the plateau is because of that, as a share.
func (s *search) blur() float64 {
	if s.window > 0 {
		return s.doubt / s.window
	}
	events := s.result.Overloaded
	if n := firstRefusal(events); n < len(events) {
		events = events[n:]
		half := (events[len(events)-1].At - events[0].At) / 2
		return s.late() / max(half, s.late())
	}
	return 1
}

// bucket is of acceptances that come evenly in overload.
func (s *search) bucket() (Confidence, []string) {
	r := s.result
	p := patternOf(r.Overloaded)
	p.longest = min(p.longest, patternOf(byAnswer(r.Overloaded)).longest)
	missing := p.longest * r.Plateau
	why := []string{fmt.Sprintf(
		"in overload %s publishes were accepted evenly, with no silence longer than %s: a window would show as one",
		figure.Count(p.accepted), figure.Time(p.longest))}
	switch {
	case missing <= evenly || missing <= somewhat && r.Burst >= many:
		return High, why
	case missing <= hardly:
		return Low, append(why, "a window of a few publishes would look like this, too")
	}
	return None, []string{fmt.Sprintf(
		"in overload nothing was accepted for up to %s, but not at equal distances as with a window",
		figure.Time(p.longest))}
}

// byAnswer are the events in the order of their answers, as if each had been sent when it was answered. An endpoint
// that stands still takes what was sent meanwhile in any order: between the moments when it was sent and when answered.
func byAnswer(events []Event) []Event {
	sorted := slices.Clone(events)
	for i := range sorted {
		sorted[i].At = sorted[i].Answered
	}
	slices.SortStableFunc(sorted, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return sorted
}

// windowed is of acceptances that come in runs.
func (s *search) windowed() (Confidence, []string) {
	r := s.result
	events := r.Overloaded
	at := acceptances(events[firstRefusal(events):])
	expected := r.Plateau * s.window
	n := room(at, s.starts)
	why := []string{fmt.Sprintf("in overload about %s were accepted in each of %d windows of %s", count(expected),
		len(s.starts)-1, figure.Time(s.window))}
	why = append(why, fmt.Sprintf(
		"of a burst sent in the middle of a window %s were accepted, and the next %s windows after it began",
		count(r.Burst), figure.Number(s.reopened, 2)))
	switch {
	case n > 0 && s.reopens() && s.fills(exactly):
		return High, why
	case s.reopens() && (n > 0 || s.fills(about)):
		return Low, why
	}
	return None, append(why, "these do not fit together")
}

// reopens reports whether a window was open again when one of its kind is.
func (s *search) reopens() bool {
	when := 0.5
	if s.result.Kind == Sliding {
		when = 1
	}
	return math.Abs(s.reopened-when) < 0.15
}

// fills reports whether the burst is what one window holds, but for a share.
func (s *search) fills(share float64) bool {
	holds := s.result.Plateau * s.window
	return math.Abs(s.result.Burst-holds) <= max(1, share*holds)
}

// burstSeen is how sure the burst is, and why.
func (s *search) burstSeen() (Confidence, []string) {
	r := s.result
	f := s.flooded
	switch {
	case r.Burst == 0 && f.sent > 0:
		return None, []string{"no burst could be sent fast enough to tell"}
	case r.Burst == 0:
		return None, []string{"no burst was sent"}
	case r.Kind == FixedWindow, r.Kind == Sliding:
		return s.windowHolds()
	case r.Kind == Soft:
		return Low, []string{"it is that of a limit of which refusals begin below what it accepts"}
	case s.forgive > 0:
		return None, []string{
			count(r.Burst) + " seemed to be forgiven, but fewer that came together were refused",
		}
	case f.seen:
		return Low, []string{"it was seen once, at the beginning: nobody knows whether it was whole then"}
	case f.calm == 0 && f.sent > 0:
		return Low, []string{fmt.Sprintf(
			"at least so many came through in one of %d bursts, each with pauses", f.sent)}
	case f.calm == 0:
		return Low, []string{"it is what was accepted beyond the rate until the first refusal"}
	case r.KindConfidence != High || r.Burst <= small && f.calm < smallTimes, 2*f.calm <= f.sent:
		return Low, []string{fmt.Sprintf("%d of %d bursts had no pause and showed it", f.calm, f.sent)}
	}
	return High, []string{fmt.Sprintf("%d of %d bursts, sent after a rest, had no pause and showed it",
		f.calm, f.sent)}
}

// windowHolds is how sure the burst of a window is, and why.
func (s *search) windowHolds() (Confidence, []string) {
	switch {
	case s.dear || !s.fills(about):
		return None, []string{count(s.result.Burst) + " were accepted at once, which is not what one window holds"}
	case !s.fills(exactly):
		return Low, []string{"it is about what one window holds"}
	}
	return s.result.KindConfidence, []string{"it is what one window holds"}
}

// count writes a number of publishes.
func count(n float64) string { return figure.Count(int(math.Round(n))) }
