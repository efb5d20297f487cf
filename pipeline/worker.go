package pipeline

import (
	"time"
)

// worker publishes on one connection, which carries one publish at a time, or several. It is one goroutine that takes
// what is to be published, sends it, and receives the answers:
//
//	dispatcher ──▶ take ──▶ send ──▶ receive ──┐
//	                ▲                          │
//	                └──────────────────────────┘
//
// A worker with room on its connection and nothing to send is idle: it waits in Receive, and is interrupted when there
// may be something to send. What is sent together costs one write. So a worker whose connection is full takes nothing
// more until half of it is answered. Where answers take long it does take more, since then every place counts.
type worker struct {
	p     *Pipeline
	conn  Connection
	slots []slot // One for each publish that the connection can carry.

	// Guarded by the pipeline's mutex:
	freeSlots  []*slot
	slow       bool // The latest answer took long.
	place      *place
	idle       bool  // It is one of the pipeline's idle workers.
	woken      bool  // It has been interrupted, and has not got the mutex since.
	handedOver *slot // A slot that somebody else has filled and not sent: the worker sends it; nil: there is none.

	// Used by its goroutine alone:
	taken    []*slot // What it is about to send.
	more     bool    // It has room for more than that.
	sends    []*Request
	answers  []Answered
	answered time.Time // When the latest answers came.
	traced   []Traced  // Of the answer that is being looked at; reused.
}

// slot is a place on a connection with the publish in it. It is in use from the publish's start until its answer has
// been taken back.
type slot struct {
	worker  *worker
	parcel  parcel
	request Request
	buf     []byte // The batch; reused.
	flying  bool   // A publish is in it. Guarded by the pipeline's mutex.
}

func newWorker(p *Pipeline, depth int) *worker {
	w := &worker{p: p, conn: p.sink.Connection(depth), slots: make([]slot, depth), place: p.crowds.add()}
	for i := range w.slots {
		f := &w.slots[i]
		f.worker, f.request.Slot = w, i
		w.freeSlots = append(w.freeSlots, f)
	}
	return w
}

// run publishes until the pipeline has nothing left.
func (w *worker) run() {
	defer w.conn.Close()
	for w.p.take(w) {
		if len(w.taken) > 0 {
			w.send()
			// It must ask again before it waits: nobody interrupts a worker that is not idle.
			if w.more || len(w.answers) > 0 {
				continue
			}
		}
		w.receive()
	}
}

// take takes back what is answered, and moves what is to be published now into w.taken. If that is nothing, the worker
// is idle from now on. take returns false when the pipeline has nothing left to publish.
func (p *Pipeline) take(w *worker) bool {
	now := w.answered
	if len(w.answers) == 0 {
		now = time.Now()
	}
	p.mu.Lock()
	if p.leased.Load() { // The process may have been stopped for a while since.
		now = time.Now()
	}
	p.markBusy(w)
	p.takeAnswers(now, w)
	open := !p.drained
	if open {
		p.assign(now, w)
	}
	p.unlock()
	return open
}

// takeAnswers takes back those of the worker's publishes that are answered.
func (p *Pipeline) takeAnswers(now time.Time, w *worker) {
	for _, a := range w.answers {
		f := &w.slots[a.Request.Slot]
		f.request.Payload = nil
		took := now.Sub(f.parcel.sent)
		w.slow = took > slowAnswer
		p.depth.answer(now, a.Answer.Verdict, took)
		if p.d.region.Limited() {
			p.crowds.answer(now, w.place, a.Answer.Verdict, p.d.started.LastSecond())
		}
		p.takeAnswer(now, &f.parcel, a.Answer)
		f.flying = false
		w.freeSlots = append(w.freeSlots, f)
	}
	if len(w.answers) > 0 {
		p.answeredAt = now
	}
	w.answers = w.answers[:0]
}

// slowAnswer is the time above which an answer comes over a network rather than from the same host.
const slowAnswer = 2 * time.Millisecond

// assign moves what is to be published now into w.taken, as far as the connection has room. It sees to it that somebody
// takes what is left.
func (p *Pipeline) assign(now time.Time, w *worker) {
	w.taken, w.more = w.taken[:0], false
	if w.handedOver != nil {
		w.taken, w.handedOver = append(w.taken, w.handedOver), nil
	}
	next := p.loadSlots(now, w)
	if w.more && len(w.taken) == 0 {
		w.idle = true
		p.idle = append(p.idle, w)
		p.setTimer(now, next)
		return
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}

// loadSlots moves what is to be published now into w.taken, as far as the connection has room. If that is not used up,
// it says when to ask again.
func (p *Pipeline) loadSlots(now time.Time, w *worker) (next time.Time) {
	room := w.capacity()
	if room == 0 {
		return next
	}
	if p.enough(now, p.busy()-1) {
		w.more = w.inFlight() == 0
		return p.unlessAnswered()
	}
	for ; room > 0; room-- {
		f := w.freeSlots[len(w.freeSlots)-1]
		var ok bool
		if ok, next = p.d.next(now, &f.parcel); !ok {
			w.more = true
			break
		}
		if f.parcel.rejection() != nil {
			p.d.deadLetter(now, &f.parcel)
			room++
			continue
		}
		w.launch(now, f)
		w.taken = append(w.taken, f)
	}
	p.depth.ask(now, !w.more)
	return next
}

// capacity returns how many publishes the worker takes now.
func (w *worker) capacity() int {
	depth, inFlight := min(w.conn.Depth(), w.p.depth.now.depth), w.inFlight()
	if inFlight > depth/2 && !w.slow || inFlight > 0 && w.place.moving {
		return 0
	}
	return max(0, depth-inFlight)
}

func (w *worker) inFlight() int { return len(w.slots) - len(w.freeSlots) }

// launch starts the publish in s, which is the last of the free slots.
func (w *worker) launch(now time.Time, s *slot) {
	s.flying = true
	s.request.Start, s.request.Deadline = now, w.p.deadline(now)
	s.request.Reconnect, w.place.moving = w.place.moving, false
	w.freeSlots = w.freeSlots[:len(w.freeSlots)-1]
}

// send sends what has been taken.
func (w *worker) send() {
	w.sends = w.sends[:0]
	for _, f := range w.taken {
		if f.request.Payload == nil { // Otherwise it was handed over.
			f.buf = f.parcel.fill(&f.request, f.buf)
		}
		w.sends = append(w.sends, &f.request)
	}
	if w.p.leased.Load() {
		w.keepBack()
	}
	if len(w.sends) > 0 {
		w.conn.Send(w.sends, w.more)
	}
}

// receive waits for answers, or until it is interrupted.
func (w *worker) receive() {
	w.answers = w.conn.Receive(w.answers[:0])
	w.answered = time.Now()
	for i := range w.answers {
		a := &w.answers[i]
		p := &w.slots[a.Request.Slot].parcel
		switch {
		case a.Answer.silent():
		case w.p.cfg.Tracer == nil:
			p.observe(w.answered, a.Answer.Verdict == Accept, nil)
		default:
			w.observeTraced(w.answered, p, &a.Answer)
		}
	}
}

// oldest returns when the worker's oldest publish left the queue; zero if it has none.
func (w *worker) oldest() time.Time {
	var at time.Time
	for i := range w.slots {
		if f := &w.slots[i]; f.flying {
			at = earlier(at, f.parcel.sent)
		}
	}
	return at
}
