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
	Capacity float64 // Messages per second that can be published; +Inf: no limit is known.
	Quota    bool    // It is a quota that limits the capacity.
	Halted   bool    // Nothing is published until something outside changes, or an operator resumes the route.
	PerBatch float64 // Messages of a publish if there were batches; 0 where there are.
}

// outlook is what a load comes to.
type outlook uint8

// The outlooks.
const (
	keepingUp     outlook = iota // Nothing waits for longer than a moment.
	catchingUp                   // What waits becomes less.
	fallingBehind                // What waits does not become less.
)

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
)

// forecast returns the outlook.
func (l load) forecast() forecast {
	if l.Halted && l.Waiting > 0 {
		return forecast{Outlook: fallingBehind, Text: fmt.Sprintf(
			"never while the route stands still: %d waiting, arrivals %s/s", l.Waiting, terminal.Number(l.Arrivals))}
	}
	if float64(l.Waiting) <= max(1, l.Capacity*momentary.Seconds()) {
		return forecast{Outlook: keepingUp, Text: "keeping up"}
	}
	if drain, ok := l.drain(l.Capacity); ok {
		return forecast{Outlook: catchingUp, Drain: drain, Text: fmt.Sprintf(
			"drained in %v: %d waiting, arrivals %s/s, publishing %s/s",
			drain.Round(time.Second), l.Waiting, terminal.Number(l.Arrivals), terminal.Number(l.Capacity))}
	}
	what := "publishing"
	if l.Quota {
		what = "quota"
	}
	text := fmt.Sprintf("never: arrivals %s/s, %s %s/s", terminal.Number(l.Arrivals), what, terminal.Number(l.Capacity))
	if drain, ok := l.drain(l.Capacity * l.PerBatch); ok && l.PerBatch > 1 {
		text += fmt.Sprintf("; with batch: json it would be %v", max(time.Second, drain.Round(time.Second)))
	}
	return forecast{Outlook: fallingBehind, Text: text}
}

// drain returns how long the backlog takes at a capacity; false: for ever.
func (l load) drain(capacity float64) (time.Duration, bool) {
	spare := capacity - l.Arrivals
	if spare <= tie*capacity {
		return 0, false
	}
	seconds := float64(l.Waiting) / spare
	if seconds > longDrain.Seconds() {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// seconds is 0 while a route keeps up, and +Inf when its backlog is never gone.
func (f forecast) seconds() float64 {
	if f.Outlook == fallingBehind {
		return math.Inf(1)
	}
	return f.Drain.Seconds()
}
