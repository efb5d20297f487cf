package report

import (
	"fmt"

	"momento-bridge/loadtest/figure"
)

// preflightFacts say how exactly the machine could send, as measured before anything was published; none if it was not.
func (r *Report) preflightFacts() []Fact {
	g := &r.Generator
	if len(g.Timing) == 0 {
		return nil
	}
	fit := Fact{
		Key: "generator.fit_rate", Name: "Preflight", Value: new(g.FitRate), Unit: perSecondUnit,
		Text: "sends exactly up to " + figure.Rate(g.FitRate), Also: "it stood still for up to " + figure.Time(g.Burst),
	}
	if g.FitRate == 0 {
		fit.Text = "sends at no rate exactly"
	}
	facts := []Fact{fit}
	for _, t := range g.Timing {
		facts = append(facts, Fact{
			Text: "at " + figure.Rate(t.Rate),
			Also: fmt.Sprintf("%s in time, p99 %s late", figure.Share(t.OnTime), figure.Time(t.P99Late)),
		})
	}
	return facts
}
