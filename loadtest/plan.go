package loadtest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/search"
)

// Price is what publishes cost, as far as the user says.
type Price struct {
	Subscribers int     // To each topic: each publish counts for them, too.
	PerMillion  float64 // Operations, in a currency of the user's; 0: no money is told.
}

// kilobyte is what an operation carries, in bytes.
const kilobyte = 1024

// each is how many operations a publish is: one for each KB, for the publisher and for each subscriber.
func (p Price) each(bytes int) int {
	return (max(1, bytes) + kilobyte - 1) / kilobyte * (1 + p.Subscribers)
}

// Cost is what so many publishes of a size cost, for people.
func (p Price) Cost(publishes float64, bytes int) string {
	operations := publishes * float64(p.each(bytes))
	text := figure.Count(int(math.Ceil(operations))) + " operations"
	if p.PerMillion > 0 {
		text += ", that is " + figure.Number(operations/1e6*p.PerMillion, 2)
	}
	return text
}

// means says what an operation is, and what it costs.
func (p Price) means(bytes int) string {
	text := fmt.Sprintf("each publish is %s operations", figure.Count(p.each(bytes)))
	if p.each(bytes) == 1 {
		text = "each publish is 1 operation"
	}
	text += fmt.Sprintf(": 1 KB units × (1 + %s subscribers)", figure.Count(p.Subscribers))
	if p.PerMillion > 0 {
		return text + ", " + figure.Number(p.PerMillion, 4) + " for a million, as --price-per-million says"
	}
	return text + "; --price-per-million tells the money, too"
}

// Expected is what the search is expected to use up where the limit is that rate, with all that comes after it.
func (c *FindConfig) Expected(limit float64) search.Range {
	s := c.Search
	r := search.Estimate(s, limit)
	if limit < s.MaxRate {
		if c.Latency && !s.Estimate {
			for _, fraction := range fractions {
				rate := fraction.share * limit
				seconds := profileSettle + min(profileMost, max(profileTime, profileSent/rate))
				r = r.Plus(search.Spend{Publishes: rate * seconds, Seconds: seconds})
			}
		}
		for _, name := range c.Dimensions {
			for range c.variants(name) {
				r = r.Plus(search.Level(s, limit))
			}
		}
	}
	before := search.Spend{Publishes: float64(c.Before)}
	return r.Plus(before).Within(float64(s.MaxRequests), s.MaxSeconds)
}

// usualLimits are those for which a plan tells what to expect: what an account has unless its quota was raised, and a
// raised one.
var usualLimits = []float64{10, 500}

// Plan says what is about to happen, for people: to whom, what to expect and what it is at the most. limit is the limit
// that is expected; 0: nobody knows.
func (c *FindConfig) Plan(p Price, limit float64) []Line {
	s := c.Search
	lines := []Line{{"publishes", c.Target.words()}, {"", p.means(c.Target.Bytes)}}
	limits := []float64{limit}
	if limit <= 0 {
		limits = usualLimits
	}
	name := "expected"
	for _, l := range slices.DeleteFunc(slices.Clone(limits), func(l float64) bool { return l >= s.MaxRate }) {
		lines = append(lines, Line{name, "where the limit is " + figure.Rate(l) + ": " + c.spends(p, c.Expected(l))})
		name = ""
	}
	none := c.Expected(math.Inf(1))
	lines = append(lines, Line{name, "where nothing is refused up to " + figure.Rate(s.MaxRate) + ": " + c.spends(p,
		none)})
	n := min(float64(s.MaxRequests), math.Ceil(s.MaxRate*s.MaxSeconds))
	most := fmt.Sprintf("%s publishes, %s, %s, %s", figure.Count(int(n)), p.Cost(n, c.Target.Bytes),
		figure.Duration(s.MaxSeconds), figure.Rate(s.MaxRate))
	if c.Generator.Ceiling > 0 {
		most += fmt.Sprintf(" (this machine can do %s)", figure.Rate(math.Round(c.Generator.Ceiling)))
	}
	lines = append(lines, Line{"at most", most}, Line{"machine", c.Generator.Provable()})
	if s.Gentle {
		return append(lines, Line{"overload", "until a refusal, and a second more at most; then it pauses"})
	}
	return append(lines, Line{"overload", "up to several times the limit for some seconds or minutes: what else is " +
		"published there meanwhile is refused, too"})
}

// spends is a range in words.
func (c *FindConfig) spends(p Price, r search.Range) string {
	words := func(s search.Spend) string {
		n := roundTo(s.Publishes, 2)
		return fmt.Sprintf("%s publishes (%s) in %s", figure.Count(int(n)), p.Cost(n, c.Target.Bytes),
			figure.Duration(roundTo(s.Seconds, 2)))
	}
	if r.Most == r.Usual {
		return "about " + words(r.Usual)
	}
	return "about " + words(r.Usual) + ", up to " + words(r.Most)
}

// roundTo leaves so many digits.
func roundTo(v float64, digits int) float64 {
	if v <= 0 {
		return 0
	}
	step := math.Pow(10, math.Floor(math.Log10(v))-float64(digits)+1)
	return math.Round(v/step) * step
}

// words say where publishes go.
func (t *Target) words() string {
	return fmt.Sprintf("to %s, cache %s, topic %s, %s bytes each, up to %s connections", t.Endpoint,
		strings.Join(t.Caches, " and "), t.Topic, figure.Count(t.Bytes), figure.Count(t.Connections))
}

// Line is a name, and what is said of it.
type Line struct{ Name, Text string }

// Sends is how many publishes a rate test plans, exactly unless they come at random.
func (c *RateConfig) Sends() int {
	atOnce := float64(c.AtOnce())
	return int(min(atOnce*math.Ceil(c.Rate*c.Duration.Seconds()/atOnce-1e-9), float64(c.MaxRequests)))
}

// Plan says what is about to happen, for people.
func (c *RateConfig) Plan(p Price) []Line {
	if c.Via != nil {
		p.Subscribers++ // The test itself.
	}
	n, about := c.Sends(), ""
	if c.Arrivals == "poisson" {
		about = "about "
	}
	return []Line{
		{"publishes", c.Target.words()},
		{"", p.means(c.Target.Bytes)},
		{"sends", fmt.Sprintf("%s%s publishes (%s) in %s: %s, %s", about, figure.Count(n), p.Cost(float64(n),
			c.Target.Bytes), figure.Duration(c.Duration.Seconds()), figure.Rate(c.Rate), c.Arrivals)},
	}
}
