package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// The outcomes of a comparison.
const (
	Unchanged     = "unchanged"      // The interval of the change holds 0.
	Changed       = "changed"        // The interval of the change does not hold 0.
	NotComparable = "not_comparable" // One of the two is not proved.
)

// Comparison says whether a later report has another limit than an earlier one. Changes are shares of the earlier
// limit: 0.1 is 10 % more.
type Comparison struct {
	Schema  int    `json:"schema"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"` // Why they cannot be compared.
	// From the middle of one bracket to that of the other; null: one has no bracket.
	Change *float64 `json:"change"`
	// What both brackets leave. Where the outcome is not_comparable it is what was seen, not what is proved.
	Low      *float64 `json:"change_at_least"`
	High     *float64 `json:"change_at_most"`
	A        Side     `json:"a"`                  // The earlier one.
	B        Side     `json:"b"`                  // The later one.
	Warnings []string `json:"warnings,omitempty"` // What differs besides.
}

// Side is what a comparison needs of a report.
type Side struct {
	Test        string   `json:"test"`
	Verdict     string   `json:"verdict"`
	Reason      string   `json:"reason"`
	CleanRate   *float64 `json:"clean_rate"`
	FailingRate *float64 `json:"failing_rate"`
	PlateauRate *float64 `json:"plateau_rate"`
	Started     string   `json:"started"` // UTC.
	answer      string
	limit       string
}

// Changed reports whether the limit is proved to be another one.
func (c *Comparison) Changed() bool { return c.Outcome == Changed }

// Proved reports whether both limits are proved, so that the outcome can be relied on.
func (c *Comparison) Proved() bool { return c.Outcome != NotComparable }

// Compare compares an earlier report with a later one. The true limits lie between the clean and the failing rates, so
// the change lies between the later clean rate by the earlier failing rate and the later failing rate by the earlier
// clean rate.
func Compare(a, b *Report) Comparison {
	a, b = tidy(a), tidy(b)
	c := Comparison{Schema: Schema, A: sideOf(a), B: sideOf(b), Warnings: differences(a, b)}
	if bracketed(a) && bracketed(b) {
		low, high := *b.CleanRate / *a.FailingRate - 1, *b.FailingRate / *a.CleanRate - 1
		middle := math.Sqrt(*b.CleanRate / *a.CleanRate * *b.FailingRate / *a.FailingRate) - 1
		c.Change, c.Low, c.High = &middle, &low, &high
	}
	switch {
	case a.Test != Find || b.Test != Find:
		c.Outcome, c.Reason = NotComparable, "a rate test has no limit; compare two reports of `loadtest find`"
	case a.Verdict != Proved && b.Verdict != Proved:
		c.Outcome, c.Reason = NotComparable, "neither limit is proved. A: "+a.Reason+". B: "+b.Reason
	case a.Verdict != Proved:
		c.Outcome, c.Reason = NotComparable, "the limit of A is not proved: "+a.Reason
	case b.Verdict != Proved:
		c.Outcome, c.Reason = NotComparable, "the limit of B is not proved: "+b.Reason
	case *c.Low <= 0 && *c.High >= 0:
		c.Outcome = Unchanged
	default:
		c.Outcome = Changed
	}
	return c
}

func bracketed(r *Report) bool {
	return r.CleanRate != nil && r.FailingRate != nil && *r.CleanRate > 0 && *r.FailingRate > 0
}

func sideOf(r *Report) Side {
	return Side{
		r.Test, r.Verdict, r.Reason, r.CleanRate, r.FailingRate, r.PlateauRate,
		r.Started.UTC().Format(secondLayout), r.answer(), r.limit(),
	}
}

// differences says what else is not the same in both, and could be why a limit differs.
func differences(a, b *Report) []string {
	var found []string
	add := func(name string, a, b any) {
		x, y := printable.Text(fmt.Sprint(a)), printable.Text(fmt.Sprint(b))
		if x != y {
			x, y = cmp.Or(x, "none"), cmp.Or(y, "none")
			found = append(found, fmt.Sprintf("%s differs: %s and %s", name, x, y))
		}
	}
	add("the endpoint", a.Target.Endpoint, b.Target.Endpoint)
	add("the cache", strings.Join(a.Target.Caches, ", "), strings.Join(b.Target.Caches, ", "))
	add("the payload size (bytes)", a.Target.Bytes, b.Target.Bytes)
	add("the number of topics", a.Target.Topics, b.Target.Topics)
	add("the number of connections", a.Target.Connections, b.Target.Connections)
	add("the way (via)", a.Target.Via, b.Target.Via)
	add("the goal", a.Settings.Goal, b.Settings.Goal)
	if a.Test == Find && b.Test == Find {
		add("what the limit counts", a.Unit, b.Unit)
		add("the kind of limiter", a.Limiter, b.Limiter)
	}
	if b.Started.Before(a.Started) {
		found = append(found, "B is older than A")
	}
	return found
}

// WriteJSON writes the comparison for machines.
func (c *Comparison) WriteJSON(to io.Writer) error { return writeJSON(to, c) }

// WriteText writes the comparison for people: the outcome first.
func (c *Comparison) WriteText(to io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", c.outcome())
	line(&b, "A", c.A.Started+" UTC  "+c.A.answer)
	line(&b, "B", c.B.Started+" UTC  "+c.B.answer)
	if c.Outcome == NotComparable && c.Change != nil {
		line(&b, "Seen", "the brackets differ by "+c.change()+", which is not proved")
	}
	if p, q := c.A.PlateauRate, c.B.PlateauRate; p != nil && q != nil && *p > 0 {
		line(&b, "Overload", fmt.Sprintf("%s and %s accepted: %s", figure.Rate(*p), figure.Rate(*q),
			signed(*q / *p - 1)))
	}
	for i, w := range c.Warnings {
		line(&b, map[bool]string{true: "Mind"}[i == 0], w)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func (c *Comparison) outcome() string {
	switch c.Outcome {
	case Changed:
		return fmt.Sprintf("Publish limit CHANGED by %s: %s, then %s.", c.change(), c.A.limit, c.B.limit)
	case Unchanged:
		return fmt.Sprintf(
			"Publish limit unchanged: %s, then %s; a change can only lie between %s and %s.", c.A.limit, c.B.limit,
			signed(*c.Low), signed(*c.High))
	}
	return "NOT COMPARABLE: " + printable.Text(c.Reason) + "."
}

func (c *Comparison) change() string {
	return fmt.Sprintf("%s [%s, %s]", signed(*c.Change), signed(*c.Low), signed(*c.High))
}

func signed(share float64) string {
	text := figure.Number(share*100, 3) + " %"
	if share > 0 {
		return "+" + text
	}
	return text
}
