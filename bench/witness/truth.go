package main

import (
	"sync"
	"time"
)

// truth is what really happened. It may be used concurrently.
type truth struct {
	mu     sync.Mutex // Guards the following.
	routes map[string]*routeTruth
}

// routeTruth is what really happened to one route.
type routeTruth struct {
	open    map[int]*message // Published, and not ended.
	early   map[int]bool     // Ended before its publisher knew that it was stored.
	sent    int              // Messages published, whether or not the server has said that it has them.
	ended   int              // For the first time: accepted, or refused for good.
	repeats int              // Accepted once more.
	lost    []time.Time      // Messages refused for good that nothing keeps.
	dead    int              // Messages refused for good that are kept.
	points  []point          // The latest, the oldest first.
}

// message is one that has not ended.
type message struct {
	at     time.Time // Before which it was not stored.
	stored time.Time // When that was known; zero: it is not yet.
}

// point is a route at one moment.
type point struct {
	at           time.Time
	least, most  int           // Messages that wait: those known to be stored, and those that may be.
	oldest, sure time.Duration // At most, and at least: when a message was stored is not known exactly.
	sent, ended  int
	refusedQuota int
}

func newTruth(routes []routeSpec) *truth {
	t := &truth{routes: map[string]*routeTruth{}}
	for i := range routes {
		t.routes[routes[i].name] = &routeTruth{open: map[int]*message{}, early: map[int]bool{}}
	}
	return t
}

func (t *truth) publish(route string, id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.routes[route]
	r.open[id] = &message{at: time.Now()}
	r.sent++
}

func (t *truth) stored(route string, id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.routes[route]
	if m := r.open[id]; m != nil {
		m.stored = time.Now()
	}
}

// forget is called for a message that was never stored.
func (t *truth) forget(route string, id int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.routes[route]
	if r.open[id] != nil {
		delete(r.open, id)
		r.sent--
	}
}

// end is called when a message is accepted, or refused for good.
func (t *truth) end(route string, id int) (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.routes[route]
	if r == nil {
		return false
	}
	if r.open[id] == nil {
		r.repeats++
		return false
	}
	delete(r.open, id)
	r.ended++
	return true
}

// refuse is called when a message is refused for good.
func (t *truth) refuse(route string, id int, kept bool) {
	if !t.end(route, id) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.routes[route]
	if kept {
		r.dead++
		return
	}
	r.lost = append(r.lost, time.Now())
}

// look notes how each route is now.
func (t *truth) look(refused func(route string) int) {
	now := time.Now()
	for name, r := range t.routes {
		n := refused(name)
		t.mu.Lock()
		p := point{at: now, most: len(r.open), sent: r.sent, ended: r.ended, refusedQuota: n}
		for _, m := range r.open {
			if !m.stored.IsZero() {
				p.least++
				p.sure = max(p.sure, now.Sub(m.stored))
			}
			p.oldest = max(p.oldest, now.Sub(m.at))
		}
		r.points = append(r.points, p)
		if len(r.points) > 1200 {
			r.points = append(r.points[:0], r.points[200:]...)
		}
		t.mu.Unlock()
	}
}

// window returns the points since a time, and the last before it.
func (t *truth) window(route string, since time.Time) []point {
	t.mu.Lock()
	defer t.mu.Unlock()
	points := t.routes[route].points
	i := len(points)
	for i > 0 && points[i-1].at.After(since) {
		i--
	}
	return append([]point{}, points[max(0, i-1):]...)
}

// lostSince returns how many messages were lost between two times.
func (t *truth) lostSince(route string, from, to time.Time) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, at := range t.routes[route].lost {
		if at.After(from) && !at.After(to) {
			n++
		}
	}
	return n
}

// losses returns how many messages were refused for good: those that nothing keeps, and those that are kept.
func (t *truth) losses(route string) (lost, dead int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.routes[route]
	return len(r.lost), r.dead
}

// sentSince returns how many messages of all routes were published since a time, up to a look before and after it.
func (t *truth) sentSince(at time.Time) (n int) {
	for name := range t.routes {
		points := t.window(name, at.Add(second))
		n += points[len(points)-1].sent - points[0].sent
	}
	return n
}
