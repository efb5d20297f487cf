package search

import (
	"slices"
	"time"

	"momento-bridge/loadtest/virtual"
)

// busyEndpoint is an endpoint on a machine that others use. It takes late what has come, all of that together and in
// any order, and now and then one request alone, when the others have passed it.
type busyEndpoint struct {
	machine *virtual.Busy
	awake   float64 // When it takes what has come.
	waiting []*waiting
}

// waiting is a publish that is not answered yet.
type waiting struct {
	event Event
	taken float64 // When the limiter sees it.
	done  bool
}

const (
	// alone is the share of the stalls that hold up only one request, and answering that of the answers which the other
	// side is as late to read as anybody is to wake up.
	alone, answering = 0.3, 0.5
	// shuffled is how far from each other those are that are taken together, in seconds.
	shuffled = 0.0002
)

// arrive takes a publish that comes now, and says when the limiter sees it.
func (e *busyEndpoint) arrive(sent, now float64, random func() float64) {
	slept := now - e.awake
	taken := max(now, e.awake) + shuffled*random()
	if slept > 0 {
		late := e.machine.Late(time.Duration(slept * 1e9)).Seconds()
		taken += late
		if late < 0.001 || random() >= alone {
			e.awake = now + late
		}
	}
	e.waiting = append(e.waiting, &waiting{event: Event{At: sent}, taken: taken})
}

// due are those which the limiter has seen until now, and nothing that comes later can come before them.
func (e *busyEndpoint) due(now float64) []*waiting {
	var due []*waiting
	for _, w := range e.waiting {
		if !w.done && w.taken <= now {
			due = append(due, w)
		}
	}
	slices.SortStableFunc(due, func(a, b *waiting) int {
		if a.taken < b.taken {
			return -1
		}
		return 1
	})
	return due
}

// answered are those that come next in the order in which they were sent.
func (e *busyEndpoint) answered() []Event {
	var events []Event
	n := 0
	for n < len(e.waiting) && e.waiting[n].done {
		events = append(events, e.waiting[n].event)
		n++
	}
	e.waiting = e.waiting[n:]
	return events
}
