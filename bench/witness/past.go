package main

import (
	"fmt"
	"sync"
	"time"
)

// past is what was done to the daemon, and when. It may be used concurrently.
type past struct {
	mu    sync.Mutex // Guards the following.
	steps []*deed
	bornA time.Time        // When the daemon was started last.
	base  map[string]tally // What the endpoint had answered by then.
	lives int
}

// deed is a step that was taken.
type deed struct {
	step         *step
	began, ended time.Time // ended is zero while it lasts.
}

func (p *past) begin(s *step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, &deed{step: s, began: time.Now()})
}

func (p *past) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps[len(p.steps)-1].ended = time.Now()
}

// born is called when the daemon is started.
func (p *past) born(w *world) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bornA, p.base = time.Now(), map[string]tally{}
	p.lives++
	for _, name := range w.names() {
		p.base[name] = w.endpoint.tally(name)
	}
}

// moment is what holds at a moment.
type moment struct {
	at     time.Time
	kind   string        // Of the step that lasts, or was last; empty: none was.
	lasts  bool          // It does.
	since  time.Duration // Its beginning, or its end if it is over.
	deed   deed
	born   time.Time
	base   map[string]tally
	number int // Of changes so far.
}

func (p *past) moment() moment {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := moment{at: time.Now(), born: p.bornA, base: p.base, number: 2*len(p.steps) + p.lives}
	m.since = m.at.Sub(m.born)
	if len(p.steps) == 0 {
		return m
	}
	last := p.steps[len(p.steps)-1]
	m.deed, m.kind, m.lasts = *last, last.step.Kind, last.ended.IsZero()
	m.since = m.at.Sub(last.began)
	if !m.lasts {
		m.since = m.at.Sub(last.ended)
		m.number++
	}
	return m
}

// is reports whether one of the kinds lasts.
func (m *moment) is(kinds ...string) bool {
	for _, kind := range kinds {
		if m.lasts && m.kind == kind {
			return true
		}
	}
	return false
}

// lately reports whether one of the kinds lasts, or has ended in this time.
func (m *moment) lately(within time.Duration, kinds ...string) bool {
	for _, kind := range kinds {
		if m.kind == kind && (m.lasts || m.since < within) {
			return true
		}
	}
	return false
}

// age is how long the daemon runs.
func (m *moment) age() time.Duration { return m.at.Sub(m.born) }

// up reports whether the daemon is to answer.
func (m *moment) up() bool { return !m.is("kill", "term") && m.age() > 2*second }

// steady is how long nothing has changed.
func (m *moment) steady() time.Duration { return min(m.since, m.age()) }

func (p *past) tell() string {
	m := p.moment()
	text := fmt.Sprintf("the daemon runs for %.1f s", m.age().Seconds())
	switch {
	case m.kind == "":
	case m.lasts:
		text += fmt.Sprintf(", %v, for %.1f s", m.deed.step, m.since.Seconds())
	default:
		text += fmt.Sprintf(", %v, over for %.1f s", m.deed.step, m.since.Seconds())
	}
	return text
}
