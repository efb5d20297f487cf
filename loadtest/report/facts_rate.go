package report

import (
	"fmt"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// totals are the publishes of a rate test. All that were planned are offered, also if it was too late to send them.
type totals struct {
	Offered, Sent, Accepted, Refused, Failed int
	OfferedIn, Took                          float64 // Seconds: planned for; until the last was sent.
}

func (t *totals) notSent() int    { return t.Offered - t.Sent }
func (t *totals) unanswered() int { return max(0, t.Sent-t.Accepted-t.Refused-t.Failed) }

func (t *totals) offeredRate() float64 { return perSecond(t.Offered, t.OfferedIn) }

// totals adds up a rate test. Its trial has the numbers; what is not in it, as in reports of before, is in its seconds.
func (r *Report) totals() totals {
	var sum totals
	for _, s := range r.Seconds {
		sum.Offered += s.Offered
		sum.Accepted += s.Accepted
		sum.Refused += s.Refused
		sum.Failed += s.Failed
	}
	sum.Sent = sum.Accepted + sum.Refused + sum.Failed
	sum.OfferedIn, sum.Took = r.DurationSeconds, r.DurationSeconds
	for _, t := range r.Trials {
		if t.Name != Rate {
			continue
		}
		sum.Sent, sum.Accepted, sum.Refused, sum.Failed = t.Sent, t.Accepted, t.Refused, t.Failed
		sum.Offered = max(sum.Offered, t.Sent)
		if t.NotSent > 0 {
			sum.Offered = t.Sent + t.NotSent
		}
		sum.OfferedIn, sum.Took = t.Seconds, t.Seconds
		if t.OfferedSeconds > 0 {
			sum.OfferedIn = t.OfferedSeconds
		}
		break
	}
	return sum
}

// wholly reports whether all that was offered was accepted, and delivered.
func (r *Report) wholly() bool {
	sum := r.totals()
	return sum.Accepted == sum.Offered && (r.Delivery == nil || r.Delivery.Lost == 0)
}

func perSecond(n int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

// rateWords are the two parts of the answer.
func (r *Report) rateWords() (title, rest string) {
	sum := r.totals()
	title = fmt.Sprintf("Rate test: %s accepted", figure.Rate(perSecond(sum.Accepted, sum.Took)))
	parts := []string{fmt.Sprintf("of %s offered", figure.Rate(sum.offeredRate()))}
	for _, part := range []struct {
		n    int
		what string
	}{{sum.Refused, "refused"}, {sum.Failed, "failed"}, {sum.notSent(), "not sent"}} {
		if part.n > 0 {
			parts = append(parts, figure.Share(share(part.n, sum.Offered))+" "+part.what)
		}
	}
	if d := r.Delivery; d != nil && d.Lost > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s lost on the way through the bridge", figure.Count(d.Lost),
			figure.Count(d.Sent)))
	}
	rest = strings.Join(parts, ", ")
	if r.Reason != "" {
		rest += ": " + printable.Text(r.Reason)
	}
	return title, rest
}

// rateFacts are those of a rate test. Shares are of what was offered.
func (r *Report) rateFacts() []Fact {
	sum := r.totals()
	asked := "asked for " + figure.Rate(r.Settings.Rate)
	if r.Settings.Shape != "" {
		asked += ", " + printable.Text(r.Settings.Shape)
	}
	offered := figure.Rate(sum.offeredRate()) + " for " + figure.Duration(sum.OfferedIn)
	facts := []Fact{{
		Key: "offered", Name: "Offered", Value: new(float64(sum.Offered)), Unit: publishesUnit,
		Text: figure.Count(sum.Offered), Also: offered + " (" + asked + ")", Short: offered,
	}}
	add := func(always bool, key, name string, n int) {
		if !always && n == 0 {
			return
		}
		also := figure.Rate(perSecond(n, sum.Took)) + ", " + figure.Share(share(n, sum.Offered))
		facts = append(facts, Fact{
			Key: key, Name: name, Value: new(float64(n)), Unit: publishesUnit, Text: figure.Count(n), Also: also,
			Short: also,
		})
	}
	add(true, "accepted", "Accepted", sum.Accepted)
	add(true, "refused", "Refused", sum.Refused)
	add(true, "failed", "Failed", sum.Failed)
	add(false, "unanswered", "Unanswered", sum.unanswered())
	if n := sum.notSent(); n > 0 {
		part := figure.Share(share(n, sum.Offered))
		facts = append(facts, Fact{
			Key: "not_sent", Name: "Not sent", Value: new(float64(n)), Unit: publishesUnit, Text: figure.Count(n),
			Also: part + ", and in none of the times", Short: part,
		})
	}
	return append(facts, r.Delivery.facts()...)
}

func (d *Delivery) facts() []Fact {
	if d == nil {
		return nil
	}
	of := func(key, name string, n int, also string) Fact {
		return Fact{
			Key: "delivery." + key, Name: name, Value: new(float64(n)), Unit: publishesUnit, Text: figure.Count(n),
			Also: also, Short: also,
		}
	}
	facts := []Fact{
		of("delivered", "Delivered", d.Delivered, "of "+figure.Count(d.Sent)+" that NATS took"),
		of("lost", "Lost", d.Lost, ""), of("duplicates", "Duplicated", d.Duplicates, ""),
		of("reordered", "Reordered", d.Reordered, ""),
	}
	if d.Discontinuities > 0 {
		facts = append(facts, of("discontinuities", "Breaks", d.Discontinuities,
			"in the sequence of topics, as the endpoint told subscribers"))
	}
	return facts
}
