package lease

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	protocol "momento-bridge/lease"
	"momento-bridge/source"
)

// forever is later than any deadline.
const forever protocol.Instant = math.MaxInt64

// lease is one of them. It implements source.Lease, for one caller of Take at a time.
type lease struct {
	m         *Manager
	route     string
	partition int
	name      string
	granted   chan *hold // One slot.

	// Guarded by the manager's mu.
	wanted  bool
	dropped bool  // Its route is gone.
	hold    *hold // nil: it is not held.
	since   protocol.Instant
}

// hold is a lease that was taken. It implements source.Hold.
type hold struct {
	lease    *lease
	deadline atomic.Int64 // A protocol.Instant: it is not held from then on.
	lost     chan struct{}
	recalled chan struct{}

	why string // Before lost is closed.

	// Guarded by the manager's mu.
	alone    bool             // Held without a bucket.
	asked    bool             // recalled is closed.
	patience protocol.Instant // If it was recalled because there is a bucket now: it is lost then.
}

// Take waits until this replica holds the lease, or ctx is done.
func (l *lease) Take(ctx context.Context) (source.Hold, error) {
	l.want(true)
	select {
	case h := <-l.granted:
		return h, nil
	case <-ctx.Done():
	}
	l.want(false)
	select {
	case h := <-l.granted: // At the same moment.
		h.Release()
	default:
	}
	return nil, context.Cause(ctx)
}

func (l *lease) want(wanted bool) {
	l.m.mu.Lock()
	l.wanted = wanted
	l.m.machine.Want(l.name, wanted)
	l.m.mu.Unlock()
	l.m.poke()
}

// grant makes it held. The caller holds the manager's mu.
func (l *lease) grant(deadline protocol.Instant, alone bool) {
	h := &hold{
		lease: l, lost: make(chan struct{}), recalled: make(chan struct{}), alone: alone,
		patience: forever,
	}
	h.deadline.Store(int64(deadline))
	l.hold, l.wanted, l.since = h, false, l.m.now()
	l.granted <- h
}

// lose ends it without its being released. The caller holds the manager's mu.
func (l *lease) lose(why string) {
	l.hold.deadline.Store(0)
	l.hold.why = why
	close(l.hold.lost)
	l.hold, l.since = nil, l.m.now()
}

// recall asks for it. The caller holds the manager's mu.
func (h *hold) recall() {
	if !h.asked {
		h.asked = true
		close(h.recalled)
	}
}

// Held reports whether it is held at a time, which has a monotonic reading.
func (h *hold) Held(now time.Time) bool { return int64(now.Sub(h.lease.m.begun)) < h.deadline.Load() }

// Lost is closed when it is held no more, although it was not released.
func (h *hold) Lost() <-chan struct{} { return h.lost }

// Why says why it is held no more.
func (h *hold) Why() string {
	select {
	case <-h.lost:
		return h.why
	default:
		return ""
	}
}

// Recalled is closed when it is to be released.
func (h *hold) Recalled() <-chan struct{} { return h.recalled }

// Release gives it back.
func (h *hold) Release() {
	m := h.lease.m
	m.mu.Lock()
	if h.lease.hold == h {
		h.deadline.Store(0)
		h.lease.hold, h.lease.since = nil, m.now()
		if !h.alone {
			m.machine.Release(m.now(), h.lease.name)
		}
	}
	m.mu.Unlock()
	m.poke()
}

// Expires is 2/5 of the lease; 0, as long as may be, for one who carries alone and whom nobody follows by a clock.
func (h *hold) Expires() time.Duration {
	if h.alone {
		return 0
	}
	return h.lease.m.cfg.Lease / 5 * 2
}
