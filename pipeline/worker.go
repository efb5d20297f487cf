package pipeline

import (
	"time"
)

// worker publishes on one connection, which carries up to depth publishes at a time. It is one goroutine, that takes
// what is to be published, sends it, and receives the answers:
//
//	dispatcher ──▶ take ──▶ send ──▶ receive ──┐
//	                ▲                          │
//	                └──────────────────────────┘
//
// A worker with room for which there is nothing stands idle in Receive, and is interrupted when there may be
// something. What is sent together costs one write. So a connection that is full takes no more until half of it is
// answered, unless answers take long: then there are few, and each place counts.
type worker struct {
	p     *Pipeline
	conn  Connection
	slots []slot // One for each publish that the connection can carry.

	// Guarded by the pipeline's mutex:
	freeSlots  []*slot
	slow       bool  // The latest answer took long.
	idle       bool  // It is one of the pipeline's idle workers.
	woken      bool  // It has been interrupted, and has not got the mutex since.
	handedOver *slot // Taken for it, and to be sent by it; nil: nothing is.

	// Of its goroutine:
	taken    []*slot
	more     bool // It has room for more than what is taken.
	sends    []*Request
	answers  []Answered
	answered time.Time // When the latest answers came.
}

// slot is a place of a connection, and the publish in it: from its start until its answer is handed back, also while
// somebody else than the worker sends it.
type slot struct {
	parcel  parcel
	worker  *worker
	request Request
	buf     []byte // Reused.
	flying  bool   // Guarded by the pipeline's mutex.
}

func newWorker(p *Pipeline, depth int) *worker {
	w := &worker{p: p, conn: p.sink.Connection(depth), slots: make([]slot, depth)}
	for i := range w.slots {
		f := &w.slots[i]
		f.worker, f.request.Slot = w, i
		w.freeSlots = append(w.freeSlots, f)
	}
	return w
}

// run publishes until the pipeline lets the worker go.
func (w *worker) run() {
	defer w.conn.Close()
	for w.p.take(w) {
		if len(w.taken) > 0 {
			w.send()
			if w.more { // Ask before it waits: nobody interrupts a worker that is not idle.
				continue
			}
		}
		w.receive()
	}
}

// take hands back what is answered, and moves what is to be published now into w.taken. Without anything the worker
// is idle from now on. It returns false when the pipeline has nothing left to publish.
func (p *Pipeline) take(w *worker) bool {
	now := w.answered
	if len(w.answers) == 0 {
		now = time.Now()
	}
	p.mu.Lock()
	p.markBusy(w)
	p.takeAnswers(now, w)
	open := !p.drained
	if open {
		p.assign(now, w)
	}
	p.unlock()
	return open
}

// takeAnswers tells what became of the worker's publishes that are answered.
func (p *Pipeline) takeAnswers(now time.Time, w *worker) {
	for _, a := range w.answers {
		f := &w.slots[a.Request.Slot]
		f.request.Payload = nil
		w.slow = now.Sub(f.parcel.sent) > slowAnswer
		p.takeAnswer(now, &f.parcel, a.Answer)
		f.flying = false
		w.freeSlots = append(w.freeSlots, f)
	}
	w.answers = w.answers[:0]
}

// slowAnswer is what an answer takes on a network rather than within a host.
const slowAnswer = 2 * time.Millisecond

// assign moves as much as there is and as the connection has room for into w.taken, and sees to what is left.
func (p *Pipeline) assign(now time.Time, w *worker) {
	w.taken, w.more = w.taken[:0], false
	if w.handedOver != nil {
		w.taken, w.handedOver = append(w.taken, w.handedOver), nil
	}
	var wake time.Time
	for room := w.capacity(); room > 0; room-- {
		f := w.freeSlots[len(w.freeSlots)-1]
		var ok bool
		if ok, wake = p.d.next(now, &f.parcel); !ok {
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
	if w.more && len(w.taken) == 0 {
		w.idle = true
		p.idle = append(p.idle, w)
		p.setTimer(now, wake)
		return
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
}

// capacity is how much it is worth taking.
func (w *worker) capacity() int {
	depth, inFlight := w.conn.Depth(), len(w.slots)-len(w.freeSlots)
	if inFlight > depth/2 && !w.slow {
		return 0
	}
	return max(0, depth-inFlight)
}

// launch takes the last free place for the publish in it, which starts now.
func (w *worker) launch(now time.Time, s *slot) {
	s.flying = true
	s.request.Start, s.request.Deadline = now, w.p.deadline(now)
	w.freeSlots = w.freeSlots[:len(w.freeSlots)-1]
}

// send sends what is taken.
func (w *worker) send() {
	w.sends = w.sends[:0]
	for _, f := range w.taken {
		f.buf = f.parcel.fill(&f.request, f.buf)
		w.sends = append(w.sends, &f.request)
	}
	w.conn.Send(w.sends)
}

// receive waits for answers, or for an interruption.
func (w *worker) receive() {
	w.answers = w.conn.Receive(w.answers[:0])
	w.answered = time.Now()
	for _, a := range w.answers {
		w.slots[a.Request.Slot].parcel.observe(w.answered, a.Answer.Verdict == Accept)
	}
}

// oldest is when the worker's oldest publish left the queue; zero if it has none.
func (w *worker) oldest() time.Time {
	var at time.Time
	for i := range w.slots {
		if f := &w.slots[i]; f.flying {
			at = earlier(at, f.parcel.sent)
		}
	}
	return at
}
