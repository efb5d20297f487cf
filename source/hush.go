package source

import (
	"sync"
	"time"
)

const (
	// quietTime is the least time between two lines of the log that say the same.
	quietTime = 10 * time.Second
	// quietKinds bounds the kinds of lines that one hush tells apart.
	quietKinds = 32
)

// hush keeps what repeats from filling the log. It may be used concurrently; the zero value is ready.
type hush struct {
	mu    sync.Mutex
	kinds map[string]*repeats
}

// repeats is one kind of line: when it was logged last, and how many were not since.
type repeats struct {
	last   time.Time
	silent int
}

// due reports whether a line of this kind is to be logged, and with which attributes: how many before it were not.
func (h *hush) due(kind string) (attrs []any, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	r := h.kinds[kind]
	if r == nil {
		if len(h.kinds) >= quietKinds {
			h.forget(now)
		}
		if len(h.kinds) >= quietKinds {
			return nil, false
		}
		if h.kinds == nil {
			h.kinds = map[string]*repeats{}
		}
		h.kinds[kind] = &repeats{last: now}
		return nil, true
	}
	if now.Sub(r.last) < quietTime {
		r.silent++
		return nil, false
	}
	if r.silent > 0 {
		attrs = []any{"not_logged_before", r.silent}
	}
	*r = repeats{last: now}
	return attrs, true
}

// forget drops the kinds that have not come for long.
func (h *hush) forget(now time.Time) {
	for kind, r := range h.kinds {
		if now.Sub(r.last) >= quietTime {
			delete(h.kinds, kind)
		}
	}
}
