package report

import (
	"fmt"
	"math"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

func value(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// rateFact is a fact that is a rate.
func rateFact(key, name string, rate *float64, also, short string) Fact {
	if rate == nil {
		return Fact{Key: key, Name: name, Unit: perSecondUnit, Text: notDetermined}
	}
	return Fact{
		Key: key, Name: name, Value: rate, Unit: perSecondUnit, Text: figure.Rate(*rate), Also: also, Short: short,
	}
}

func (r *Report) expectedFact() []Fact {
	if r.Expected == "" || r.AsExpected == nil {
		return nil
	}
	met := map[bool]string{true: "met", false: "NOT MET"}[*r.AsExpected]
	return []Fact{{Key: "as_expected", Name: "Expected", Text: printable.Text(r.Expected), Also: met}}
}

func (r *Report) requestsFact() Fact {
	took := "in " + figure.Duration(r.DurationSeconds)
	return Fact{
		Key: "requests", Name: "Requests", Value: new(float64(r.Requests)), Unit: publishesUnit,
		Text: figure.Count(r.Requests), Also: took + ", " + span(r.Started, r.Ended), Short: took,
	}
}

// limitFacts are those of a search.
func (r *Report) limitFacts() []Fact {
	facts := []Fact{r.cleanFact(), r.failingFact()}
	for i := range r.Goals {
		facts = append(facts, r.Goals[i].fact())
	}
	facts = append(facts,
		rateFact("plateau_rate", "Plateau rate", r.PlateauRate, "accepted of an overload, however much is offered",
			"accepted of an overload"),
		r.burstFact(), r.limiterFact())
	if r.RejectionsCost != nil {
		costs := map[bool]string{
			true:  "use up quota: if you keep publishing after a refusal, less is accepted",
			false: "use up no quota",
		}[*r.RejectionsCost]
		facts = append(facts, Fact{Key: "rejections_cost", Name: "Refusals", Text: costs})
	}
	if r.Unit != "" {
		facts = append(facts, Fact{Key: "unit", Name: "Counts", Text: printable.Text(r.Unit)})
	}
	for i := range r.Dimensions {
		facts = append(facts, r.Dimensions[i].fact())
	}
	return facts
}

func (d *Dimension) fact() Fact {
	what := printable.Text(d.Name) + " " + printable.Text(d.Value)
	if d.Unfit != "" {
		return Fact{Text: what, Also: "it is not known whether it counts: " + printable.Text(d.Unfit)}
	}
	moved := map[bool]string{true: "counts", false: "does not count"}[d.Counts]
	accepted := map[bool]string{true: ", and hardly anything was refused", false: " of an overload"}[d.Unrefused]
	return Fact{
		Key: "dimensions.plateau_rate", Value: &d.Plateau, Unit: perSecondUnit, Text: what,
		Also: figure.Rate(d.Plateau) + " accepted" + accepted + "; it " + moved,
	}
}

func (g *Goal) fact() Fact {
	f := rateFact("goals.clean_rate", "Goal "+figure.Share(g.Goal), g.CleanRate, "", "")
	refused := "refused no more than that"
	if g.CleanBound != nil {
		refused += " (at most " + figure.Bound(*g.CleanBound) + " with 95 % confidence)"
	}
	if g.CleanRate == nil {
		refused = ""
	}
	failing, verdict := "", "NOT PROVED: "+printable.Text(g.Reason)
	if g.FailingRate != nil {
		failing = figure.Rate(*g.FailingRate) + " are refused more"
	}
	if g.Verdict == Proved {
		verdict = "PROVED"
	}
	f.Also = joined("; ", joined(", ", refused, failing), verdict)
	return f
}

// cleanFact has the trials at the clean rate that count: those in which it was held.
func (r *Report) cleanFact() Fact {
	f := rateFact("clean_rate", "Clean rate", r.CleanRate, "", "")
	if r.CleanRate != nil && r.onlyBracketed() {
		f.Short = "passed on the way up"
		f.Also = f.Short + ", which a burst may have let pass"
	}
	if r.CleanRate == nil || r.CleanSent == 0 {
		return f
	}
	refused, excused := 0, 0
	for _, t := range r.at(*r.CleanRate) {
		if t.Passed {
			refused += t.Refused
			excused += t.Excused
		}
	}
	f.Also = fmt.Sprintf("%s of %s refused", figure.Count(refused), figure.Count(r.CleanSent))
	if excused > 0 {
		f.Also += fmt.Sprintf(" (%s because others before them were late)", figure.Count(excused))
	}
	if r.CleanBound != nil {
		most := "at most " + figure.Bound(*r.CleanBound)
		f.Also += ", that is " + most + " with 95 % confidence"
		f.Short = most + " refused"
	}
	return f
}

func (r *Report) failingFact() Fact {
	f := rateFact("failing_rate", "Failing rate", r.FailingRate, "", "")
	if r.FailingRate == nil {
		return f
	}
	if refused, trials := r.failing(); trials > 0 {
		f.Also = fmt.Sprintf("refused in %d of %d trials", refused, trials)
		f.Short = f.Also
	}
	return f
}

// at returns the trials that prove a rate.
func (r *Report) at(rate float64) []Trial {
	var trials []Trial
	for _, t := range r.Trials {
		if t.Name == "prove" && t.Unfit == "" && math.Abs(t.Rate-rate) <= 1e-9*rate {
			trials = append(trials, t)
		}
	}
	return trials
}

// failing counts the trials at the failing rate, and those of them that did not pass.
func (r *Report) failing() (refused, trials int) {
	for _, t := range r.at(*r.FailingRate) {
		trials++
		if !t.Passed {
			refused++
		}
	}
	return refused, trials
}
