package main

import (
	"slices"
	"strings"
)

// judgeRoutes compares the states of routes with the truth: which stand still, and why.
func (w *world) judgeRoutes(o *observation) (all []contradiction) {
	m := &o.moment
	if !o.calm || m.age() < rebind || m.steady() < grace || m.lately(rebind, "freeze", "natskill") {
		return nil
	}
	for i := range o.after.Routes {
		r := &o.after.Routes[i]
		say := func(owner, text string, a, b any) {
			all = append(all, contradiction{"route", owner, r.Name, text, a, b})
		}
		paused := false
		for j := range m.deeds {
			d := &m.deeds[j]
			mine := d.step.Kind == "pauseall" || d.step.Kind == "pause" && d.step.Route == r.Name
			paused = paused || d.lasts() && mine
			standing := d.lasts() && d.step.Route == r.Name && o.has[r.Name].refused.After(d.began) &&
				m.at.Sub(d.began) > 2*grace
			if standing && slices.Contains([]string{"cache", "forbidroute"}, d.step.Kind) && r.Reason == "" {
				say("prob", "nothing is said while "+d.step.Kind+" lasts", r.State, r.LimitedBy)
			}
			if d.lasts() && d.step.Kind == "forbidsome" && r.Name != d.step.Route && r.Forbidden > 0 {
				say("prob", "topics of another route are forbidden", r.Forbidden, 0)
			}
		}
		if paused != (r.State == "paused") {
			say("ctl", "paused is not what was asked for", r.State, paused)
		}
		if n := len(r.ForbiddenNames); n > 5 || n > r.Forbidden {
			say("prob", "more forbidden topics are named than there are", r.ForbiddenNames, r.Forbidden)
		}
		for _, name := range r.ForbiddenNames {
			if !strings.HasPrefix(name, "w."+r.Name+".") {
				say("prob", "a forbidden topic is another route's", name, r.Name)
			}
		}
		if r.Forbidden > 0 && !m.lately(90*second, "forbidsome", "forbidroute") {
			say("prob", "forbidden, and nothing is", r.Forbidden, 0)
		}
	}
	return all
}
