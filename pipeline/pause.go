package pipeline

import "time"

// Pause stops publishing for the route at once; what is in flight is finished. Its source is told that publishing is halted: a stream keeps, or
// takes back, its messages.
func (r *Route) Pause() { r.setPaused(true) }

// Resume lets a paused route go on at once.
func (r *Route) Resume() { r.setPaused(false) }

func (r *Route) setPaused(paused bool) {
	p := r.pipeline
	p.mu.Lock()
	defer p.unlock()
	r.paused = paused
	now := time.Now()
	p.d.noteHalts(now)
	if len(p.idle) > 0 {
		p.pump(now)
	}
}
