package pipeline

import "time"

// take waits for a message that is to be published now. It returns nil when the pipeline has nothing left to publish.
func (p *Pipeline) take(w *worker) *entry {
	p.mu.Lock()
	for {
		if p.drained {
			p.mu.Unlock()
			return nil
		}
		now := time.Now()
		e, wake := p.d.next(now)
		if e != nil {
			w.request.Deadline = p.deadline(now)
			if len(p.idle) > 0 {
				p.pump(now)
			}
			p.mu.Unlock()
			return e
		}
		p.idle = append(p.idle, w)
		p.wakeAt(now, wake)
		p.mu.Unlock()
		<-w.wake
		p.mu.Lock()
	}
}

// pump makes sure that somebody takes the next message: a parked worker now, or the timer later. Called with a parked worker
// whenever the next message may have changed.
func (p *Pipeline) pump(now time.Time) {
	ready, wake := p.d.ready(now)
	if !ready {
		p.wakeAt(now, wake)
		return
	}
	last := len(p.idle) - 1
	w := p.idle[last]
	p.idle = p.idle[:last]
	w.wake <- struct{}{}
}

// wakeAt sets the timer, if it would ring later than at. Workers that are busy ask for themselves.
func (p *Pipeline) wakeAt(now, at time.Time) {
	if at.IsZero() || p.timerAt.After(now) && !at.Before(p.timerAt) {
		return
	}
	p.timerAt = at
	p.timer.Reset(at.Sub(now))
}

// tick is the timer's callback.
func (p *Pipeline) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timerAt = time.Time{}
	if len(p.idle) > 0 {
		p.pump(time.Now())
	}
}

// finish hands the answer to a publish back and settles the message if it has ended.
func (p *Pipeline) finish(now time.Time, e *entry, a Answer) {
	p.mu.Lock()
	ended, done := p.d.finish(now, e, a)
	p.release(ended, done)
}

// finishRejected hands a message back that can never be published.
func (p *Pipeline) finishRejected(now time.Time, e *entry, kept bool, err error) {
	p.mu.Lock()
	ended, done := p.d.finishRejected(now, e, kept, err)
	p.release(ended, done)
}

// rejected notes that the endpoint can never accept e, which stays in flight.
func (p *Pipeline) rejected(now time.Time, e *entry, a Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.d.attempted(now, e, a)
	e.rejection = &Rejection{Reason: a.Reason, Status: a.Status, Detail: a.Detail, Attempts: e.attempts, Route: e.lane.route.cfg.Name}
	if len(p.idle) > 0 { // The answer may have opened a gate, and this worker is about to wait for the dead letter.
		p.pump(now)
	}
}

// release unlocks after a message has come back, tells its source how it ended, and logs. It wakes no worker: the caller is
// one, and takes the next message itself.
func (p *Pipeline) release(ended ending, done bool) {
	if done {
		p.checkEmpty()
	}
	if p.d.roomMade {
		p.d.roomMade = false
		p.room.Broadcast()
	}
	events := p.d.events.waiting
	p.d.events.waiting = nil
	p.mu.Unlock()
	if done {
		ended.settle()
	}
	for _, e := range events {
		e.log(p.log)
	}
}

// deadline is when an attempt that starts now must end.
func (p *Pipeline) deadline(now time.Time) time.Time {
	deadline := now.Add(p.cfg.Timeout)
	if !p.endBy.IsZero() && p.endBy.Before(deadline) {
		return p.endBy
	}
	return deadline
}

// KeyChanged says that there is a new key: a probe with it may start at once.
func (p *Pipeline) KeyChanged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.d.key.closed {
		return
	}
	p.d.key.delays.Reset()
	p.d.key.probeAt = time.Now()
	if len(p.idle) > 0 {
		p.pump(time.Now())
	}
}
