package pipeline

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// trouble is what has befallen a message that the endpoint was given and did not accept. Most messages never have any.
type trouble struct {
	first        time.Time     // When the first such attempt began,
	last         time.Time     // and the latest.
	keyRefusedAt time.Time     // When the latest attempt began that was told that the key is refused; zero: none was.
	evidence     time.Duration // For how long the endpoint has failed it while the cache accepted others.
	proofs       int           // How often the cache has accepted others between two of its attempts.
	single       bool          // It is counted by itself, rather than with its lane.
	aside        bool          // It is counted among those that are put aside.
}

const (
	// proofsEnough is how often the cache must have accepted others between the attempts of a message, for it to be
	// put aside.
	proofsEnough = 3
	// manyTroubled messages of a route, or a part of those that it may hold, are put aside sooner: all of them are
	// tried again, and take room.
	manyTroubled, manyOfLimit = 64, 8
	// proofSpan is what one accepted publish of others proves at the most: the endpoint may have been down for a part
	// of a longer time.
	proofSpan = time.Minute
	// triesOfBatch is how often a batch is tried as a whole.
	triesOfBatch = 3
	// leastTries are as many as a message is given up after, however soon that is to be.
	leastTries = 5
)

// mayBlameMessage reports whether an answer may be the message's own fault. It is not where the endpoint has not seen the
// message, or is out of quota.
func (a *Answer) mayBlameMessage() bool {
	switch a.Verdict {
	case Retry:
		return a.Status != 0
	case Ambiguous:
		return !a.Echo
	case HaltAll:
		return a.Status != 0
	case HaltTopic, HaltCache, HaltRoute:
		return true
	case Accept, Reject, SlowDown, Unsent:
	}
	return false
}

// othersAccepted reports whether the cache has accepted another publish since the first of p's messages was refused first:
// then the endpoint is not down, whatever it says to p.
func (p *parcel) othersAccepted() bool {
	since := p.sent
	if t := p.first.trouble; t != nil {
		since = t.first
	}
	return p.lane.route.cache.existsSince(since)
}

// acceptedSince reports whether the lane's topic was accepted since a message was refused first.
func (l *lane) acceptedSince(t *trouble) bool { return t != nil && l.accepted.After(t.first) }

// noteTrouble notes an answer that may be the fault of p's messages.
func (d *dispatcher) noteTrouble(now time.Time, p *parcel, a Answer) {
	if !a.mayBlameMessage() {
		return
	}
	l := p.lane
	r := l.route
	for e := p.first; e != nil; e = e.next {
		t := e.trouble
		if t == nil {
			t = &trouble{first: p.sent}
			e.trouble = t
			r.troubled++
		} else if r.cache.existsSince(t.last) && (a.Verdict == Retry || a.Verdict == Ambiguous) {
			t.proofs++
			t.evidence += min(now.Sub(t.last), proofSpan)
		}
		t.last = p.sent
		if a.Verdict == HaltAll {
			t.keyRefusedAt = p.sent
		}
		if !r.cfg.Ordered && !t.single {
			t.single = true
			l.singles++
			if !l.suspect {
				r.suspects++
			} else if l.aside { // It was counted with its lane.
				t.aside = true
				r.asideUnits++
			}
		}
	}
	if p.n > 1 && p.first.attempts >= triesOfBatch {
		p.split() // One of them may be the reason.
	}
	if r.cfg.Ordered {
		l.markSuspect(true, l.aside)
	}
	r.wakeForProbe()
}

// proven reports whether it is known well enough that the first of p's messages fails for a reason of its own.
func (p *parcel) proven() bool {
	t, r := p.first.trouble, p.lane.route
	return t != nil && (t.proofs >= proofsEnough || t.proofs > 0 && r.troubled > min(manyTroubled, r.maxMessages/manyOfLimit))
}

// putAside lets p's messages, which wait for another attempt, use up no room that others need: the endpoint accepts
// others.
func (d *dispatcher) putAside(now time.Time, p *parcel, a Answer) {
	l := p.lane
	r := l.route
	if r.cfg.Ordered {
		if l.aside {
			return
		}
		l.markSuspect(true, true)
	} else {
		if !p.asideSingles() {
			return
		}
	}
	d.events.note(now, event{kind: eventSuspect, route: r, detail: fmt.Sprintf("topic %q: %s", l.topic, a.Detail)})
	r.wakeSource()
}

