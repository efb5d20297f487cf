package report

import (
	"fmt"
	"math"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// Head is the answer of a report, which stands first in every format.
type Head struct {
	Title   string // The limit, or what came of a rate test.
	Verdict string // PROVED and the like; empty: there is none.
	Because string // Why, or what else is to be known.
	Good    bool   // Nothing is wrong with it: it may be green.
}

// Head is the answer. It is good where a limit is proved, or a rate test had nothing but acceptances, by a machine that
// was fit for it, to the end, and as was expected.
func (r *Report) Head() Head {
	h := Head{Good: !r.Interrupted && r.Fitness() != Unfit && (r.AsExpected == nil || *r.AsExpected)}
	var words []string
	if r.Test == Rate {
		h.Title, h.Because = r.rateWords()
		h.Good = h.Good && r.wholly()
		if r.Fitness() == Unfit {
			words = append(words, "GENERATOR NOT FIT")
		}
	} else {
		h.Title = r.subject() + ": " + r.limit()
		h.Because = strings.TrimSuffix(printable.Text(r.Reason), ".")
		h.Good = h.Good && r.Verdict == Proved
		words = append(words, map[bool]string{true: "PROVED", false: "NOT PROVED"}[r.Verdict == Proved])
	}
	if r.Interrupted {
		words = append(words, "INTERRUPTED")
	}
	h.Verdict = strings.Join(words, ", ")
	return h
}

// answer is the head as one line.
func (r *Report) answer() string {
	h := r.Head()
	switch {
	case r.Test == Rate && h.Verdict == "":
		return h.Title + " " + h.Because + "."
	case r.Test == Rate:
		return h.Title + " " + h.Because + ". " + h.Verdict + "."
	case h.Because == "":
		return h.Title + ". " + h.Verdict + "."
	}
	return h.Title + ". " + h.Verdict + ": " + h.Because + "."
}

// subject says which limit it is.
func (r *Report) subject() string {
	if r.Target.Region == "" {
		return "Publish limit"
	}
	return "Publish limit in " + printable.Text(r.Target.Region)
}

// limit is the limit in words, as exactly as it is known.
func (r *Report) limit() string {
	switch {
	case r.Verdict == Proved:
		return figure.Rate(between(*r.CleanRate, *r.FailingRate))
	case r.onlyBracketed():
		return "below " + figure.Rate(*r.FailingRate)
	case r.CleanRate != nil && r.FailingRate != nil:
		return fmt.Sprintf("about %s to %s", figure.Rate(*r.CleanRate),
			figure.Rate(max(*r.FailingRate, value(r.PlateauRate))))
	case r.CleanRate != nil:
		return "above " + figure.Rate(*r.CleanRate)
	case r.FailingRate != nil:
		return "below " + figure.Rate(*r.FailingRate)
	}
	return "not found"
}

// onlyBracketed reports whether the clean rate was only passed on the way up, which may have come from a burst: then it
// says nothing of the limit.
func (r *Report) onlyBracketed() bool {
	return r.Verdict != Proved && r.CleanSent == 0 && r.PlateauRate == nil && r.FailingRate != nil
}

// between returns the middle of two rates, with no more digits than they leave.
func between(clean, failing float64) float64 {
	middle := math.Sqrt(clean * failing)
	step := math.Pow(10, math.Floor(math.Log10(failing-clean)))
	return math.Round(middle/step) * step
}
