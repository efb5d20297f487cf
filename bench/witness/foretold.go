package main

import (
	"fmt"
	"slices"
	"time"
)

// foretold keeps forecasts until it is known what came of them.
type foretold struct {
	number  int // Of the changes so far: what was foretold before one is not judged by what came after.
	changed map[string]time.Time
	open    map[string][]prediction
	judged  int
	said    map[string]int // Forecasts of each kind.
	looked  time.Time
}

// prediction is what was said of one route.
type prediction struct {
	at    time.Time
	kind  string
	drain time.Duration
	text  string
}

const (
	// known is how long a forecast may be "not known" after a change.
	known = 10 * second
	// margin is what a forecast may be wrong by, besides a quarter: the second between two looks, and that it is said
	// in whole ones.
	margin = 2 * second
	// momentary is how long a message may wait while nothing counts as waiting.
	momentary = 700 * time.Millisecond
)

// judgeForecasts compares forecasts with what came of them.
func (w *world) judgeForecasts(o *observation) (all []contradiction) {
	m, f := &o.moment, &w.foretold
	if f.open == nil {
		f.open, f.changed, f.said = map[string][]prediction{}, map[string]time.Time{}, map[string]int{}
	}
	if m.number != f.number {
		f.looked = m.at
		f.number, f.open = m.number, map[string][]prediction{}
	}
	if !o.calm {
		return nil
	}
	if m.lately(rebind, "freeze", "natskill") {
		f.looked = m.at
		return w.judgeAway(o)
	}
	for i := range w.routes {
		if r := o.after.route(w.routes[i].name); r != nil && w.routes[i].counted() {
			all = append(all, w.judgeForecast(o, &w.routes[i], r)...)
		}
	}
	f.looked = m.at
	return all
}

// judgeAway looks at forecasts while NATS is away: nobody knows what waits there.
func (w *world) judgeAway(o *observation) (all []contradiction) {
	m := &o.moment
	if (!m.is("natskill") || m.steady() < grace) && (!m.is("freeze") || m.steady() < silence+grace) {
		return nil
	}
	for i := range w.routes {
		r := o.after.route(w.routes[i].name)
		if r != nil && w.routes[i].stream && (r.kind() == "drains" || r.kind() == "keeping_up") {
			all = append(all, contradiction{
				"forecast", "fore", r.Name, "a forecast while NATS is away", r.Forecast, m.String(),
			})
		}
	}
	return all
}

func (w *world) judgeForecast(o *observation, spec *routeSpec, r *route) (all []contradiction) {
	m, f, now := &o.moment, &w.foretold, o.after.Now
	say := func(text string, a, b any) {
		all = append(all, contradiction{"forecast", "fore", spec.name, text, a, b})
	}
	// After a fault nobody knows that it is over until something is accepted, nor that a quota was raised until more
	// is.
	halted := m.is("pause", "pauseall") || w.endpoint.raised()
	for i := range m.deeds {
		d := &m.deeds[i]
		halted = halted || !d.lasts() && o.has[spec.name].accepted.Before(d.ended) ||
			d.lasts() && (halting[d.step.Kind] != "" || parting[d.step.Kind] != nil)
	}
	if halted {
		f.changed[spec.name] = m.at
		f.open[spec.name] = nil
		return nil
	}
	f.said[r.kind()]++
	steady := min(m.steady(), m.at.Sub(f.changed[spec.name]))
	kind := r.kind()
	if kind == "unknown" && steady > known+grace && r.Waiting > 0 {
		say("not known for longer than 10 s after a change", r.Forecast, steady.Seconds())
	}
	points := w.truth.window(spec.name, f.looked)
	last := points[len(points)-1]
	if gone := slices.IndexFunc(points, func(p point) bool { return p.oldest < momentary }); gone >= 0 {
		now = points[gone].at
		for _, p := range f.open[spec.name] {
			f.judged++
			took := max(0, now.Sub(p.at))
			if p.kind == "never" {
				say("never, and then it was gone", p.text, fmt.Sprintf("after %.1f s", took.Seconds()))
			} else if off := (p.drain - took).Abs(); off > took/4+margin {
				say("gone sooner or later than foretold", p.text, fmt.Sprintf("after %.1f s", took.Seconds()))
			}
		}
		f.open[spec.name] = nil
		return all
	}
	kept := f.open[spec.name][:0]
	for _, p := range f.open[spec.name] {
		if took := now.Sub(p.at); p.kind == "drains" && took > p.drain*4/3+2*margin {
			f.judged++
			say("not gone yet, unlike foretold", p.text, fmt.Sprintf("%d wait after %.1f s", last.most, took.Seconds()))
			continue
		}
		kept = append(kept, p)
	}
	f.open[spec.name] = kept
	if steady < grace || kind != "drains" && kind != "never" {
		return all
	}
	p := prediction{at: now, kind: kind, text: r.Forecast}
	if r.Drain != nil {
		p.drain = time.Duration(*r.Drain * float64(second))
	}
	f.open[spec.name] = append(f.open[spec.name], p)
	return all
}
