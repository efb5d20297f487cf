package pipeline

import (
	"errors"
	"sync"
	"time"
)

// reject notes that the endpoint can never accept p's message, which must be a single one. It stays in flight until it
// is kept as a dead letter.
func (d *dispatcher) reject(now time.Time, p *parcel, a Answer) {
	d.attempted(now, p, a)
	e := p.first
	e.ownPast().rejection = &Rejection{
		Reason: a.Reason, Status: a.Status, Detail: a.Detail, Attempts: int(e.attempts),
		Route: p.lane.route.cfg.Name,
	}
}

// deadLetter leaves a message that can never be published to the keepers. While dead letters cannot be stored, it waits
// for that instead.
func (d *dispatcher) deadLetter(now time.Time, p *parcel) {
	r := p.lane.route
	if d.forgetLetter(now, p) {
		return
	}
	if ok, _ := r.unstored.gate.admits(now); !ok {
		d.awaitStore(now, p)
		return
	}
	p.letterProbe = r.unstored.gate.enter()
	r.pipeline.letters.add(*p)
}

// keepers is the number of goroutines that store dead letters, so that one that takes long holds up no connection.
const keepers = 16

// letterQueue is the queue of messages that can never be published and are to be kept as dead letters. They are in
// flight, but on no connection. The pipeline's mutex guards it.
type letterQueue struct {
	waiting ring[parcel]
	changed *sync.Cond         // A message has come, or the pipeline is drained.
	keeping [keepers]time.Time // Since when each keeper has been storing one; zero: it is not.
	kept    [keepers]parcel    // What that is.
}

// add leaves a parcel to the keepers.
func (l *letterQueue) add(p parcel) {
	l.waiting.pushBack(p)
	l.changed.Signal()
}

// keepLetters is one of the keepers: it stores dead letters until the pipeline is drained.
func (p *Pipeline) keepLetters(keeper int) {
	for {
		letter, ok := p.nextLetter(keeper)
		if !ok {
			return
		}
		safe, err := letter.store()
		p.takeBackLetter(time.Now(), keeper, &letter, safe, err)
	}
}

// nextLetter waits for a dead letter to store. It returns false when the pipeline is drained.
func (p *Pipeline) nextLetter(keeper int) (parcel, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for p.letters.waiting.len() == 0 && !p.drained {
			p.letters.changed.Wait()
		}
		if p.letters.waiting.len() == 0 {
			return parcel{}, false
		}
		now := time.Now()
		letter := p.letters.waiting.popFront()
		if p.d.forgetLetter(now, &letter) {
			if len(p.idle) > 0 {
				p.pump(now)
			}
			p.unlock()
			p.mu.Lock()
			continue
		}
		if letter.lane.route.unstored.gate.closed && !letter.letterProbe { // Another one could not be stored meanwhile.
			p.d.awaitStore(now, &letter)
			if len(p.idle) > 0 { // Its topic may go on.
				p.pump(now)
			}
			p.unlock()
			p.mu.Lock()
			continue
		}
		p.letters.keeping[keeper], p.letters.kept[keeper] = now, letter
		return letter, true
	}
}

// store stores p's message as a dead letter, without the mutex. It reports whether the message is kept: it is not if
// the route has no dead letters.
func (p *parcel) store() (bool, error) {
	letters := p.lane.route.cfg.DeadLetters
	if letters == nil {
		return false, nil
	}
	m := p.first.message()
	if err := letters.Keep(&m, *p.first.rejection); err != nil {
		return false, err
	}
	return true, nil
}

// takeBackLetter takes back a message from a keeper.
func (p *Pipeline) takeBackLetter(now time.Time, keeper int, letter *parcel, safe bool, err error) {
	p.mu.Lock()
	p.letters.keeping[keeper], p.letters.kept[keeper] = time.Time{}, parcel{}
	p.d.finishLetter(now, letter, safe, err)
	p.d.endLeft(letter.lane)
	if len(p.idle) > 0 { // Its topic may go on.
		p.pump(now)
	}
	p.unlock()
}

