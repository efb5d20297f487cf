package pipeline

import (
	"slices"
	"time"
)

// borrowSlot takes what is to be published now, when a message has come and a worker is idle. Where most workers are, it
// returns a place of one with what it took, to be sent by the caller: that saves waking the worker, which costs as
// much as the rest of a message's way. Otherwise it has seen to it that a worker comes: many messages are sent sooner
// side by side.
func (p *Pipeline) borrowSlot(now time.Time) *slot {
	w := p.idle[len(p.idle)-p.d.rotation(len(p.idle))]
	if 2*len(p.idle) <= len(p.workers) || p.waking > 0 || len(w.freeSlots) < len(w.slots) {
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
	if len(w.freeSlots) == 0 {
		p.markBusy(w)
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
	return s
}

// sendFor sends what was taken for the worker, or leaves it to the worker.
func (w *worker) sendFor(s *slot) {
	s.buf = s.parcel.fill(&s.request, s.buf)
	if w.conn.TrySend(&s.request) {
		return
	}
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	w.handedOver = s
	w.p.markBusy(w)
	w.p.wakeWorker(w)
}

// wakeTime is what a worker may take to get the mutex after it has been interrupted, before another one is.
const wakeTime = time.Millisecond

// pump makes sure that somebody takes the next message: an idle worker now, or the timer later. Called with an idle
// worker whenever the next message may have changed. One is woken at a time, which wakes the next if there is more:
// waking is expensive, and by then one that is busy may have come for it.
func (p *Pipeline) pump(now time.Time) {
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

// wakeWorker ends the wait of a worker that has been idle.
func (p *Pipeline) wakeWorker(w *worker) {
	p.waking++
	w.idle, w.woken = false, true
	w.conn.Interrupt()
}

// markBusy notes that a worker is not idle any more.
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

// without removes a worker, of which there are few, and which is mostly the last.
func without(idle []*worker, w *worker) []*worker {
	for i, other := range slices.Backward(idle) {
		if other == w {
			return slices.Delete(idle, i, i+1)
		}
	}
	return idle
}

// onceIn is how often a connection in use should be used: often enough that nobody closes it for being idle.
const onceIn = 2 * time.Second

// rotation is how many of the idle workers, the latest ones, take turns. Without a quota it is the latest alone, so
// that few connections are in use. A quota may be enforced for each server behind the endpoint, so that a connection
// gets a part of it only: then as many take turns as are used every other second.
func (d *dispatcher) rotation(idle int) int {
	if !d.region.Limited() {
		return 1
	}
	return max(1, min(idle, int(d.publishes.LastSecond()*onceIn.Seconds())))
}

// setTimer sets the timer, if it would ring later than at. Workers that are busy ask for themselves.
func (p *Pipeline) setTimer(now, at time.Time) {
	if at.IsZero() || p.timerAt.After(now) && !at.Before(p.timerAt) {
		return
	}
	p.timerAt = at
	p.timer.Reset(at.Sub(now))
}

// tick is the timer's callback.
func (p *Pipeline) tick() {
	p.mu.Lock()
	p.timerAt = time.Time{}
	if len(p.idle) > 0 {
		p.pump(time.Now())
	}
	p.unlock()
}
