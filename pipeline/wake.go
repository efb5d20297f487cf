package pipeline

import (
	"slices"
	"time"
)

// borrowSlot is called when a message has come and a worker is idle. If most workers are idle, it fills a slot of one
// with what is to be published now, and returns it: the caller sends it with sendFor. That saves waking the worker,
// which costs as much as the rest of a message's way. Otherwise it has a worker woken and returns nil: many messages
// are sent sooner side by side.
func (p *Pipeline) borrowSlot(now time.Time) *slot {
	if p.enough(now, p.busy()) {
		p.setTimer(now, p.unlessAnswered())
		return nil
	}
	w := p.idle[len(p.idle)-p.d.rotation(len(p.idle))]
	if 2*len(p.idle) <= len(p.workers) || p.waking > 0 || w.inFlight() > 0 {
		p.pump(now)
		return nil
	}
	s := w.freeSlots[len(w.freeSlots)-1]
	ok, wake := p.d.next(now, &s.parcel)
	if !ok {
		p.setTimer(now, wake)
		return nil
	}
	if s.parcel.rejection() != nil {
		p.d.deadLetter(now, &s.parcel)
		p.pump(now)
		return nil
	}
	w.launch(now, s)
	if p.depth.now.depth == 1 {
		p.markBusy(w)
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
	return s
}

// sendFor sends what is in the worker's slot, or leaves it to the worker if that would take waiting.
func (w *worker) sendFor(s *slot) {
	s.buf = s.parcel.fill(&s.request, s.buf)
	if (!w.p.leased.Load() || s.parcel.lane.route.held(time.Now())) && w.conn.TrySend(&s.request) {
		return
	}
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	w.handedOver = s
	w.p.markBusy(w)
	w.p.wakeWorker(w)
}

// wakeTime is how long a worker that has been woken may take to get the mutex before another one is woken.
const wakeTime = time.Millisecond

// pump makes sure that somebody takes the next message: an idle worker now, or the timer later. It must be called
// whenever a message may have become ready while a worker is idle. It wakes one worker at a time, which wakes the next
// one if there is more: waking costs much, and by then a busy worker may have taken the message.
func (p *Pipeline) pump(now time.Time) {
	if p.enough(now, p.busy()) {
		p.setTimer(now, p.unlessAnswered())
		return
	}
	if p.waking > 0 && now.Sub(p.wokenAt) < wakeTime {
		p.setTimer(now, p.wokenAt.Add(wakeTime))
		return
	}
	ready, wake := p.d.ready(now)
	if !ready {
		p.setTimer(now, wake)
		return
	}
	i := len(p.idle) - p.d.rotation(len(p.idle))
	w := p.idle[i]
	p.idle = slices.Delete(p.idle, i, i+1)
	p.wokenAt = now
	p.wakeWorker(w)
}

// busy returns how many workers are not idle.
func (p *Pipeline) busy() int { return len(p.workers) - len(p.idle) }

// enough reports whether so many busy workers are to take all that comes, as depth has found: they are back soon.
func (p *Pipeline) enough(now time.Time, busy int) bool {
	return busy >= p.depth.now.workers && now.Before(p.unlessAnswered())
}

// unlessAnswered is when busy workers are no longer waited for, unless one of them comes back.
func (p *Pipeline) unlessAnswered() time.Time { return p.answeredAt.Add(p.depth.patienceFor()) }

// wakeWorker interrupts a worker that is idle, and has been removed from the idle ones.
func (p *Pipeline) wakeWorker(w *worker) {
	p.waking++
	w.idle, w.woken = false, true
	w.conn.Interrupt()
}

// markBusy notes that a worker is no longer idle.
func (p *Pipeline) markBusy(w *worker) {
	if w.woken {
		w.woken = false
		p.waking--
	}
	if w.idle {
		w.idle = false
		p.idle = without(p.idle, w)
	}
}

// without removes a worker. It is mostly the last one, and there are few.
func without(idle []*worker, w *worker) []*worker {
	for i, other := range slices.Backward(idle) {
		if other == w {
			return slices.Delete(idle, i, i+1)
		}
	}
	return idle
}

// reuseTime is the time in which each connection in use should be used once, so that nobody closes it for being idle.
const reuseTime = 2 * time.Second

// rotation returns how many of the latest idle workers take turns. Without a quota it is the latest alone, so that few
// connections are in use. A quota may be enforced by each server behind the endpoint for itself, so that one connection
// gets only a part of it: then as many take turns as are each used once in reuseTime.
func (d *dispatcher) rotation(idle int) int {
	if !d.region.Limited() {
		return 1
	}
	return max(1, min(idle, int(d.started.LastSecond()*reuseTime.Seconds())))
}

// setTimer makes the timer ring at a time, unless it rings before; zero: never. It is needed for idle workers only:
// busy ones ask again by themselves.
func (p *Pipeline) setTimer(now, at time.Time) {
	if at.IsZero() || p.timerAt.After(now) && !at.Before(p.timerAt) {
		return
	}
	p.timerAt = at
	p.timer.Reset(at.Sub(now))
}

// tick is called by the timer, on a goroutine of its own.
func (p *Pipeline) tick() {
	p.mu.Lock()
	p.timerAt = time.Time{}
	if len(p.idle) > 0 {
		p.pump(time.Now())
	}
	p.unlock()
}
