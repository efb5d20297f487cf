package report

import (
	"fmt"
	"math"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// fact is one line of what was found: every format writes the same ones.
type fact struct{ Name, Text string }

// answer is the first line of every format.
func (r *Report) answer() string {
	if r.Test == Rate {
		return r.rateAnswer()
	}
	verdict := "NOT PROVED"
	if r.Verdict == Proved {
		verdict = "PROVED"
	}
	return fmt.Sprintf("%s: %s. %s: %s.", r.subject(), r.limit(), verdict,
		strings.TrimSuffix(printable.Text(r.Reason), "."))
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
		return fmt.Sprintf("about %s to %s", figure.Number(*r.CleanRate, 3),
			figure.Number(max(*r.FailingRate, value(r.PlateauRate)), 3)+"/s")
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

func value(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// facts are what was found, without the latency and the refusals.
func (r *Report) facts() []fact {
	var facts []fact
	if r.Test == Rate {
		facts = r.rateFacts()
	} else {
		facts = r.limitFacts()
	}
	if r.Expected != "" && r.AsExpected != nil {
		met := map[bool]string{true: "met", false: "NOT MET"}[*r.AsExpected]
		facts = append(facts, fact{"Expected", printable.Text(r.Expected) + ": " + met})
	}
	facts = append(facts, fact{"Generator", r.Generator.words()}, fact{"Used", r.used()})
	if advice := r.advice(); advice != "" {
		facts = append(facts, fact{"Try", advice})
	}
	return facts
}

// advice says what could lead to a proof.
func (r *Report) advice() string {
	switch {
	case r.Test != Find || r.Verdict == Proved:
		return ""
	case r.Interrupted:
		return "let it run to its end"
	case !r.Generator.fit() || r.Generator.Repeated > 0:
		return "run it on a machine that has nothing else to do"
	case r.Limiter == "soft" || r.Limiter == "shared":
		return "run it again while nobody else publishes; if nothing changes, the limit has several parts: stay " +
			"below the clean rate"
	case r.Settings.NoOverload:
		return "run it without --no-overload at a time when nobody else publishes"
	case r.FailingRate == nil && r.CleanRate != nil:
		return "raise --max-rate, if that is a rate that you need"
	}
	return "run it again; --effort proof takes longer and repeats more"
}

func (r *Report) limitFacts() []fact {
	var facts []fact
	add := func(known bool, name, format string, args ...any) {
		if known {
			facts = append(facts, fact{name, fmt.Sprintf(format, args...)})
		}
	}
	if r.CleanRate != nil {
		add(true, "Clean", "%s%s", figure.Rate(*r.CleanRate), r.cleanEvidence())
	}
	if r.FailingRate != nil {
		refused, trials := r.failing()
		add(trials > 0, "Failing", "%s: refused in %d of %d trials", figure.Rate(*r.FailingRate), refused, trials)
		add(trials == 0, "Failing", "%s", figure.Rate(*r.FailingRate))
	}
	for _, g := range r.Goals {
		add(true, "Goal "+figure.Share(g.Goal), "%s", g.words())
	}
	if r.PlateauRate != nil {
		add(true, "Overload", "%s are accepted, however much is offered", figure.Rate(*r.PlateauRate))
	}
	if r.Burst != nil {
		add(true, "Burst", "about %s publishes at once after a pause", figure.Count(int(math.Round(*r.Burst))))
	}
	add(r.Limiter != "", "Kind", "%s", r.kind())
	if r.RejectionsCost != nil {
		costs := map[bool]string{
			true:  "use up quota: if you keep publishing after a refusal, less is accepted",
			false: "use up no quota",
		}[*r.RejectionsCost]
		add(true, "Refusals", "%s", costs)
	}
	add(r.Unit != "", "Counts", "%s", printable.Text(r.Unit))
	for _, d := range r.Dimensions {
		if d.Unfit != "" {
			add(true, "", "%s %s: it is not known whether it counts: %s", printable.Text(d.Name),
				printable.Text(d.Value), printable.Text(d.Unfit))
			continue
		}
		moved := map[bool]string{true: "counts", false: "does not count"}[d.Counts]
		add(true, "", "%s %s: %s accepted in overload; it %s", printable.Text(d.Name), printable.Text(d.Value),
			figure.Rate(d.Plateau), moved)
	}
	return facts
}

func (g *Goal) words() string {
	if g.CleanRate == nil {
		return "NOT PROVED: " + printable.Text(g.Reason)
	}
	text := figure.Rate(*g.CleanRate) + " are refused no more than that"
	if g.CleanBound != nil {
		text += " (at most " + figure.Bound(*g.CleanBound) + " with 95 % confidence)"
	}
	if g.FailingRate != nil {
		text += ", " + figure.Rate(*g.FailingRate) + " are refused more"
	}
	if g.Verdict != Proved {
		return text + "; NOT PROVED: " + printable.Text(g.Reason)
	}
	return text + "; PROVED"
}

func (r *Report) cleanEvidence() string {
	if r.CleanSent == 0 {
		return ""
	}
	refused, excused := 0, 0
	for _, t := range r.at(*r.CleanRate) {
		refused += t.Refused
		excused += t.Excused
	}
	text := fmt.Sprintf(": %s of %s refused", figure.Count(refused), figure.Count(r.CleanSent))
	if excused > 0 {
		text += fmt.Sprintf(" (%s because others before them were late)", figure.Count(excused))
	}
	if r.CleanBound != nil {
		text += ", that is at most " + figure.Bound(*r.CleanBound) + " with 95 % confidence"
	}
	return text
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

func (r *Report) kind() string {
	window := ""
	if r.WindowSeconds != nil {
		window = " of " + figure.Number(*r.WindowSeconds, 3) + " s"
	}
	switch r.Limiter {
	case "bucket":
		return "bucket: tokens come at the rate, a pause saves up a burst"
	case "fixed-window":
		return "fixed window" + window + ": a fixed number of publishes in each window, and windows follow each other"
	case "sliding":
		return "sliding window" + window + ": a fixed number of publishes within any such time"
	case "soft":
		return "soft: refusals begin before the quota is used up, as when it is spread over several servers or " +
			"others use it, too"
	case "shared":
		return "shared: others use the quota, too"
	case "unknown":
		return "unknown: it was not determined"
	}
	return printable.Text(r.Limiter)
}

const (
	onTimeEnough = 0.995
	cpuEnough    = 0.8
)

// fit reports whether the machine that sent could do what was asked of it.
func (g *Generator) fit() bool {
	return g.OnTime >= onTimeEnough && g.CPU <= cpuEnough && g.Repeated == 0
}

func (g *Generator) words() string {
	text := "healthy"
	if !g.fit() {
		text = "NOT FIT"
	}
	text += ": " + figure.Share(g.OnTime) + " sent on time"
	if g.SendDelay.P99 != nil {
		text += ", send delay " + figure.Time(*g.SendDelay.P99) + " at p99"
	}
	text += fmt.Sprintf(", at most %s of %d cores", figure.Share(g.CPU), g.Cores)
	if g.Ceiling > 0 {
		text += ", could send " + figure.Rate(math.Round(g.Ceiling))
	}
	if g.Repeated > 0 {
		text += fmt.Sprintf("; trials repeated because it was not fit: %d", g.Repeated)
	}
	return text
}

func (r *Report) used() string {
	text := fmt.Sprintf("%s requests in %s, %s", figure.Count(r.Requests), figure.Duration(r.DurationSeconds),
		span(r.Started, r.Ended))
	if r.Interrupted {
		text += "; INTERRUPTED"
	}
	return text
}
