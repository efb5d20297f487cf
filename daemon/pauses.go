package daemon

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"momento-bridge/daemon/state"
)

// pauses are the routes that operators have paused: since when, and whether a restart will know. They may be used
// concurrently.
type pauses struct {
	dir   string // Empty: nothing is kept.
	write func(dir string, now time.Time, mine func(state.Pause) bool, pauses []state.Pause) error
	turn  chan struct{} // Taken by who writes.

	mu    sync.Mutex // Guards the following.
	since map[routeID]time.Time
	lost  string // Why a restart will not know; empty: it will.
}

// routeID is what a route is known by in the state directory, which other daemons may use.
type routeID struct{ name, from string }

// notKept says why nothing survives a restart where no directory is set.
const notKept = "state_dir is not set"

func newPauses(dir string) *pauses {
	p := &pauses{dir: dir, write: state.WritePauses, turn: make(chan struct{}, 1), since: map[routeID]time.Time{}}
	if dir == "" {
		p.lost = notKept
	}
	return p
}

// recall returns the routes among these that were paused when the daemon ended, and since when.
func (p *pauses) recall(routes []routeID) (map[routeID]time.Time, error) {
	if p.dir == "" {
		return nil, nil
	}
	type read struct {
		kept []state.Pause
		err  error
	}
	result := make(chan read, 1)
	go func() {
		kept, err := state.ReadPauses(p.dir)
		result <- read{kept, err}
	}()
	var r read
	select {
	case r = <-result:
	case <-time.After(diskTimeout):
		r.err = fmt.Errorf("read from %s: %w", p.dir, errDisk)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	found := map[routeID]time.Time{}
	for _, k := range r.kept {
		for _, id := range routes {
			if id == (routeID{k.Route, k.From}) {
				p.since[id], found[id] = k.Since, k.Since
			}
		}
	}
	return found, r.err
}

// set takes note that a route is paused, or not any more.
func (p *pauses) set(id routeID, paused bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !paused {
		delete(p.since, id)
	} else if _, already := p.since[id]; !already {
		p.since[id] = now.UTC().Truncate(time.Second)
	}
}

// succeed lets routes of a new lineup be paused as those of their names were, and forgets those that are gone. It
// reports whether that is to be kept.
func (p *pauses) succeed(before, after []routeID) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, old := range before {
		since, paused := p.since[old]
		if !paused || slices.Contains(after, old) {
			continue
		}
		delete(p.since, old)
		changed = true
		if i := slices.IndexFunc(after, func(id routeID) bool { return id.name == old.name }); i >= 0 {
			p.since[after[i]] = since
		}
	}
	return changed
}

// of returns since when a route has been paused, which is zero while it is not, and why a restart will not know.
func (p *pauses) of(id routeID) (since time.Time, lost string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.since[id], p.lost
}

// keep writes what is paused of these routes. It waits for a disk that does not answer for a moment only. It returns
// why a restart will not know; empty: it will.
func (p *pauses) keep(routes []routeID, now time.Time) string {
	if p.dir == "" {
		return notKept
	}
	done := make(chan string, 1)
	go func() {
		p.turn <- struct{}{}
		defer func() { <-p.turn }()
		done <- p.save(routes, now)
	}()
	select {
	case lost := <-done:
		return lost
	case <-time.After(diskTimeout):
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost = fmt.Sprintf("state_dir cannot be written to: %v", errDisk)
		return p.lost
	}
}

// save writes in its turn.
func (p *pauses) save(routes []routeID, now time.Time) string {
	mine := func(k state.Pause) bool {
		return slices.Contains(routes, routeID{k.Route, k.From})
	}
	var kept []state.Pause
	p.mu.Lock()
	for _, id := range routes {
		if since, ok := p.since[id]; ok {
			kept = append(kept, state.Pause{Route: id.name, From: id.from, Since: since})
		}
	}
	p.mu.Unlock()
	err := p.write(p.dir, now, mine, kept)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = ""
	if err != nil {
		p.lost = fmt.Sprintf("state_dir cannot be written to: %v", err)
	}
	return p.lost
}
