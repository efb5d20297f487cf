package soak

import (
	"fmt"
	"math"
	"strings"
	"time"

	"momento-bridge/terminal"
)

// Plan says what is about to happen, before anything does.
func Plan(c *Config, embedded bool) string {
	var text strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "  %-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	where := "the one that is configured, with a stream that is deleted at the end"
	if embedded {
		where = "a server in this process"
	}
	n := int64(c.Rate * c.Duration.Seconds())
	line("sends", "%s/s for %v through a bridge in this process to %s, cache %s, %s", terminal.Number(c.Rate), c.Duration,
		c.Target.Endpoint, c.Cache, terminal.Plural(len(c.Topics), "topic"))
	line("NATS", "%s", where)
	line("uses", "about %s publishes and as many deliveries to its own subscribers", terminal.Count(n))
	line("ends", "at about %s; Ctrl-C ends it with a report", time.Now().Add(c.Duration).Format("2006-01-02 15:04"))
	return text.String()
}

// Lines are the progress for people.
func (p *Progress) Lines() []string {
	d, s := &p.Delivery, &p.Sample
	return []string{
		fmt.Sprintf("%v of %v: %s/s accepted, %s/s refused, p50 %s, p99 %s, memory %s", p.Elapsed.Round(time.Second),
			p.Of, terminal.Number(s.Rate), terminal.Number(s.Refused), known(s.P50, "s"), known(s.P99, "s"),
			known(s.Memory, "bytes")),
		fmt.Sprintf("sent %s, delivered %s, on their way %s, lost %s, twice %s, out of order %s", count(d.Sent),
			count(d.Delivered), count(d.UnderWay), count(d.Lost), count(d.Duplicates), count(d.Reordered)),
	}
}

// known is a value that may not be.
func known(v float64, unit string) string {
	if math.IsNaN(v) {
		return "-"
	}
	return inUnit(v, unit)
}
