package pipeline

import (
	"time"
)

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
