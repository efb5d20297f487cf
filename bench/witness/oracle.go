package main

import (
	"fmt"
	"slices"
	"time"
)

const (
	// grace is within what a state must be true.
	grace = 2 * second
	// downAfter is what docs/guarantees.md gives the daemon to take the endpoint for down: three failures over 2 s.
	downAfter = 2 * second
	// silence is what it takes to see that NATS does not answer: two and a half heartbeats of 2 s, and one tick.
	silence = 6 * second
	// rebind is what a daemon may take to consume again, once NATS is back: waits between two attempts to connect.
	rebind = 8 * second
	// lately is how long a loss is told as the daemon's state.
	lately = 15 * second
)

// evidence is what the endpoint has answered lately, of all routes.
type evidence struct {
	accepted, refused, quota time.Time
}

func (o *observation) evidence(of ...string) (e evidence) {
	for name, t := range o.has {
		if len(of) > 0 && !slices.Contains(of, name) {
			continue
		}
		e.accepted, e.refused, e.quota = later(e.accepted, t.accepted), later(e.refused, t.refused), later(e.quota, t.quota)
	}
	return e
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// outside steps that halt all that is published, and what the state then is.
var halting = map[string]string{
	"e500": "down", "refuse": "down", "cut": "down", "hang": "down", "key": "key_refused", "rotate": "key_refused",
}

// steps that halt a part.
var parting = map[string][]string{
	"forbidsome": {"parked", "degraded"}, "forbidroute": {"parked", "degraded"}, "cache": {"parked", "degraded"},
}

// judgeState compares the state with the truth.
func (w *world) judgeState(o *observation) (all []contradiction) {
	m := &o.moment
	s := &o.after
	say := func(text string, a, b any) {
		all = append(all, contradiction{"state", "prob", "", text, a, b})
	}
	if !o.calm || m.age() < rebind || m.since < grace {
		return nil
	}
	may := w.may(o)
	if !may[s.State] {
		say(fmt.Sprintf("%s cannot be so after %s", s.State, phase(m)), s.Summary, keysOf(may))
	}
	if must, after := w.must(o); must != nil && m.since > after+grace && !slices.Contains(must, s.State) &&
		rank(s.State) > rank(must[0]) {
		say(fmt.Sprintf("%s while %s", s.State, phase(m)), s.Summary, must)
	}
	return all
}

func phase(m *moment) string {
	switch {
	case m.kind == "":
		return "the start"
	case m.lasts:
		return m.kind + " lasts"
	}
	return m.kind + " is over"
}

func keysOf(of map[string]bool) (keys []string) {
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// must are the states one of which, or a graver one, must be told, and how long after the beginning of the step.
func (w *world) must(o *observation) (states []string, after time.Duration) {
	m := &o.moment
	if !m.lasts {
		return nil, 0
	}
	if state := halting[m.kind]; state != "" {
		seen := o.evidence()
		after = downAfter
		if m.kind == "hang" {
			after += 2 * publishTimeout
		}
		if m.kind != "hang" && m.kind != "refuse" && m.kind != "cut" && seen.refused.Before(m.deed.began) {
			return nil, 0 // Nothing has been published since, so nobody knows.
		}
		return []string{state}, after
	}
	switch m.kind {
	case "natskill":
		return []string{"disconnected"}, 0
	case "freeze":
		return []string{"disconnected", "parked", "degraded", "behind"}, silence
	case "pause", "pauseall":
		return []string{"paused"}, 0
	}
	if states = parting[m.kind]; states != nil && o.evidence().refused.After(m.deed.began) {
		return []string{"degraded", "parked"}, grace
	}
	return nil, 0
}

// may are the states that can be true.
func (w *world) may(o *observation) map[string]bool {
	m := &o.moment
	may := map[string]bool{}
	allow := func(states ...string) {
		for _, one := range states {
			may[one] = true
		}
	}
	seen := o.evidence()
	if state := halting[m.kind]; state != "" && (m.lasts || m.at.Sub(seen.accepted) > m.since || m.since < 2*grace) {
		allow(state) // Until the endpoint has accepted something, nobody knows that it is over.
		if state == "down" {
			allow("parked", "degraded")
		}
	}
	if m.is("some500", "somehang", "lose") || m.lately(2*publishTimeout, "some500", "somehang", "lose", "hang") {
		allow("down", "parked", "degraded") // Some in a row are possible.
	}
	if states := parting[m.kind]; states != nil && (m.lasts || m.since < 90*second) {
		allow(states...) // Probes of a part come once in a minute at the latest.
	}
	if m.lately(rebind, "natskill", "freeze") {
		allow("disconnected", "parked", "degraded")
	}
	if m.is("pause", "pauseall") {
		allow("paused")
	}
	if m.is("poison", "large") || m.lately(5*second, "poison", "large") {
		allow("parked", "degraded")
	}
	if m.lately(rebind, "kill", "term") {
		allow("uncoordinated")
	}
	for _, name := range w.names() {
		if w.truth.lostSince(name, m.at.Add(-lately-3*second), m.at) > 0 || m.lately(lately+grace, "hang", "somehang",
			"lose", "cut", "refuse", "some500", "freeze", "natskill") && (name == atMostOnce || name == "core") {
			allow("losing")
		}
	}
	w.mayFlow(o, may)
	return may
}

// mayFlow adds those states in which messages flow.
func (w *world) mayFlow(o *observation, may map[string]bool) {
	m := &o.moment
	idle, waits, old, behind := true, false, false, false
	for i := range w.routes {
		r := &w.routes[i]
		points := w.truth.window(r.name, m.at.Add(-6*second))
		first, last := points[0], points[len(points)-1]
		idle = idle && first.sent == last.sent && (!r.stream || last.most == 0)
		if !r.counted() {
			continue
		}
		recent := w.truth.window(r.name, m.at.Add(-4*second))
		oldEnough := true
		for _, p := range recent {
			waits = waits || p.most > 2
			behind = behind || p.most > 4
			oldEnough = oldEnough && p.oldest > 8*second && p.least > 4
		}
		old = old || oldEnough
	}
	if at := o.evidence().quota; m.at.Sub(at) < 12*second {
		may["throttled"] = true
	}
	if waits || m.steady() < 10*second {
		may["catching_up"], may["throttled"] = true, true
	}
	if behind || m.steady() < 10*second {
		may["behind"] = true
	}
	if idle {
		may["idle"] = true
	}
	if !old {
		may["publishing"] = true
	}
}