// finishLetter ends a message in flight that can never be published. kept says that it is stored as a dead letter.
// After an err it waits to be stored, unless the route is stopping.
func (d *dispatcher) finishLetter(now time.Time, p *parcel, kept bool, err error) {
	r := p.lane.route
	round := errors.Is(err, ErrRoundTrip)
	if err != nil && !round && !d.stopped && !r.leaving() {
		d.storeFailed(now, p, err)
		return
	}
	d.land(p)
	d.releaseProbes(now, p)
	reason := p.first.rejection
	switch {
	case round:
		d.noteMessage(now, eventRoundTrip, r, p.first, err.Error())
		d.end(p.pop(), Rejected)
		if p.letterProbe {
			r.unstored.gate.undecided(now)
		}
	case err == nil && kept:
		d.storeSucceeded(now, r)
		d.noteMessage(now, eventDeadLettered, r, p.first, reason.Reason+": "+reason.Detail)
		d.end(p.pop(), DeadLettered)
	case err == nil:
		d.noteMessage(now, eventDropped, r, p.first, reason.Reason+": "+reason.Detail)
		d.end(p.pop(), Rejected)
	default:
		if p.letterProbe {
			r.unstored.gate.undecided(now)
		}
		d.end(p.pop(), r.returned())
	}
}

// longestLetterWait is the longest time between two attempts to store a dead letter of a route, so that the route goes
// on soon once they succeed.
const longestLetterWait = 10 * time.Second

// unstored is the messages of a route that can never be published, and whose dead letters cannot be stored at present.
// They are in flight, but on no connection and with no keeper.
//
// One of them at a time is tried again. When it has been stored, all the others are tried. Each blocks its topic, until
// what waits behind them fills half of the route's room: then the topics go on. That breaks no order, because the
// messages themselves are never published.
//
// They have room of their own: half of the route's share. For letterPatience more of them may take the room of others,
// because most failures are short. After that, messages without room are returned, or dropped where that is impossible.
type unstored struct {
	gate     gate         // Closed while no dead letter can be stored.
	waiting  ring[parcel] // Those that are not with a keeper.
	blocking int          // How many of these block their topics.
	n        int          // Messages that could not be stored, those with a keeper included.
	bytes    int64        // Their payload.
	why      string       // Why the latest attempt failed.
}

// storeFailed notes that a message could not be stored as a dead letter. It waits to be stored.
func (d *dispatcher) storeFailed(now time.Time, p *parcel, why error) {
	r := p.lane.route
	g := &r.unstored.gate
	d.events.note(now, event{kind: eventDeadLetter, route: r, detail: why.Error()})
	r.retries[retryDeadLetter]++
	r.unstored.why = why.Error()
	if g.shut(now, p.letterProbe, Answer{Detail: why.Error()}, d.delays.Message) {
		d.unstoredRoutes = append(d.unstoredRoutes, r)
	}
	if latest := now.Add(longestLetterWait); g.probeAt.After(latest) {
		g.probeAt = latest
	}
	d.awaitStore(now, p)
}

// awaitStore makes a message wait until dead letters can be stored.
func (d *dispatcher) awaitStore(now time.Time, p *parcel) {
	r := p.lane.route
	d.releaseProbes(now, p)
	p.letterProbe = false
	if e := p.first; !e.storeFailed {
		e.ownPast().storeFailed = true
		r.unstored.n++
		r.unstored.bytes += r.cfg.charge(e.weight())
	}
	if !p.detached {
		r.unstored.blocking++
	}
	r.unstored.waiting.pushBack(*p)
	d.evictUnstored(now, r)
	d.unblockTopics(r)
	r.roomChanged() // It has room of its own now.
}

// unblockTopics lets the topics of unstored messages go on once what is queued takes half of the route's room.
func (d *dispatcher) unblockTopics(r *Route) {
	if r.unstored.blocking == 0 || !r.halfFull() {
		return
	}
	r.unstored.blocking = 0
	for range r.unstored.waiting.len() {
		p := r.unstored.waiting.popFront()
		if !p.detached {
			p.detached = true
			p.lane.inFlight--
			d.refresh(p.lane)
		}
		r.unstored.waiting.pushBack(p)
	}
}

