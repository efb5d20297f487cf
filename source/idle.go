package source

import "time"

// A route is idle when nothing has come for idleAfter although a request for messages is open, and nothing is held.
// Then nothing is pending, either, as it would come; so there is nothing to look at. Its goroutine sleeps for idleTick
// at a time, its requests have no heartbeats, and the consumer's numbers are asked for every idleLook only. The first
// message ends that.
//
// What many idle routes do, they do together, on the second: then the process, and the server, wake once a second, not
// once for each route. What one writes goes out with what the others write.
//
// Faults are noticed all the same. Those of the connection by the pings of nats.go. A request that got lost behind it
// is missed idleGrace after the time when the server should have ended it. In a cluster, where a leader may go without
// a word and another one takes over, there are heartbeats, fewer than usual.
const (
	idleAfter     = 10 * time.Second
	idleTick      = 30 * time.Second
	idleLook      = time.Minute
	idleGrace     = 5 * time.Second
	idleHeartbeat = 5 * time.Second
)

// rest decides, at each tick, whether the route is idle.
func (w *watch) rest(now time.Time) {
	if messages := w.p.received(); messages != w.messages || w.active.IsZero() {
		w.messages, w.active = messages, now
	}
	idle := now.Sub(w.active) >= w.j.idleAfter && w.nothingToDo()
	w.p.limits.idleHeartbeat = 0
	if w.clustered {
		w.p.limits.idleHeartbeat = min(idleHeartbeat, w.p.limits.PullExpiry/2)
	}
	w.p.setIdle(idle, w.messages)
}

// nothingToDo reports whether messages would come if there were any, and nothing has to be seen to meanwhile.
func (w *watch) nothingToDo() bool {
	_, open, trouble := w.p.state()
	held, _ := w.j.held.count()
	undelivered, _ := w.j.Pending()
	undelivered += w.j.figures.elsewhere.Load()
	switch {
	case !open, trouble != "", w.ignored, w.waits != (waits{tried: w.waits.tried}):
		return false
	case held > 0, undelivered > 0, !w.forgetAt.IsZero(), w.j.barrier.up.Load():
		return false
	}
	return w.j.conn.IsConnected() && w.route.Halted().IsZero()
}

// nextTick is when the next tick is due, given when the last one was.
func (w *watch) nextTick(last time.Time) time.Time {
	idle, lost := w.p.resting()
	if idle && !w.nothingToDo() { // Publishing is halted, or the connection was lost.
		w.p.setIdle(false, 0)
		idle = false
	}
	switch {
	case !idle:
		return last.Add(w.p.limits.tick())
	case lost.IsZero():
		return last.Add(idleHeartbeat)
	}
	next := onTheSecond(last.Add(idleTick))
	if lost.After(last) && lost.Before(next) {
		return lost
	}
	return next
}

// onTheSecond returns the time at which the last second began.
func onTheSecond(t time.Time) time.Time { return t.Add(-time.Duration(t.Nanosecond())) }

// idleRequest is how long such a request is open, and after how much silence there are heartbeats. The server refuses a
// request that is open for less than two of them.
func (s *Settings) idleRequest(now time.Time) (expires, heartbeat time.Duration) {
	expires = s.idleExpiry(now)
	return expires, min(s.idleHeartbeat, expires/2)
}

// idleExpiry is how long a request is open that an idle route makes: it ends on the second, as many others do.
func (s *Settings) idleExpiry(now time.Time) time.Duration {
	end := onTheSecond(now.Add(s.PullExpiry)).Sub(now)
	if end < s.PullExpiry/2 {
		return s.PullExpiry
	}
	return end
}

// silent reports whether nothing has been heard for longer than may be.
func (w *watch) silent(now time.Time) bool {
	idle, lost := w.p.resting()
	if !lost.IsZero() {
		return !now.Before(lost)
	}
	heartbeat, tick := w.p.limits.Heartbeat, w.p.limits.tick()
	if idle {
		heartbeat, tick = max(heartbeat, w.p.limits.idleHeartbeat), idleHeartbeat
	}
	return now.Sub(w.heard) > 2*heartbeat+tick
}

// looksEvery is how often the consumer's numbers are asked for.
func (w *watch) looksEvery() time.Duration {
	if idle, _ := w.p.resting(); idle {
		return max(idleLook, w.j.lookEvery)
	}
	return w.j.lookEvery
}

// received is how many messages have come.
func (p *puller) received() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.messages
}

// setIdle says whether the route is idle, unless more messages have come than are known of.
func (p *puller) setIdle(idle bool, messages uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = idle && p.messages == messages
}

// resting reports whether the route is idle, and, if the open request has no heartbeats, from when on it is lost.
func (p *puller) resting() (idle bool, lost time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet && p.open > 0 {
		lost = p.pulled.Add(p.limits.PullExpiry + idleGrace)
	}
	return p.idle, lost
}
