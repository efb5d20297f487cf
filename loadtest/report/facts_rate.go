package report

import (
	"fmt"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// totals are the publishes of a rate test, and the seconds in which they were offered.
func (r *Report) totals() (sum Second, seconds float64) {
	for _, t := range r.Trials {
		if t.Name == Rate {
			return Second{Offered: t.Sent, Accepted: t.Accepted, Refused: t.Refused, Failed: t.Failed}, t.Seconds
		}
	}
	for _, s := range r.Seconds {
		sum.Offered += s.Offered
		sum.Accepted += s.Accepted
		sum.Refused += s.Refused
		sum.Failed += s.Failed
	}
	return sum, r.DurationSeconds
}

func perSecond(n int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

func (r *Report) rateAnswer() string {
	title, rest := r.rateWords()
	return title + " " + rest + "."
}

// rateWords are the two parts of the answer.
func (r *Report) rateWords() (title, rest string) {
	sum, seconds := r.totals()
	title = fmt.Sprintf("Rate test: %s accepted", figure.Rate(perSecond(sum.Accepted, seconds)))
	rest = fmt.Sprintf("of %s offered", figure.Rate(perSecond(sum.Offered, seconds)))
	if sum.Refused > 0 {
		rest += ", " + figure.Share(share(sum.Refused, sum.Offered)) + " refused"
	}
	if sum.Failed > 0 {
		rest += ", " + figure.Share(share(sum.Failed, sum.Offered)) + " failed"
	}
	if d := r.Delivery; d != nil && d.Lost > 0 {
		rest += fmt.Sprintf(", %s of %s lost on the way through the bridge", figure.Count(d.Lost), figure.Count(d.Sent))
	}
	if r.Reason != "" {
		rest += ": " + printable.Text(r.Reason)
	}
	return title, rest
}

func (r *Report) rateFacts() []fact {
	sum, seconds := r.totals()
	asked := "asked for " + figure.Rate(r.Settings.Rate)
	if r.Settings.Shape != "" {
		asked += ", " + printable.Text(r.Settings.Shape)
	}
	of := func(n int) string {
		return fmt.Sprintf("%s: %s, %s", figure.Count(n), figure.Rate(perSecond(n, seconds)), figure.Share(share(n, sum.Offered)))
	}
	facts := []fact{
		{"Offered", fmt.Sprintf("%s in %s: %s (%s)", figure.Count(sum.Offered), figure.Duration(seconds),
			figure.Rate(perSecond(sum.Offered, seconds)), asked)},
		{"Accepted", of(sum.Accepted)},
		{"Refused", of(sum.Refused)},
		{"Failed", of(sum.Failed)},
	}
	if open := sum.Offered - sum.Accepted - sum.Refused - sum.Failed; open > 0 {
		facts = append(facts, fact{"Unanswered", of(open)})
	}
	if d := r.Delivery; d != nil {
		facts = append(facts,
			fact{"Delivery", fmt.Sprintf("%s of %s reached a subscriber", figure.Count(d.Delivered), figure.Count(d.Sent))},
			fact{"", fmt.Sprintf("lost %s, duplicated %s, reordered %s", figure.Count(d.Lost), figure.Count(d.Duplicates),
				figure.Count(d.Reordered))})
		if d.Discontinuities > 0 {
			facts = append(facts, fact{"", "breaks in the sequence of topics, as the endpoint told subscribers: " +
				figure.Count(d.Discontinuities)})
		}
	}
	return facts
}