// asideSingles counts those of p's messages that are counted by themselves among those that are put aside. It reports
// whether there is any more.
func (p *parcel) asideSingles() bool {
	r, news := p.lane.route, false
	for e := p.first; e != nil; e = e.next {
		if t := e.trouble; t != nil && t.single && !t.aside {
			t.aside, news = true, true
			r.aside++
			r.asideUnits++
		}
	}
	return news
}

// markSuspect counts what the lane holds, or no more, among what stands still for a reason of its own, and among what is put
// aside.
func (l *lane) markSuspect(stuck, aside bool) {
	r, n := l.route, l.pending-l.singles
	if stuck != l.suspect {
		l.suspect = stuck
		r.suspects += signed(stuck, n)
	}
	if aside != l.aside {
		l.aside = aside
		r.aside += signed(aside, n)
		r.asideUnits += signed(aside, 1)
	}
}

func signed(plus bool, n int) int {
	if plus {
		return n
	}
	return -n
}

// countArrival counts a message that has come to a lane that stands still.
func (l *lane) countArrival() {
	l.route.suspects++
	if l.aside {
		l.route.aside++
	}
	l.route.wakeForProbe()
}

// uncount takes a message that has ended out of the counts of what stands still. It is still counted as pending.
func (e *entry) uncount() {
	l := e.lane
	r, t := l.route, e.trouble
	if t != nil {
		r.troubled--
	}
	switch {
	case t != nil && t.single:
		l.singles--
		r.suspects--
		if t.aside {
			r.aside--
			r.asideUnits--
		}
	case l.suspect:
		r.suspects--
		if l.aside {
			r.aside--
		}
	}
	if t != nil && r.cfg.Ordered && !l.gate.closed { // It was the first, and held the others.
		l.pending-- // It has left.
		l.markSuspect(false, false)
		l.pending++
	}
}

// suspectSpacing is the time between two attempts of what is put aside, all of it together: a small part of what the quota
// allows.
func (d *dispatcher) suspectSpacing() time.Duration {
	if !d.region.Limited() {
		return leastSpacing
	}
	return max(leastSpacing, time.Duration(asideShare/d.region.Rate()*float64(time.Second)))
}

const (
	leastSpacing = 100 * time.Millisecond
	asideShare   = 20.0 // One publish of so many is an attempt of what is put aside.
)

// suspectDelay is how long something that is put aside waits for its next attempt at the least: the more there is of it, the
// longer.
func (d *dispatcher) suspectDelay(r *Route) time.Duration {
	return time.Duration(float64(r.asideUnits) * float64(d.suspectSpacing()) * (0.5 + rand.Float64())) //nolint:gosec // Nobody is to be kept from guessing it.
}

// retrySuspectsSoon is called when something is accepted that was put aside: what was wrong with the others may have gone, too.
// They are tried soon, one after the other; not often, as they may well be refused again.
func (d *dispatcher) retrySuspectsSoon(now time.Time, r *Route) {
	if now.Before(r.hastenedUntil) {
		return
	}
	gap := d.suspectSpacing() / 10
	if n := d.hasten(now, func(other *Route) bool { return other == r }, gap); n > 0 {
		r.hastenedUntil = now.Add(max(hastenEvery, time.Duration(n)*d.suspectSpacing()))
	}
}

const hastenEvery = 10 * time.Second

// isGivenUp reports whether what p carries has been refused for as long as the route allows, while others were
// accepted, and there is a place for it.
func (p *parcel) isGivenUp(now time.Time, a Answer) bool {
	c, e, l := &p.lane.route.cfg, p.first, p.lane
	t := e.trouble
	if c.DeadLetters == nil || t == nil {
		return false
	}
	switch a.Verdict {
	case Retry, Ambiguous:
		after := c.GiveUpAfter
		if a.Result == Result401 || a.Result == Result403 {
			after = c.GiveUpForbidden
		}
		return after > 0 && a.mayBlameMessage() && t.proofs >= proofsEnough && e.attempts+1 >= leastTries && t.evidence >= after
	case HaltTopic:
		return c.GiveUpForbidden > 0 && l.gate.closed && now.Sub(l.gate.since) >= c.GiveUpForbidden && l.route.cache.existsSince(l.gate.since)
	case Accept, Reject, HaltAll, HaltCache, HaltRoute, SlowDown, Unsent:
	}
	return false
}

// giveUp is the answer that makes a dead letter of what is given up.
func giveUp(a Answer) Answer {
	a.Reason = "given_up"
	if a.Result == Result401 || a.Result == Result403 {
		a.Reason = "forbidden"
	}
	a.Verdict = Reject
	return a
}
