package daemon

import (
	"fmt"

	"momento-bridge/pipeline"
)

// pause pauses or resumes a route, or with no name all of them.
func (d *Daemon) pause(name string, paused bool) error {
	found := false
	for i, r := range d.plan.routes {
		if name != "" && r.route.Name != name {
			continue
		}
		found = true
		if paused {
			d.log.Info("an operator paused a route", "route", r.route.Name)
			d.inPipeline(i, (*pipeline.Route).Pause)
		} else {
			d.log.Info("an operator resumed a route", "route", r.route.Name)
			d.inPipeline(i, (*pipeline.Route).Resume)
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
