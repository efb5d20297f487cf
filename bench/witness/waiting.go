package main

import (
	"fmt"
	"time"
)

// numbers is how old the numbers of a stream's consumer may be.
const numbers = 3 * second

// judgeWaiting compares what waits, and for how long, with the truth.
func (w *world) judgeWaiting(o *observation) (all []contradiction) {
	m := &o.moment
	if m.age() < 5*second || m.lately(rebind, "freeze", "natskill") || m.is("term") || !o.calm {
		return nil
	}
	for i := range w.routes {
		spec := &w.routes[i]
		r := o.after.route(spec.name)
		if r == nil || !spec.counted() {
			continue
		}
		points := w.truth.window(spec.name, m.at.Add(-numbers))
		least, most, oldest, youngest := points[0].least, 0, time.Duration(0), time.Hour
		for _, p := range points {
			least, most = min(least, p.least), max(most, p.most)
			oldest, youngest = max(oldest, p.oldest), min(youngest, p.sure)
		}
		say := func(text string, a, b any) {
			all = append(all, contradiction{"waiting", "fore", spec.name, text, a, b})
		}
		slack := 2 + most/20
		if r.Waiting > int64(most+slack) || r.Waiting < int64(least-slack) {
			say("another number waits", r.Waiting, fmt.Sprintf("%d to %d in the last %v", least, most, numbers))
		}
		if r.Oldest != nil && *r.Oldest > oldest.Seconds()+1.5 {
			say("the oldest is younger", *r.Oldest, oldest.Seconds())
		}
		if r.Oldest != nil && *r.Oldest < youngest.Seconds()-1.5 {
			say("the oldest is older", *r.Oldest, youngest.Seconds())
		}
		if r.kind() == "keeping_up" && youngest > 8*second && r.kept() == 0 {
			say("keeps up while a message has waited for long", r.Forecast, fmt.Sprint(youngest))
		}
	}
	return all
}

// judgeRates compares rates with the truth, where nothing has changed for a while.
func (w *world) judgeRates(o *observation) (all []contradiction) {
	m := &o.moment
	if m.steady() < 8*second || !o.calm || m.is("term") || m.lately(rebind+6*second, "freeze", "natskill") {
		return nil
	}
	for i := range w.routes {
		spec := &w.routes[i]
		r := o.after.route(spec.name)
		points := w.truth.window(spec.name, m.at.Add(-6*second))
		first, last := points[0], points[len(points)-1]
		span := last.at.Sub(first.at).Seconds()
		if r == nil || !spec.counted() || span < 4 {
			continue
		}
		say := func(text string, a, b any) {
			all = append(all, contradiction{"rates", "fore", spec.name, text, a, b})
		}
		if in := float64(last.sent-first.sent) / span; far(r.Rates.In, in) {
			say("another rate comes", r.Rates.In, in)
		}
		if in := float64(last.sent-first.sent) / span; far(r.Arrivals, in) && m.steady() > 18*second {
			say("another rate arrives", r.Arrivals, in)
		}
		out, middle := float64(last.ended-first.ended)/span, points[len(points)/2]
		late := float64(last.ended-middle.ended) / last.at.Sub(middle.at).Seconds()
		if steady := !far(late, out); steady && far(r.Rates.Out, out) && !m.is("poison", "large", "lose") {
			say("another rate goes", r.Rates.Out, out)
		}
	}
	return all
}

// far reports whether a rate is more than a quarter away from the truth, and more than two a second.
func far(said, is float64) bool { return max(said-is, is-said) > .25*is+2 }
