package soak

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"momento-bridge/loadtest/drift"
	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// fact is one line of a report.
type fact struct{ name, text string }

// answer is the first line.
func (r *Report) answer() string {
	d := &r.Delivery
	lost := fmt.Sprintf("nothing of %s messages was lost", figure.Count(d.Sent))
	if d.Lost > 0 {
		were := map[bool]string{true: "was", false: "were"}[d.Lost == 1]
		lost = fmt.Sprintf("%s of %s messages %s lost", figure.Count(d.Lost), figure.Count(d.Sent), were)
	}
	switch r.Verdict {
	case Lost:
		if names := r.drifting(); names != "" {
			return "LOST: " + lost + "; drifting: " + names
		}
		return "LOST: " + lost
	case Drifted:
		return "DRIFT: " + r.drifting() + "; " + lost
	case Steady:
		return "STEADY: " + lost + ", no drift"
	}
	return "TOO SHORT to tell of drift: " + lost
}

// drifting names what drifts.
func (r *Report) drifting() string {
	var names []string
	for i := range r.Series {
		if r.Series[i].Drift.Has() {
			names = append(names, printable.Text(r.Series[i].Name))
		}
	}
	return strings.Join(names, ", ")
}

// facts are what was found, each once.
func (r *Report) facts() []fact {
	d := &r.Delivery
	facts := []fact{{"Delivered", fmt.Sprintf("%s of %s, lost %s, twice %s, out of order %s", figure.Count(d.Delivered),
		figure.Count(d.Sent), figure.Count(d.Lost), figure.Count(d.Duplicates), figure.Count(d.Reordered))}}
	if d.Late > 0 {
		facts = append(facts, fact{"", fmt.Sprintf("%s came after %v, when they had been given up",
			figure.Count(d.Late), lostAfter)})
	}
	if d.UnderWay > 0 {
		facts = append(facts, fact{"", figure.Count(d.UnderWay) + " more were on their way when it ended early"})
	}
	if d.NotTaken+d.NotSent > 0 {
		facts = append(facts, fact{"Not sent", fmt.Sprintf(
			"%s that NATS did not take, %s as this machine was too slow", figure.Count(d.NotTaken),
			figure.Count(d.NotSent))})
	}
	facts = append(facts, fact{"End to end", r.latency()})
	for i := range r.Series {
		facts = append(facts, fact{r.Series[i].title(), r.Series[i].words(r.clock())})
	}
	facts = append(facts, fact{"Offered", r.offered()}, fact{"Target", r.target()}, fact{"Time", r.time()})
	if r.Reason != "" {
		facts = append(facts, fact{"Ended", printable.Text(r.Reason)})
	}
	return facts
}

func (r *Report) latency() string {
	l := &r.Delivery.Latency
	text := []string{}
	for _, p := range []struct {
		name string
		v    *float64
	}{{"p50", l.P50}, {"p99", l.P99}, {"p99.9", l.P999}, {"max", l.Max}} {
		if p.v != nil {
			text = append(text, p.name+" "+inUnit(*p.v, "s"))
		}
	}
	if len(text) == 0 {
		return "nothing has come"
	}
	return strings.Join(text, ", ")
}

// title is the name as that of a fact.
func (s *Series) title() string {
	first, size := utf8.DecodeRuneInString(s.Name)
	return printable.Text(string(unicode.ToUpper(first)) + s.Name[size:])
}

// words say what became of a series.
func (s *Series) words(clock string) string {
	d := &s.Drift
	if d.First == nil || d.Last == nil {
		return printable.Text(string(d.Shape))
	}
	tenths := fmt.Sprintf("%s in the first tenth, %s in the last", inUnit(*d.First, s.Unit), inUnit(*d.Last, s.Unit))
	switch d.Shape {
	case drift.Step:
		return fmt.Sprintf("CHANGED at %s from %s to %s%s (p = %.2g); %s", d.Since.Format(clock),
			inUnit(*d.Before, s.Unit), inUnit(*d.After, s.Unit), d.share(), d.P, tenths)
	case drift.Slope:
		return fmt.Sprintf("DRIFTS by %s an hour since %s (p = %.2g), so far from %s to %s; %s", s.perHour(),
			d.Since.Format(clock), d.P, inUnit(*d.Before, s.Unit), inUnit(*d.After, s.Unit), tenths)
	case drift.Short:
		return "too short to tell of drift; " + tenths
	case drift.None:
		return "no drift; " + tenths
	}
	return tenths
}

// clock is how a time of the report is written.
func (r *Report) clock() string {
	if r.DurationSeconds > 20*3600 {
		return "2006-01-02 15:04 UTC"
	}
	return "15:04 UTC"
}

func (d *Drift) share() string {
	if d.Change == nil {
		return ""
	}
	return ", by " + signed(100**d.Change, " %")
}

// perHour is how fast it drifts: as a share of the level before, if there was one.
func (s *Series) perHour() string {
	if before := *s.Drift.Before; before > 0 {
		return signed(100**s.Drift.PerHour/before, " %")
	}
	return signed(*s.Drift.PerHour, s.Unit)
}

func (r *Report) offered() string {
	text := figure.Rate(r.Settings.Rate)
	if r.Settings.Quota > 0 {
		text += fmt.Sprintf(", %s of the quota of %s", figure.Share(r.Settings.Rate/r.Settings.Quota),
			figure.Rate(r.Settings.Quota))
	}
	return fmt.Sprintf("%s, to %s", text, terminal.Plural(r.Settings.Topics, "topic"))
}

func (r *Report) target() string {
	t := &r.Target
	return fmt.Sprintf("NATS %s, this bridge %s, %s, cache %s, topic %s", printable.Text(r.Settings.NATS),
		printable.Text(t.Version), printable.Text(t.Endpoint), printable.Text(strings.Join(t.Caches, " and ")),
		printable.Text(t.Topic))
}

func (r *Report) time() string {
	text := fmt.Sprintf("%s from %s UTC, a sample each %g s", figure.Duration(r.DurationSeconds),
		r.Started.UTC().Format("2006-01-02 15:04:05"),
		r.Settings.EverySeconds)
	if r.Interrupted {
		text += "; INTERRUPTED"
	}
	return text
}

// inUnit writes a value for people.
func inUnit(v float64, unit string) string {
	switch unit {
	case "s":
		return figure.Time(v)
	case "bytes":
		return terminal.Bytes(int64(v))
	case " %":
		return figure.Number(v, 3) + unit
	}
	return figure.Number(v, 4) + printable.Text(unit)
}

// signed is inUnit with a sign.
func signed(v float64, unit string) string {
	if v < 0 {
		return "-" + inUnit(-v, unit)
	}
	return "+" + inUnit(v, unit)
}
