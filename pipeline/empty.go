package pipeline

import (
	"time"
)

// skip ends a message that has just come.
func (d *dispatcher) skip(now time.Time, r *Route, handle any) {
	r.settled[Dropped]++
	r.skipped++
	if r.cfg.Settler != nil {
		d.ended = append(d.ended, ending{settler: r.cfg.Settler, handle: handle, outcome: Skipped})
	}
	d.anyEnded = true
	r.wakeSource()
	d.events.note(now, event{kind: eventSkipped, route: r})
}
