package pipeline

import (
	"errors"
	"sync"
	"time"
)

// reject notes that the endpoint can never accept what p carries: a single message, which stays in flight until it is
// kept as a dead letter.
func (d *dispatcher) reject(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	e := p.first
	e.rejection = &Rejection{Reason: a.Reason, Status: a.Status, Detail: a.Detail, Attempts: e.attempts, Route: p.lane.route.cfg.Name}
}

// leave gives a message that can never be published to the keepers, or parks it while they can do nothing for it.
func (d *dispatcher) leave(now time.Time, p *parcel) {
	r := p.lane.route
	if ok, _ := r.parked.gate.admits(now); !ok {
		d.park(now, p)
		return
	}
	p.trial = r.parked.gate.enter()
	r.pipeline.letters.add(*p)
}

// keepers is how many dead letters are stored at a time. One that takes long holds up no connection.
const keepers = 16

// letterQueue is what can never be published and is to be kept as a dead letter: in flight, but on no connection.
// There are no more than there are messages. The pipeline's mutex guards it.
type letterQueue struct {
	waiting ring[parcel]
	some    *sync.Cond // There is one, or there will be none any more.
	keeping [keepers]time.Time
}

// add leaves a parcel to the keepers.
func (l *letterQueue) add(p parcel) {
	l.waiting.pushBack(p)
	l.some.Signal()
}

// keepLetters stores dead letters until the pipeline has nothing left. It is one of the keepers.
func (p *Pipeline) keepLetters(keeper int) {
	for {
		letter, ok := p.nextLetter(keeper)
		if !ok {
			return
		}
		safe, err := letter.keep()
		p.kept(time.Now(), keeper, &letter, safe, err)
	}
}

// nextLetter waits for a letter to keep. It returns false when the pipeline has nothing left.
func (p *Pipeline) nextLetter(keeper int) (parcel, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for p.letters.waiting.len() == 0 && !p.drained {
			p.letters.some.Wait()
		}
		if p.letters.waiting.len() == 0 {
			return parcel{}, false
		}
		now := time.Now()
		letter := p.letters.waiting.popFront()
		if letter.lane.route.parked.gate.closed && !letter.trial { // It could not be stored a moment ago.
			p.d.park(now, &letter)
			if len(p.idle) > 0 { // Its topic may go on.
				p.pump(now)
			}
			p.unlock()
			p.mu.Lock()
			continue
		}
		p.letters.keeping[keeper] = now
		return letter, true
	}
}

// keep stores a message that can never be published as a dead letter. It reports whether it is safe; without dead
// letters it is dropped.
func (p *parcel) keep() (bool, error) {
	letters := p.lane.route.cfg.DeadLetters
	if letters == nil {
		return false, nil
	}
	if err := letters.Keep(&p.first.Message, *p.first.rejection); err != nil {
		return false, err
	}
	return true, nil
}

// kept hands back a letter that a keeper is done with.
func (p *Pipeline) kept(now time.Time, keeper int, letter *parcel, safe bool, err error) {
	p.mu.Lock()
	p.letters.keeping[keeper] = time.Time{}
	p.d.finishRejected(now, letter, safe, err)
	p.d.endLeft(letter.lane)
	if len(p.idle) > 0 { // Its topic may go on.
		p.pump(now)
	}
	p.unlock()
}

// finishRejected takes back a message in flight that can never be published. kept says that a dead letter is safe;
// err that it could not be stored, so that the message must wait.
func (d *dispatcher) finishRejected(now time.Time, p *parcel, kept bool, err error) {
	r := p.lane.route
	round := errors.Is(err, ErrRoundTrip)
	if err != nil && !round && !d.stopped && (!r.closed || !r.cfg.Returnable) {
		d.unkept(now, p, err)
		return
	}
	d.land(p)
	d.releaseProbes(now, p)
	reason := p.first.rejection
	switch {
	case round:
		d.events.note(now, event{kind: eventRoundTrip, route: r, detail: err.Error()})
		d.end(p.take(), Dropped)
		if p.trial {
			r.parked.gate.undecided(now)
		}
	case err == nil && kept:
		d.stored(now, r)
		d.events.note(now, event{kind: eventDeadLettered, route: r, detail: reason.Reason + ": " + reason.Detail})
		d.end(p.take(), DeadLettered)
	case err == nil:
		d.events.note(now, event{kind: eventDropped, route: r, detail: reason.Reason + ": " + reason.Detail})
		d.end(p.take(), Dropped)
	default:
		d.end(p.take(), r.returned())
	}
}

// longestLetterWait is the most between two tries to store a dead letter of a route, so that it goes on soon once
// there is room.
const longestLetterWait = 10 * time.Second

// parked is the messages of a route that can never be published, and whose dead letters cannot be stored at present.
// They are in flight, on no connection and with no keeper. One of them at a time is tried again; when it is stored,
// all are. Each holds up its topic, until what waits behind them fills half of the route's room: then the topics go
// on, as the message itself is never published. The room that they take themselves is half of the route's share. More
// take the room of others for a while, as most troubles are short; then the source takes messages back, or they are
// dropped where it cannot.
type parked struct {
	gate    gate         // Closed while no dead letter can be stored.
	waiting ring[parcel] // For the gate.
	holding int          // Those of them that hold up their topics.
	n       int          // Messages whose dead letters could not be stored, those being tried included,
	bytes   int64        // and their payload.
	why     string
}

