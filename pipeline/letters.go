package pipeline

import (
	"sync"
	"time"
)

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
