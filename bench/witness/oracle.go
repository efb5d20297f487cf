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
	// silence is what it takes to see that NATS does not answer: two and a half heartbeats of 2 s, and until the next
	// look at them and at the route.
	silence = 7 * second
	// rebind is what a daemon may take to consume again, once NATS is back: waits between two attempts to connect.
	rebind = 8 * second
	// lately is how long a loss is told as the daemon's state.
	lately = 15 * second
)

// evidence is what the endpoint has answered lately, of all routes.
type evidence struct {
	accepted, refused, quota time.Time
}

func (o *observation) evidence() (e evidence) {
	for _, t := range o.has {
		e.accepted, e.refused = later(e.accepted, t.accepted), later(e.refused, t.refused)
		e.quota = later(e.quota, t.quota)
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
	if !o.calm || m.age() < rebind || m.steady() < grace {
		return nil
	}
	if may := w.may(o); !may[s.State] {
		say(fmt.Sprintf("%s cannot be so: %v", s.State, m), s.Summary, keysOf(may))
	}
	for i := range m.deeds {
		d := &m.deeds[i]
		must, after := w.must(o, d)
		if must != nil && m.at.Sub(d.began) > after+grace && rank(s.State) > rank(must[0]) &&
			!slices.Contains(must, s.State) {
			say(fmt.Sprintf("%s while %v", s.State, m), s.Summary, must)
		}
	}
	return all
}

func keysOf(of map[string]bool) (keys []string) {
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// must are the states one of which, or a graver one, must be told while a step lasts, and how long after its beginning.
func (w *world) must(o *observation, d *deed) (states []string, after time.Duration) {
	if !d.lasts() {
		return nil, 0
	}
	kind := d.step.Kind
	refused := o.evidence().refused.After(d.began) // Else nothing has been published since, and nobody knows.
	if silent := w.truth.sentSince(d.began) == 0; silent && halting[kind] != "" {
		return nil, 0 // Likewise.
	}
	switch kind {
	case "hang":
		return []string{halting[kind]}, downAfter + 2*publishTimeout
	case "refuse", "cut":
		return []string{halting[kind]}, downAfter
	case "natskill":
		return []string{"disconnected"}, 0
	case "freeze":
		return []string{"disconnected", "parked", "degraded", "behind"}, silence
	case "pause", "pauseall":
		return []string{"paused"}, 0
	}
	switch {
	case refused && halting[kind] != "":
		return []string{halting[kind]}, downAfter
	case refused && parting[kind] != nil:
		return []string{"degraded", "parked"}, grace
	}
	return nil, 0
}

// may are the states that can be true.
func (w *world) may(o *observation) map[string]bool {
	m := &o.moment
	may := map[string]bool{}
	for i := range m.deeds {
		d := &m.deeds[i]
		// Until the endpoint has accepted something, nobody knows that it is over.
		open := d.lasts() || o.evidence().accepted.Before(d.ended) || m.at.Sub(d.ended) < 2*grace
		if state := halting[d.step.Kind]; state != "" && open {
			may[state] = true
		}
		for _, state := range parting[d.step.Kind] {
			may[state] = may[state] || d.lasts() || m.at.Sub(d.ended) < 90*second // Probes come once a minute.
		}
	}
	for _, one := range mays {
		if m.lately(one.after, one.kinds...) {
			for _, state := range one.states {
				may[state] = true
			}
		}
	}
	unclear := m.lately(lately+grace, "hang", "somehang", "lose", "cut", "refuse", "some500", "freeze", "natskill")
	told := lately + 3*second
	if len(m.deeds) > 1 {
		told += time.Minute // What can never be published may wait behind something else until that is noticed.
	}
	for _, name := range w.names() {
		if w.truth.lostSince(name, m.at.Add(-told), m.at) > 0 ||
			unclear && (name == atMostOnce || name == "core") {
			may["losing"] = true
		}
	}
	w.mayFlow(o, may)
	return may
}

// mays are states that may be true while one of the kinds lasts, and for some time afterwards.
var mays = []struct {
	after         time.Duration
	kinds, states []string
}{
	// Some failures in a row are possible.
	{2 * publishTimeout, []string{"some500", "somehang", "lose", "hang"}, []string{"down", "parked", "degraded"}},
	{2 * grace, []string{"e500", "refuse", "cut"}, []string{"parked", "degraded"}},
	{rebind, []string{"natskill", "freeze"}, []string{"disconnected", "parked", "degraded"}},
	{0, []string{"pause", "pauseall"}, []string{"paused"}},
	{5 * second, []string{"poison", "large"}, []string{"parked", "degraded"}},
	{rebind, []string{"kill", "term"}, []string{"uncoordinated"}},
	{0, []string{"term"}, []string{"stopping"}}, // It finishes what is in flight.
}

// mayFlow adds those states in which messages flow.
func (w *world) mayFlow(o *observation, may map[string]bool) {
	m := &o.moment
	idle, waits, old, behind := true, false, false, false
	for i := range w.routes {
		r := &w.routes[i]
		points := w.truth.window(r.name, m.at.Add(-6*second))
		first, last := points[0], points[len(points)-1]
		idle = idle && first.sent == last.sent && (!r.counted() || last.most == 0)
		if !r.counted() {
			continue
		}
		recent := w.truth.window(r.name, m.at.Add(-4*second))
		oldEnough := true
		for _, p := range recent {
			waits = waits || p.most > 2
			behind = behind || p.most > 4
			oldEnough = oldEnough && p.sure > 8*second && p.least > 4
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
	if idle || m.is("freeze") && m.steady() < silence+grace {
		may["idle"] = true
	}
	if !old {
		may["publishing"] = true
	}
}
