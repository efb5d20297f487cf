package daemon

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// pause pauses or resumes a route, or with no name all of them. It returns what is to be told of it.
func (d *Daemon) pause(p admin.Pausing) (string, error) {
	now := time.Now()
	found := d.setPaused(p, now)
	if !found {
		return "", d.noSuchRoute(p.Route)
	}
	lost := d.pauses.keep(d.routeIDs(), now)
	if !p.Paused {
		d.pipe.ProbeNow() // Whoever resumes thinks that it may go on.
		return "resumed", nil
	}
	if lost != "" {
		return "paused\na restart of the daemon resumes it: " + lost, nil
	}
	return "paused\nit stays paused when the daemon is restarted", nil
}

// setPaused reports whether there is such a route.
func (d *Daemon) setPaused(p admin.Pausing, now time.Time) (found bool) {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	for _, l := range d.lines {
		if p.Route != "" && l.name() != p.Route {
			continue
		}
		found = true
		d.pauses.set(l.id(), p.Paused, now)
		if p.Paused {
			d.log.Info("an operator paused a route", "route", l.name(), "by", p.By)
			l.inPipeline((*pipeline.Route).Pause)
		} else {
			d.log.Info("an operator resumed a route", "route", l.name(), "by", p.By)
			l.inPipeline((*pipeline.Route).Resume)
		}
	}
	return found
}

func (d *Daemon) routeIDs() []routeID {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	return idsOf(d.lines)
}

func idsOf(lines []*line) []routeID {
	ids := make([]routeID, len(lines))
	for i, l := range lines {
		ids[i] = l.id()
	}
	return ids
}

// namedRoutes is how many routes an error names.
const namedRoutes = 20

func (d *Daemon) noSuchRoute(name string) error {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	if len(d.plan.routes) == 0 {
		return errors.New("there is no route")
	}
	names := make([]string, 0, namedRoutes)
	for _, r := range d.plan.routes[:min(namedRoutes, len(d.plan.routes))] {
		names = append(names, r.route.Name)
	}
	text := strings.Join(names, ", ")
	if more := len(d.plan.routes) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("there is no route %q; there is: %s", name, text)
}

// pauseAgain pauses the routes that were paused when the daemon ended.
func (d *Daemon) pauseAgain() {
	kept, err := d.pauses.recall(d.routeIDs())
	if err != nil {
		d.log.Warn("it cannot be read which routes were paused before the restart: all of them run", "error", err)
	}
	for _, l := range d.lines {
		since, ok := kept[l.id()]
		if !ok {
			continue
		}
		l.inPipeline((*pipeline.Route).Pause)
		d.log.Info("a route is still paused: it was paused before the restart; `momento-bridge resume` lets it go on",
			"route", l.name(), "since", since)
	}
}