// unkept takes back a message whose dead letter could not be stored.
func (d *dispatcher) unkept(now time.Time, p *parcel, why error) {
	r := p.lane.route
	g := &r.parked.gate
	d.events.note(now, event{kind: eventDeadLetter, route: r, detail: why.Error()})
	r.retries[retryDeadLetter]++
	r.parked.why = why.Error()
	if g.shut(now, p.trial, Answer{Detail: why.Error()}, d.delays.Message) {
		d.unkeeping = append(d.unkeeping, r)
	}
	if latest := now.Add(longestLetterWait); g.probeAt.After(latest) {
		g.probeAt = latest
	}
	d.park(now, p)
}

// park has a message wait until dead letters can be stored.
func (d *dispatcher) park(now time.Time, p *parcel) {
	r := p.lane.route
	d.releaseProbes(now, p)
	p.trial = false
	if e := p.first; !e.unkept {
		e.unkept = true
		r.parked.n++
		r.parked.bytes += int64(len(e.Payload))
	}
	if !p.aside {
		r.parked.holding++
	}
	r.parked.waiting.pushBack(*p)
	d.turnOut(now, r)
	d.relieve(r)
	if r.waiters > 0 && r.roomy() { // It has room of its own now.
		d.roomMade = true
	}
	r.wakeSource()
}

// relieve lets the topics of parked messages go on when what waits behind them takes half of the room.
func (d *dispatcher) relieve(r *Route) {
	if r.parked.holding == 0 || r.queued < max(1, r.most()/2) && r.load() < r.mostLoad()/2 {
		return
	}
	r.parked.holding = 0
	for range r.parked.waiting.len() {
		p := r.parked.waiting.popFront()
		if !p.aside {
			p.aside = true
			p.lane.inFlight--
			d.refresh(p.lane)
		}
		r.parked.waiting.pushBack(p)
	}
}

// parkedTooMany reports whether parked messages take more than half of the route's share. One always has room.
func (r *Route) parkedTooMany() bool {
	return r.parked.n > 1 && (r.parked.n > r.share/2 || r.parked.bytes > r.maxBytes/2)
}

// letterPatience is how long more messages may wait for their dead letters than there is room for.
const letterPatience = 30 * time.Second

// turnOut ends the messages that are parked without room for them, once that has lasted.
func (d *dispatcher) turnOut(now time.Time, r *Route) {
	if now.Sub(r.parked.gate.since) < letterPatience {
		return
	}
	for r.parkedTooMany() && r.parked.waiting.len() > 0 {
		p := r.parked.next()
		d.land(&p)
		if !r.cfg.Returnable {
			d.events.note(now, event{kind: eventLetterLost, route: r, detail: r.parked.why})
			d.end(p.take(), Dropped)
			continue
		}
		d.end(p.take(), Returned)
		d.later(r)
	}
}

// stored notes that a dead letter of the route has been stored: those that wait can be, too.
func (d *dispatcher) stored(now time.Time, r *Route) {
	if !r.parked.gate.open() {
		return
	}
	d.events.note(now, event{kind: eventLettersStored, route: r})
	for i, other := range d.unkeeping {
		if other == r {
			d.unkeeping = append(d.unkeeping[:i], d.unkeeping[i+1:]...)
			break
		}
	}
	for r.parked.waiting.len() > 0 {
		r.pipeline.letters.add(r.parked.next())
	}
}

// next takes out the message that has waited longest.
func (p *parked) next() parcel {
	letter := p.waiting.popFront()
	if !letter.aside {
		p.holding--
	}
	return letter
}

// tryLetters gives one message of each route that has some parked to the keepers, when its time has come.
func (d *dispatcher) tryLetters(now time.Time) {
	for _, r := range d.unkeeping {
		if ok, _ := r.parked.gate.admits(now); !ok || r.parked.waiting.len() == 0 {
			continue
		}
		letter := r.parked.next()
		letter.trial = r.parked.gate.enter()
		r.pipeline.letters.add(letter)
	}
}

// nextTry is when tryLetters has something to do; zero: not before something happens.
func (d *dispatcher) nextTry() time.Time {
	var at time.Time
	for _, r := range d.unkeeping {
		if g := &r.parked.gate; r.parked.waiting.len() > 0 && !g.probing {
			at = earlier(at, g.probeAt)
		}
	}
	return at
}

// endParked ends the messages that are parked, as messages end that nobody is left to publish.
func (d *dispatcher) endParked(r *Route) {
	for r.parked.waiting.len() > 0 {
		letter := r.parked.next()
		d.land(&letter)
		d.end(letter.take(), r.returned())
	}
}

// endLetters ends the letters that nobody keeps yet, as nobody is left to do so.
func (p *Pipeline) endLetters() {
	for p.letters.waiting.len() > 0 {
		letter := p.letters.waiting.popFront()
		r := p.d.land(&letter)
		p.d.end(letter.take(), r.returned())
	}
}

// oldest is when the longest store under way began; zero if there is none.
func (l *letterQueue) oldest() time.Time {
	var at time.Time
	for _, since := range l.keeping {
		at = earlier(at, since)
	}
	return at
}
