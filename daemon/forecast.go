package daemon

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/terminal"
)

// load is what a route has to do and what it can.
type load struct {
	Waiting  int64   // Messages that have not ended, those that NATS still has included.
	Arrivals float64 // Messages per second.
	Capacity float64 // Messages per second that can be published; +Inf: that is not known.
	Doubt    float64 // The standard error of the difference of the two.
	Quota    bool    // It is a quota that limits the capacity.
	PerBatch float64 // Messages of a publish if there were batches; 0 where there are.
	Seen     time.Duration
}

// outlook is what a load comes to.
type outlook uint8

// The outlooks.
const (
	notKnown      outlook = iota // Nothing can be said yet.
	keepingUp                    // Nothing waits for longer than a moment.
	catchingUp                   // What waits becomes less.
	fallingBehind                // What waits does not become less.
)

// String is the word for it in the status.
func (o outlook) String() string {
	return [...]string{notKnown: "unknown", keepingUp: "keeping_up", catchingUp: "drains", fallingBehind: "never"}[o]
}

// forecast says when a backlog will be gone.
type forecast struct {
	Outlook outlook
	Drain   time.Duration // Until nothing waits, if catchingUp.
	Text    string        // In one line, for people.
}

const (
	// momentary is how long what waits may last for while the route keeps up.
	momentary = 2 * time.Second
	// tie is how much faster than arrivals a backlog must be published to become less, as a share.
	tie = 0.02
	// longDrain is as good as never.
	longDrain = 365 * 24 * time.Hour
	// sure is how small a share of the difference its standard error must be for a number.
	sure = 0.12
	// steadily is how long more must have come than was published for that to be so for ever.
	steadily = 5 * time.Second
)

// forecast returns the outlook of messages that have waited for longer than a moment.
func (l load) forecast() forecast {
	spare := l.Capacity - l.Arrivals
	decided := l.Seen >= latest
	switch {
	case l.Seen < soonest || math.IsInf(l.Capacity, 1):
		return forecast{Text: "not known yet: " + waiting(l.Waiting)}
	case spare > tie*l.Capacity && (decided || l.Doubt <= sure*spare):
		if drain := l.drain(l.Capacity); drain < longDrain {
			return forecast{Outlook: catchingUp, Drain: drain, Text: fmt.Sprintf(
				"drained in %v: %s, arrivals %s/s, publishing %s/s",
				drain.Round(time.Second), waiting(l.Waiting), terminal.Number(l.Arrivals), terminal.Number(l.Capacity))}
		}
		return l.never()
	case decided && spare <= tie*l.Capacity, l.Seen >= steadily && spare < -2*l.Doubt && spare < -tie*l.Capacity:
		return l.never()
	}
	return forecast{Text: fmt.Sprintf("not known yet: %s, arrivals about %s/s, publishing about %s/s",
		waiting(l.Waiting), terminal.Number(l.Arrivals), terminal.Number(l.Capacity))}
}

// never is the forecast where what waits does not become less.
func (l load) never() forecast {
	if l.Capacity == 0 && l.Arrivals == 0 {
		return forecast{Outlook: fallingBehind, Text: "never while nothing is published: " + waiting(l.Waiting)}
	}
	what := "publishing"
	if l.Quota {
		what = "quota"
	}
	text := fmt.Sprintf("never: arrivals %s/s, %s %s/s", terminal.Number(l.Arrivals), what, terminal.Number(l.Capacity))
	if more := l.Capacity * l.PerBatch; l.PerBatch > 1 && more-l.Arrivals > tie*more {
		text += fmt.Sprintf("; with batch: json it would be %v", max(time.Second, l.drain(more).Round(time.Second)))
	}
	return forecast{Outlook: fallingBehind, Text: text}
}

// drain returns how long the backlog takes at a capacity above the arrivals.
func (l load) drain(capacity float64) time.Duration {
	seconds := min(float64(l.Waiting)/(capacity-l.Arrivals), longDrain.Seconds())
	return time.Duration(seconds * float64(time.Second))
}

// waiting says how many wait.
func waiting(n int64) string { return terminal.Count(n) + " waiting" }

// seconds is 0 while a route keeps up, +Inf when its backlog is never gone, and NaN where that is not known.
func (f forecast) seconds() float64 {
	switch f.Outlook {
	case notKnown:
		return math.NaN()
	case fallingBehind:
		return math.Inf(1)
	case keepingUp, catchingUp:
	}
	return f.Drain.Seconds()
}
