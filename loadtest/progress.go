package loadtest

import (
	"fmt"
	"time"

	"momento-bridge/loadtest/figure"
)

// Lines say how far a search is, for people, in the words of its report.
func (p *FindProgress) Lines() []string {
	known := ""
	if p.Step.Clean > 0 {
		known = "clean rate " + figure.Rate(p.Step.Clean) + ", "
	}
	if p.Step.Failing > 0 {
		known += "failing rate " + figure.Rate(p.Step.Failing) + ", "
	}
	if known += "so far"; p.Step.Clean+p.Step.Failing == 0 {
		known = "nothing is known yet"
	}
	return []string{
		fmt.Sprintf("%s trial %d: %s at %s for up to %s", figure.Duration(p.Elapsed.Seconds()), p.Trial, p.Step.Name,
			figure.Rate(p.Step.Rate), figure.Duration(p.Step.Seconds)),
		known,
		fmt.Sprintf("accepted %s, refused %s, failed %s, not sent %s", figure.Count(p.Counts.Accepted),
			figure.Count(p.Counts.Refused), figure.Count(p.Counts.Failed), figure.Count(p.Counts.Missed)),
	}
}

// Lines say how far a rate test of that duration is, for people, and how fast it was since an earlier progress.
func (p *Progress) Lines(duration time.Duration, before *Progress) []string {
	seconds := max(1e-3, (p.Elapsed - before.Elapsed).Seconds())
	per := func(now, before int) string {
		return figure.Count(now) + " (" + figure.Rate(float64(int(float64(now-before)/seconds+0.5))) + ")"
	}
	c, b := p.Counts, before.Counts
	lines := []string{
		fmt.Sprintf("%.0f s of %s", min(p.Elapsed, duration).Seconds(), figure.Duration(duration.Seconds())),
		fmt.Sprintf("accepted %s  refused %s  failed %s  not sent %s", per(c.Accepted, b.Accepted),
			per(c.Refused, b.Refused), per(c.Failed, b.Failed), figure.Count(c.Missed)),
	}
	if d := p.Delivery; d != nil {
		had := 0
		if before.Delivery != nil {
			had = before.Delivery.Delivered
		}
		lines = append(lines, fmt.Sprintf("delivered %s  on their way %s  duplicated %s  reordered %s",
			per(d.Delivered, had), figure.Count(d.Lost), figure.Count(d.Duplicates), figure.Count(d.Reordered)))
	}
	return lines
}
