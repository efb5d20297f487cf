package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// past is what was done to the daemon, and when. It may be used concurrently.
type past struct {
	mu      sync.Mutex // Guards the following.
	steps   []*deed
	started time.Time         // When the daemon was started last.
	base    map[string]tally  // What the endpoint had answered by then.
	gone    map[string]losses // What was lost and kept by then.
	lives   int
}

// losses are messages that were refused for good.
type losses struct{ lost, dead int }

// deed is a step that was taken.
type deed struct {
	step         *step
	began, ended time.Time // ended is zero while it lasts.
}

func (p *past) begin(s *step) *deed {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := &deed{step: s, began: time.Now()}
	p.steps = append(p.steps, d)
	return d
}

func (p *past) end(d *deed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.ended = time.Now()
}

// born is called when the daemon is started.
func (p *past) born(w *world) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started, p.base, p.gone = time.Now(), map[string]tally{}, map[string]losses{}
	p.lives++
	for _, name := range w.names() {
		p.base[name] = w.endpoint.tally(name)
		lost, dead := w.truth.losses(name)
		p.gone[name] = losses{lost, dead}
	}
}

// moment is what holds at a moment.
type moment struct {
	at     time.Time
	deeds  []deed // Those that last, or have ended lately, in the order of their beginnings.
	last   time.Time
	born   time.Time
	base   map[string]tally
	losses map[string]losses
	lives  int
	number int // Of changes so far.
}

// remembered is how long a step is looked at after its end.
const remembered = 100 * second

func (p *past) moment() moment {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := moment{
		at: time.Now(), last: p.started, born: p.started, base: p.base, losses: p.gone, lives: p.lives,
		number: 2*len(p.steps) + p.lives,
	}
	for _, d := range p.steps {
		m.last = later(m.last, later(d.began, d.ended))
		if !d.ended.IsZero() {
			m.number++
		}
		if d.ended.IsZero() || m.at.Sub(d.ended) < remembered {
			m.deeds = append(m.deeds, *d)
		}
	}
	return m
}

// lasts reports whether a step is not over.
func (d deed) lasts() bool { return d.ended.IsZero() }

// is reports whether one of the kinds lasts.
func (m *moment) is(kinds ...string) bool { return m.lately(0, kinds...) }

// lately reports whether one of the kinds lasts, or has ended in this time.
func (m *moment) lately(within time.Duration, kinds ...string) bool {
	for i := range m.deeds {
		if d := &m.deeds[i]; slices.Contains(kinds, d.step.Kind) && (d.lasts() || m.at.Sub(d.ended) < within) {
			return true
		}
	}
	return false
}

// busy reports whether anything lasts.
func (m *moment) busy() bool {
	return slices.ContainsFunc(m.deeds, func(d deed) bool { return d.lasts() })
}

// age is how long the daemon runs.
func (m *moment) age() time.Duration { return m.at.Sub(m.born) }

// up reports whether the daemon is to answer.
func (m *moment) up() bool { return !m.is("kill", "term") && m.age() > 2*second }

// steady is how long nothing has changed.
func (m *moment) steady() time.Duration { return m.at.Sub(m.last) }

// String says what lasts, or what was over last.
func (m *moment) String() string {
	var kinds []string
	over := ""
	for i := range m.deeds {
		if d := &m.deeds[i]; d.lasts() {
			kinds = append(kinds, d.step.Kind)
		} else {
			over = d.step.Kind
		}
	}
	switch {
	case len(kinds) > 0:
		return strings.Join(kinds, " and ") + " lasts"
	case over != "":
		return over + " is over"
	}
	return "the start"
}

// tell says in words what holds and for how long.
func (p *past) tell() string {
	m := p.moment()
	texts := []string{fmt.Sprintf("the daemon runs for %.1f s", m.age().Seconds())}
	for i := max(0, len(m.deeds)-3); i < len(m.deeds); i++ {
		if d := &m.deeds[i]; d.lasts() {
			texts = append(texts, fmt.Sprintf("%v, for %.1f s", d.step, m.at.Sub(d.began).Seconds()))
		} else {
			texts = append(texts, fmt.Sprintf("%v, over for %.1f s", d.step, m.at.Sub(d.ended).Seconds()))
		}
	}
	return strings.Join(texts, "; ")
}
