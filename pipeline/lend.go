package pipeline

import "time"

// lend takes what is to be published now, when a message has come and a worker is idle. Where most workers are, it
// returns a place of one with what it took, to be sent by the caller: that saves waking the worker, which costs as
// much as the rest of a message's way. Otherwise it has seen to it that a worker comes: many messages are sent sooner
// side by side.
func (p *Pipeline) lend(now time.Time) *slot {
	w := p.idle[len(p.idle)-p.d.spread(len(p.idle))]
	if 2*len(p.idle) <= len(p.workers) || p.waking > 0 || len(w.free) < len(w.slots) {
		p.pump(now)
		return nil
	}
	s := w.free[len(w.free)-1]
	ok, wake := p.d.next(now, &s.parcel)
	if !ok {
		p.wakeAt(now, wake)
		return nil
	}
	if s.parcel.rejection() != nil {
		p.d.leave(now, &s.parcel)
		p.pump(now)
		return nil
	}
	w.launch(now, s)
	if len(w.free) == 0 {
		p.wakes(w)
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
	return s
}

// sendFor sends what was taken for the worker, or leaves it to the worker.
func (w *worker) sendFor(s *slot) {
	s.batch = s.parcel.fill(&s.request, s.batch)
	if w.conn.TrySend(&s.request) {
		return
	}
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	w.handed = s
	w.p.wakes(w)
	w.p.rouse(w)
}
