package daemon

import (
	"fmt"

	"momento-bridge/pipeline"
)

// pause pauses or resumes a route, or with no name all of them.
func (d *Daemon) pause(name string, paused bool) error {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	found := false
	for _, l := range d.lines {
		route := l.plan.route.Name
		if name != "" && route != name {
			continue
		}
		found = true
		if paused {
			d.log.Info("an operator paused a route", "route", route)
			l.inPipeline((*pipeline.Route).Pause)
		} else {
			d.log.Info("an operator resumed a route", "route", route)
			l.inPipeline((*pipeline.Route).Resume)
		}
	}
	if found && !paused {
		d.pipe.ProbeNow() // Whoever resumes thinks that it may go on.
	}
	if !found {
		return fmt.Errorf("there is no route %q", name)
	}
	return nil
}
