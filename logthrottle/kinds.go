package logthrottle

import (
	"sync"
	"time"
)

// most bounds the kinds that are told apart.
const most = 32

// kinds are events of several kinds. They may be used concurrently; the zero value is ready. Their number is bounded:
// a kind for which there is no room is not told.
type kinds struct {
	mu      sync.Mutex
	repeats map[string]*Repeat
}

// due is Repeat.Due for an event of a kind that happens now.
func (k *kinds) due(kind string) (passed int, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	r := k.repeats[kind]
	if r == nil {
		if r = k.add(kind, now); r == nil {
			return 0, false
		}
	}
	return r.Due(now, Interval)
}

// add adds a kind, in the place of others that have not come for long. It returns nil where there is none.
func (k *kinds) add(kind string, now time.Time) *Repeat {
	if len(k.repeats) >= most {
		for other, r := range k.repeats {
			if now.Sub(r.last) >= Interval {
				delete(k.repeats, other)
			}
		}
	}
	if len(k.repeats) >= most {
		return nil
	}
	if k.repeats == nil {
		k.repeats = map[string]*Repeat{}
	}
	r := &Repeat{}
	k.repeats[kind] = r
	return r
}
