package source

import (
	"slices"
	"sync"
)

// window bounds the bytes that all open requests for messages on one connection may bring together: a server that has
// more to send than max_pending closes the connection, with whatever is on its way. Each route is sure of an equal
// share of one half, so that an idle one can always have a request open; of the other half they borrow.
//
// Core NATS has no such bound, as nobody asks for its messages.
//
// Its methods may be called concurrently. It calls nobody but wake, which must not call it.
type window struct {
	mu      sync.Mutex // Guards the following, and all shares.
	most    int64
	out     int64 // Granted and not given back.
	claimed int64 // So much of that, each route's sure part is.
	shares  []*share
	queue   []*share // Those that wait, the first one first.
}

// share is what one route has of a window.
type share struct {
	window *window
	wake   func() // Called when what it waits for has been set aside; it must not block.

	taken   int64 // Granted and not given back, what is set aside included.
	aside   int64 // What it waited for.
	waiting int64 // What it waits for; 0: nothing.
}

// mostOutstanding is half of the max_pending that nats-server has by default (MAX_PENDING_SIZE in server/const.go,
// 64 MiB), which clients are not told. The rest is for answers, heartbeats and core NATS.
const mostOutstanding = 32 << 20

func newWindow(most int64) *window { return &window{most: most} }

// join adds a route.
func (w *window) join(wake func()) *share {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &share{window: w, wake: wake}
	w.shares = append(w.shares, s)
	w.claim()
	return s
}

// leave removes the route with all that it has.
func (s *share) leave() {
	w := s.window
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shares = slices.DeleteFunc(w.shares, func(other *share) bool { return other == s })
	w.leaveQueue(s)
	w.out -= s.taken
	s.taken, s.aside = 0, 0
	w.claim()
	w.serve()
}

// take grants bytes to a request that wants so many, and does with least. It returns 0 if there are not so many. Who
// waits is woken once as many as least are set aside for it to take.
func (s *share) take(want, least int64, wait bool) int64 {
	w := s.window
	w.mu.Lock()
	defer w.mu.Unlock()
	least = min(least, w.most/2) // There is never more than that for certain.
	want = max(want, least)
	aside := s.aside
	w.grant(s, -aside)
	s.aside = 0
	granted := min(want, max(aside, w.ready(s)))
	if granted < least {
		if wait && s.waiting == 0 {
			w.queue = append(w.queue, s)
		}
		if wait {
			s.waiting = least
		}
		return 0
	}
	w.leaveQueue(s)
	w.grant(s, granted)
	return granted
}

// give gives back what has come, or will not come.
func (s *share) give(n int64) {
	if n <= 0 {
		return
	}
	w := s.window
	w.mu.Lock()
	defer w.mu.Unlock()
	w.grant(s, -min(n, s.taken-s.aside))
	w.serve()
}

// own is the part that the route is sure of.
func (s *share) own() int64 {
	s.window.mu.Lock()
	defer s.window.mu.Unlock()
	return s.window.sure()
}

// sure is what each route can have in any case, at the same time as all others. The caller holds mu.
func (w *window) sure() int64 { return w.most / 2 / int64(max(1, len(w.shares))) }

// claim counts anew how much of the sure parts is taken. The caller holds mu.
func (w *window) claim() {
	w.claimed = 0
	for _, s := range w.shares {
		w.claimed += min(s.taken, w.sure())
	}
}

// free returns what is left of a route's own part, and what it may borrow besides. The caller holds mu.
func (w *window) free(s *share) (own, borrow int64) {
	own = max(0, w.sure()-s.taken)
	others := int64(len(w.shares))*w.sure() - w.claimed - own
	free := w.most - w.out
	own = min(own, max(0, free))
	return own, max(0, free-own-others)
}

// ready is how much a route may take now: half of what can be borrowed, as others may want some, and nothing while
// others wait for that. The caller holds mu.
func (w *window) ready(s *share) int64 {
	own, borrow := w.free(s)
	switch {
	case len(w.queue) > 0 && w.queue[0] == s:
		return own + borrow
	case len(w.queue) > 0:
		return own
	}
	return own + borrow/2
}

// serve sets aside what those in the queue wait for, as far as there is enough. The caller holds mu.
func (w *window) serve() {
	for _, s := range slices.Clone(w.queue) {
		if w.ready(s) < s.waiting {
			continue
		}
		s.aside = s.waiting
		w.grant(s, s.aside)
		w.leaveQueue(s)
		s.wake()
	}
}

// grant notes that a route has so much more. The caller holds mu.
func (w *window) grant(s *share, n int64) {
	before := min(s.taken, w.sure())
	s.taken += n
	w.out += n
	w.claimed += min(s.taken, w.sure()) - before
}

// leaveQueue ends its waiting. The caller holds mu.
func (w *window) leaveQueue(s *share) {
	s.waiting = 0
	w.queue = slices.DeleteFunc(w.queue, func(other *share) bool { return other == s })
}
