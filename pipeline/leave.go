package pipeline

import (
	"time"
)

// heldPoll is how often a route that may not publish is looked at again, while it has something to publish.
const heldPoll = 50 * time.Millisecond

// Forget ends every queued message of a returnable route as Forgotten, because another replica has them by now. What is
// in flight ends so, too, unless the endpoint accepts it, or it is being kept as a dead letter already. Until Begin the
// route takes nothing over.
func (r *Route) Forget() { r.leave(Forgotten) }

// Yield ends every queued message of a returnable route as Returned, because another replica is to have them: in the
// order of each topic, and what is behind one in flight only after it. What is in flight runs to its end. Until Begin
// the route takes nothing over.
func (r *Route) Yield() { r.leave(Returned) }

// Begin lets the route take messages over again. It should hold none of before. Which message came before which is not
// known, as another replica may have carried the route.
func (r *Route) Begin() {
	r.pipeline.mu.Lock()
	defer r.pipeline.mu.Unlock()
	r.away = 0
	r.chain.forget()
	r.roomChanged()
}

// leave ends what the route has queued. What has been forgotten is not returned.
func (r *Route) leave(o Outcome) {
	p := r.pipeline
	p.mu.Lock()
	if r.away != Forgotten {
		r.away = o
	}
	p.d.endQueued(r, false)
	p.endLettersOf(r)
	r.memory().forgetHungry(r)
	r.roomChanged()
	if len(p.idle) > 0 {
		p.pump(time.Now())
	}
	p.unlock()
}

// leaving reports whether the route takes nothing over, and tries nothing again.
func (r *Route) leaving() bool { return r.away != 0 || r.closed && r.cfg.Returnable }

// held reports whether the route may publish now.
func (r *Route) held(now time.Time) bool { return r.cfg.Held == nil || r.cfg.Held(now) }

// keepBack takes out of what is about to be sent what may not be published any more: the process may have been stopped
// for a while since it was handed over. It is answered as not sent.
func (w *worker) keepBack() {
	now, sends := time.Now(), w.sends[:0]
	for _, r := range w.sends {
		if w.slots[r.Slot].parcel.lane.route.held(now) {
			sends = append(sends, r)
			continue
		}
		w.answered = now
		w.answers = append(w.answers, Answered{Request: r, Answer: Answer{Verdict: Unsent, Result: ResultNetwork}})
	}
	w.sends = sends
}

// forgetLetter ends a message that was to be kept as a dead letter if another replica has it by now. It reports whether
// it did.
func (d *dispatcher) forgetLetter(now time.Time, p *parcel) bool {
	r := p.lane.route
	if r.away != Forgotten && r.held(now) {
		return false
	}
	if p.letterProbe {
		r.unstored.gate.undecided(now)
	}
	d.releaseProbes(now, p)
	d.land(p)
	d.end(p.pop(), Forgotten)
	d.endLeft(p.lane)
	return true
}

// endLettersOf ends the messages of a forgotten route that no keeper has taken yet.
func (p *Pipeline) endLettersOf(r *Route) {
	if r.away != Forgotten {
		return
	}
	now := time.Now()
	for range p.letters.waiting.len() {
		letter := p.letters.waiting.popFront()
		if letter.lane.route != r || !p.d.forgetLetter(now, &letter) {
			p.letters.waiting.pushBack(letter)
		}
	}
}
