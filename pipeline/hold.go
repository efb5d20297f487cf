package pipeline

import "time"

// linger holds a lane that has got its first message until its batch is full or the message has waited for long enough.
func (d *dispatcher) linger(now time.Time, l *lane) {
	c := &l.route.cfg.Batch
	switch {
	case c.Linger == 0 || c.Framing == nil:
	case l.lingering && c.full(l):
		l.heldUntil, l.lingering = time.Time{}, false
	case l.queued == 1 && l.heldUntil.IsZero() && !c.full(l):
		d.hold(l, now.Add(c.Linger))
		l.lingering = true
	}
}

// hold keeps a whole lane from publishing until a time. A lane in its route's ring stays there; pick passes it over.
func (d *dispatcher) hold(l *lane, until time.Time) {
	if !l.heldUntil.IsZero() && !l.lingering {
		return
	}
	l.heldUntil, l.lingering = until, false
	d.delayed.add(delayed{at: until, lane: l})
}

// comeBack queues a message again that has waited by itself, which there is only without order. One that was refused
// goes behind the others, which may do better.
func (l *lane) comeBack(e *entry) {
	if e.trouble != nil && l.first != nil {
		l.pushBack(e)
		return
	}
	l.pushFront(e)
}

// wakeDelayed brings back the lanes and messages whose time has come, and ends those that are too old.
func (d *dispatcher) wakeDelayed(now time.Time) {
	d.expire(now)
	d.tryLetters(now)
	for {
		due, ok := d.delayed.due(now)
		if !ok {
			return
		}
		switch {
		case due.stale():
			continue
		case due.entry == nil:
			due.lane.heldUntil, due.lane.lingering = time.Time{}, false
		default:
			due.lane.comeBack(due.entry)
		}
		d.refresh(due.lane)
	}
}

// nextDelayed is when the next lane or message is to be woken, or the next message expires.
func (d *dispatcher) nextDelayed() time.Time {
	at := earlier(d.nextExpiry(), d.nextTry())
	if len(d.delayed) > 0 {
		at = earlier(at, d.delayed[0].at)
	}
	return at
}
