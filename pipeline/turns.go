package pipeline

import (
	"slices"
	"sync"
	"time"
)

// taker takes publishes from the dispatcher, and is parked while there is nothing for it.
type taker struct {
	wake chan struct{} // One slot; sent to by whoever ended its wait, under the mutex.
}

func newTaker() taker { return taker{wake: make(chan struct{}, 1)} }

// next hands back what the worker has done, waits for something that is to be published now, and moves it into the worker's parcel. It returns false
// when the pipeline has nothing left to publish.
func (p *Pipeline) next(w *worker) bool {
	p.mu.Lock()
	now := w.now()
	if p.handBack(now, w) { // The same again, to be kept as a dead letter.
		p.unlock()
		return true
	}
	w.busySince = time.Time{}
	for !p.drained {
		ok, wake := p.d.next(now, &w.parcel)
		if ok {
			w.busySince = now
			w.request.Start, w.request.Deadline = now, p.deadline(now)
			if len(p.idle) > 0 {
				p.pump(now)
			}
			p.unlock()
			return true
		}
		now = p.park(now, &w.taker, wake)
	}
	p.mu.Unlock()
	return false
}

// handBack tells the dispatcher what became of the worker's parcel, if it has one. It reports whether its one message has turned out to be
// unpublishable: it stays in flight until it is kept as a dead letter.
func (p *Pipeline) handBack(now time.Time, w *worker) (rejected bool) {
	did := w.did
	w.did = nothing
	switch did {
	case nothing:
		return false
	case published:
		if p.finish(now, &w.parcel, w.answer) {
			if len(p.idle) > 0 { // The answer may have opened a gate, and this worker is about to wait for the dead letter.
				p.pump(now)
			}
			return true
		}
	case keptLetter:
		p.d.finishRejected(now, &w.parcel, w.kept, w.keepErr)
		p.d.endLeft(w.parcel.lane)
	}
	return false
}

// finish hands the answer to a publish back. It reports whether its one message can never be published: it then stays in flight until
// finishRejected.
func (p *Pipeline) finish(now time.Time, flying *parcel, a Answer) (rejected bool) {
	a = p.d.judge(flying, a)
	if a.Verdict == Reject && flying.n == 1 {
		p.d.reject(now, flying, a)
		return true
	}
	p.d.finish(now, flying, a)
	p.d.endLeft(flying.lane)
	return false
}

// park waits, without the mutex, until there may be something to take, at wake at the latest, and returns the time.
func (p *Pipeline) park(now time.Time, t *taker, wake time.Time) time.Time {
	p.idle = append(p.idle, t)
	p.wakeAt(now, wake)
	return p.await(t)
}

// await waits, without the mutex, until t is roused, and returns the time.
func (p *Pipeline) await(t *taker) time.Time {
	p.unlock()
	<-t.wake
	p.mu.Lock()
	p.waking--
	return time.Now()
}

// pump makes sure that somebody takes the next message: a parked taker now, or the timer later. Called with a parked taker
// whenever the next message may have changed. One is woken at a time, which wakes the next if there is more: waking is dear, and by then one that
// is busy may have come for it.
func (p *Pipeline) pump(now time.Time) {
	if p.waking > 0 {
		return
	}
	ready, wake := p.d.ready(now)
	if !ready {
		p.wakeAt(now, wake)
		return
	}
	i := len(p.idle) - p.d.spread(len(p.idle))
	t := p.idle[i]
	p.idle = slices.Delete(p.idle, i, i+1)
	p.rouse(t)
}

// rouse ends the wait of a taker.
func (p *Pipeline) rouse(t *taker) {
	p.waking++
	t.wake <- struct{}{}
}

// onceIn is how often a connection in use should be used: often enough that nobody closes it for being idle.
const onceIn = 2 * time.Second

// spread is how many of the idle takers, the latest ones, take turns. Without a quota it is the latest alone, so that few connections are in
// use. A quota may be enforced for each server behind the endpoint, so that a connection gets a part of it only: then as many take turns as
// are used every other second.
func (d *dispatcher) spread(idle int) int {
	if !d.region.bucket.limited() {
		return 1
	}
	return max(1, min(idle, int(d.publishes.before*onceIn.Seconds())))
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
	p.timerAt = time.Time{}
	if len(p.idle) > 0 {
		p.pump(time.Now())
	}
	p.unlock()
}

// manyEndings are slices for what ends at once, reused.
var manyEndings = sync.Pool{New: func() any { return new([]ending) }}

// unlock frees the mutex, and then tells the sources of the messages that have ended how they did, and logs. It wakes no worker but those that
// have nothing left to do: where others may have something to publish, the caller pumps before.
func (p *Pipeline) unlock() {
	d := &p.d
	if d.anyEnded {
		d.anyEnded = false
		p.checkEmpty()
	}
	if d.roomMade {
		d.roomMade = false
		p.room.Broadcast()
	}
	var one [1]ending // As usual.
	ended, many := one[:copy(one[:], d.ended)], (*[]ending)(nil)
	if len(d.ended) > len(one) {
		many = manyEndings.Get().(*[]ending)
		*many, d.ended = d.ended, (*many)[:0]
		ended = *many
	}
	clear(d.ended)
	d.ended = d.ended[:0]
	events := d.events.waiting
	d.events.waiting = nil
	p.mu.Unlock()
	for i := range ended {
		ended[i].settler.Settle(ended[i].handle, ended[i].outcome)
	}
	if many != nil {
		clear(*many)
		manyEndings.Put(many)
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

// KeyChanged says that there is a new key: probes with it may start at once, of all that may have been the old key's fault.
func (p *Pipeline) KeyChanged() {
	p.mu.Lock()
	defer p.unlock()
	now := time.Now()
	p.d.keySince = now
	p.d.key.probeNow(now)
	for _, r := range p.d.routes {
		r.cache.gate.probeNow(now)
		r.gate.probeNow(now)
		for _, l := range r.lanes {
			if l.gate.closed {
				l.gate.probeNow(now)
				l.heldUntil = time.Time{}
				p.d.refresh(l)
			}
		}
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}