// halfFull reports whether what is queued takes half of an equal share of the memory, or all that the route may have.
func (r *Route) halfFull() bool {
	r.account()
	messages := min(r.maxMessages, r.share-r.unstoredRoom())
	bytes := max(r.shareBytes-r.unstoredRoomBytes(), r.shareBytes/2)
	return r.queued >= max(1, messages/2) || r.occupiedBytes() >= max(1, bytes)/2 ||
		r.queued > 0 && (r.roomMessages() < 1 || r.roomBytes() < 1)
}

// tooManyUnstored reports whether unstored messages take more than half of the route's share. One always has room.
func (r *Route) tooManyUnstored() bool {
	return r.unstored.n > 1 && (r.unstored.n > r.share/2 || r.unstored.bytes > r.shareBytes/2)
}

// letterPatience is how long more messages may wait to be stored than have room.
const letterPatience = 30 * time.Second

// evictUnstored ends unstored messages without room, once dead letters have not been stored for letterPatience.
func (d *dispatcher) evictUnstored(now time.Time, r *Route) {
	if now.Sub(r.unstored.gate.since) < letterPatience {
		return
	}
	for r.tooManyUnstored() && r.unstored.waiting.len() > 0 {
		p := r.unstored.pop()
		d.land(&p)
		if !r.cfg.Returnable {
			d.noteMessage(now, eventLetterLost, r, p.first, r.unstored.why)
			d.end(p.pop(), Rejected)
			continue
		}
		d.end(p.pop(), Returned)
		d.postponeLast(r)
	}
}

// storeSucceeded notes that a dead letter of the route has been stored, and leaves those that wait to the keepers.
func (d *dispatcher) storeSucceeded(now time.Time, r *Route) {
	if !r.unstored.gate.open() {
		return
	}
	d.events.note(now, event{kind: eventLettersStored, route: r})
	for i, other := range d.unstoredRoutes {
		if other == r {
			d.unstoredRoutes = append(d.unstoredRoutes[:i], d.unstoredRoutes[i+1:]...)
			break
		}
	}
	for r.unstored.waiting.len() > 0 {
		r.pipeline.letters.add(r.unstored.pop())
	}
}

// pop takes out the message that has waited longest.
func (p *unstored) pop() parcel {
	letter := p.waiting.popFront()
	if !letter.detached {
		p.blocking--
	}
	return letter
}

// retryUnstored leaves one unstored message of each route to the keepers when its next attempt is due.
func (d *dispatcher) retryUnstored(now time.Time) {
	for _, r := range d.unstoredRoutes {
		if ok, _ := r.unstored.gate.admits(now); !ok || r.unstored.waiting.len() == 0 {
			continue
		}
		letter := r.unstored.pop()
		letter.letterProbe = r.unstored.gate.enter()
		r.pipeline.letters.add(letter)
	}
}

// nextStoreRetry is when retryUnstored has something to do; zero: not before something else happens.
func (d *dispatcher) nextStoreRetry() time.Time {
	var at time.Time
	for _, r := range d.unstoredRoutes {
		if g := &r.unstored.gate; r.unstored.waiting.len() > 0 && !g.probing {
			at = earlier(at, g.probeAt)
		}
	}
	return at
}

// endUnstored ends the unstored messages of a route, because nobody is left to store them.
func (d *dispatcher) endUnstored(r *Route) {
	for r.unstored.waiting.len() > 0 {
		letter := r.unstored.pop()
		d.land(&letter)
		d.end(letter.pop(), r.returned())
	}
}

// endLetters ends the messages that no keeper has taken yet.
func (p *Pipeline) endLetters() {
	for p.letters.waiting.len() > 0 {
		letter := p.letters.waiting.popFront()
		r := p.d.land(&letter)
		p.d.end(letter.pop(), r.returned())
	}
}

// oldest returns since when the slowest keeper has been storing a dead letter; zero: none is storing any.
func (l *letterQueue) oldest() time.Time {
	var at time.Time
	for _, since := range l.keeping {
		at = earlier(at, since)
	}
	return at
}
