package soak

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/loadtest"
	"momento-bridge/loadtest/drift"
	"momento-bridge/loadtest/figure"
)

// Plan says what is about to happen, before anything does. Its own subscribers come on top of those of the price.
func Plan(c *Config, embedded bool, p loadtest.Price) []loadtest.Line {
	where := "the one that is configured, with a stream that is deleted at the end"
	if embedded {
		where = "a server in this process"
	}
	p.Subscribers++
	n := c.Rate * c.Duration.Seconds()
	lines := []loadtest.Line{
		{Name: "sends", Text: fmt.Sprintf("%s for %v through a bridge in this process to %s, cache %s, topics: %d",
			figure.Rate(c.Rate), c.Duration, c.Target.Endpoint, c.Cache, len(c.Topics))},
		{Name: "NATS", Text: where},
		{Name: "expected", Text: fmt.Sprintf("about %s publishes and as many deliveries to its own subscribers (%s)",
			figure.Count(int(n)), p.Cost(n, c.Bytes))},
		{Name: "ends", Text: fmt.Sprintf("at about %s; Ctrl-C ends it with a report",
			time.Now().Add(c.Duration).Format("2006-01-02 15:04"))},
	}
	if warm := warmUpOf(c.Duration); c.Duration-warm < drift.Fewest*c.Every {
		lines = append(lines, loadtest.Line{Name: "drift", Text: fmt.Sprintf("too short to tell of it: that takes %d "+
			"samples, one each %v (--every), after the first %v", drift.Fewest, c.Every, warm)})
	}
	return lines
}

// Lines are the progress for people.
func (p *Progress) Lines() []string {
	d, s := &p.Delivery, &p.Sample
	return []string{
		fmt.Sprintf("%v of %v: %s accepted, %s refused, p50 %s, p99 %s, memory %s", p.Elapsed.Round(time.Second), p.Of,
			known(s.Rate, "/s"), known(s.Refused, "/s"), known(s.P50, "s"), known(s.P99, "s"),
			known(s.Memory, "bytes")),
		fmt.Sprintf("sent %s, delivered %s, on their way %s, lost %s, twice %s, out of order %s", figure.Count(d.Sent),
			figure.Count(d.Delivered), figure.Count(d.UnderWay), figure.Count(d.Lost), figure.Count(d.Duplicates),
			figure.Count(d.Reordered)),
	}
}

// known is a value that may not be.
func known(v float64, unit string) string {
	if math.IsNaN(v) {
		return "-"
	}
	return inUnit(v, unit)
}
