package pipeline

import (
	"sync"
	"time"
)

// line makes several publishes at a time. Its own goroutine takes them and sends them; answers come on a goroutine of the sink; dead letters are kept by a
// third, so that neither waits for one.
//
//	dispatcher ──▶ run ──▶ Line.Send
//	     ▲          └─ unpublishable ─┐
//	     ├── answered ◀── the sink    ▼
//	     │      └─ unpublishable ──▶ keep
//	     └────────────────────────────┘
//
// What is sent together costs one write. So a line that is full takes no more until half of it is answered, unless answers take long: then there are
// few, and each place counts.
type line struct {
	taker
	p       *Pipeline
	out     Line
	flights []outgoing     // One for each publish that it can carry.
	letters chan *outgoing // To be kept; room for all. Closed by run.

	// Guarded by the pipeline's mutex:
	free    []*outgoing
	waiting bool      // It has no room, and is to be woken when it has.
	slow    bool      // The latest answer took long.
	keptAt  time.Time // When the last dead letter was handed back.

	// Of run:
	taken []*outgoing
	sends []*Request
}

// outgoing is one publish of a line.
type outgoing struct {
	parcel  parcel
	request Request
	batch   []byte // Reused.
	flying  bool   // Guarded by the pipeline's mutex.
}

func newLine(p *Pipeline, depth int) *line {
	l := &line{taker: newTaker(), p: p, flights: make([]outgoing, depth), letters: make(chan *outgoing, depth)}
	for i := range l.flights {
		f := &l.flights[i]
		f.request.Slot = i
		l.free = append(l.free, f)
	}
	l.out = p.sink.Line(depth, l.answered)
	return l
}

// run publishes until the pipeline lets the line go.
func (l *line) run() {
	var keeper sync.WaitGroup
	keeper.Go(l.keep)
	for l.p.nextSeveral(l) {
		l.sends = l.sends[:0]
		for _, f := range l.taken {
			if f.parcel.rejection() != nil {
				l.letters <- f
				continue
			}
			f.batch = f.parcel.fill(&f.request, f.batch)
			l.sends = append(l.sends, &f.request)
		}
		if len(l.sends) > 0 {
			l.out.Send(l.sends)
		}
	}
	close(l.letters)
	keeper.Wait()
	l.out.Close()
}

// keep stores what can never be published.
func (l *line) keep() {
	for f := range l.letters {
		kept, err := f.parcel.keep()
		l.p.kept(time.Now(), l, f, kept, err)
	}
}

// answered is called by the sink.
func (l *line) answered(all []Answered) {
	now := time.Now()
	for _, a := range all {
		f := &l.flights[a.Request.Slot]
		f.parcel.observe(now, a.Answer.Verdict == Accept)
	}
	l.p.answered(now, l, all)
}

// nextSeveral waits for what the line is to publish now, and moves it into l.taken. It returns false when the pipeline has nothing left to publish.
func (p *Pipeline) nextSeveral(l *line) bool {
	p.mu.Lock()
	now := time.Now()
	for !p.drained {
		depth := l.out.Depth()
		if !l.roomy(depth) {
			l.waiting = true
			now = p.await(&l.taker)
			continue
		}
		wake, ok := p.takeSeveral(now, l, depth)
		if ok {
			p.unlock()
			return true
		}
		now = p.park(now, &l.taker, wake)
	}
	p.mu.Unlock()
	return false
}

// slowAnswer is what an answer takes on a network rather than within a host.
const slowAnswer = 2 * time.Millisecond

// roomy reports whether it is worth taking more.
func (l *line) roomy(depth int) bool {
	inFlight := len(l.flights) - len(l.free)
	return inFlight <= depth/2 || l.slow && inFlight < depth
}

// takeSeveral moves as much as there is and as the line has room for into l.taken. If that is nothing, it returns when to ask again, as next does.
func (p *Pipeline) takeSeveral(now time.Time, l *line, depth int) (time.Time, bool) {
	l.taken = l.taken[:0]
	for len(l.flights)-len(l.free) < depth {
		f := l.free[len(l.free)-1]
		ok, wake := p.d.next(now, &f.parcel)
		if !ok {
			if len(l.taken) == 0 {
				return wake, false
			}
			break
		}
		f.flying = true
		f.request.Start, f.request.Deadline = now, p.deadline(now)
		l.free = l.free[:len(l.free)-1]
		l.taken = append(l.taken, f)
	}
	if len(p.idle) > 0 {
		p.pump(now)
	}
	return time.Time{}, true
}

// answered hands answers to a line's publishes back.
func (p *Pipeline) answered(now time.Time, l *line, all []Answered) {
	p.mu.Lock()
	for _, a := range all {
		f := &l.flights[a.Request.Slot]
		f.request.Payload = nil
		l.slow = now.Sub(f.parcel.sent) > slowAnswer
		if p.finish(now, &f.parcel, a.Answer) {
			l.letters <- f // It has room for all.
			continue
		}
		l.land(f)
	}
	p.refilled(now, l)
	p.unlock()
}

// kept hands a publish back that can never succeed.
func (p *Pipeline) kept(now time.Time, l *line, f *outgoing, kept bool, err error) {
	p.mu.Lock()
	l.keptAt = now
	p.d.finishRejected(now, &f.parcel, kept, err)
	p.d.endLeft(f.parcel.lane)
	l.land(f)
	p.refilled(now, l)
	p.unlock()
}

func (l *line) land(f *outgoing) {
	f.flying = false
	l.free = append(l.free, f)
}

// refilled wakes the line if it waits for room and has it. Otherwise somebody else may be able to take what the answers have set free.
func (p *Pipeline) refilled(now time.Time, l *line) {
	if l.waiting && l.roomy(l.out.Depth()) {
		l.waiting = false
		p.rouse(&l.taker)
	} else if len(p.idle) > 0 {
		p.pump(now)
	}
}

// oldest is when the line's oldest publish left the queue, or its turn came to be kept as a dead letter; zero if it has none.
func (l *line) oldest() time.Time {
	var at time.Time
	for i := range l.flights {
		f := &l.flights[i]
		if !f.flying {
			continue
		}
		since := f.parcel.sent
		if f.parcel.rejection() != nil && l.keptAt.After(since) {
			since = l.keptAt
		}
		at = earlier(at, since)
	}
	return at
}
