package pipeline

import (
	"fmt"
	"time"

	"momento-bridge/chance"
)

// A suspect is a message that the endpoint has refused in a way that may be the message's own fault, or its topic's. In
// an ordered topic what waits behind it counts as well. Once the endpoint has accepted enough others between its
// attempts, a suspect is put aside: up to a bound it uses up no room, and it is tried again only now and then.

// trouble is what the endpoint has refused a message for. Most messages never have any.
type trouble struct {
	first        time.Time     // When the first refused attempt began.
	last         time.Time     // When the latest refused attempt began.
	keyRefusedAt time.Time     // When the latest attempt began that was told that the key is refused; zero: none was.
	proofs       int           // How often the cache has accepted others between two of its attempts.
	evidence     time.Duration // For how long the endpoint has failed it while the cache accepted others.
	single       bool          // It is counted among the suspects by itself, rather than with its lane.
	aside        bool          // It is counted by itself among what is put aside.
}

const (
	// proofsEnough is how often the cache must have accepted others between the attempts of a message before the
	// message is put aside.
	proofsEnough = 3
	// manyTroubled messages of a route in trouble are so many that one proof is enough: all of them are tried again,
	// and take room.
	manyTroubled = 64
	// manyOfLimit makes that fewer for a route that may hold few messages: one of so many.
	manyOfLimit = 8
	// proofSpan is the longest time that one proof stands for: during a part of a longer one the endpoint may have been
	// down.
	proofSpan = time.Minute
	// triesOfBatch is how often a batch is tried as a whole.
	triesOfBatch = 3
	// leastTries is how often a message is tried before it is given up, however short the time to give up is.
	leastTries = 5
)

// mayBlameMessage reports whether an answer may be the message's own fault. It is not if the endpoint has not seen the
// message, or if a quota is used up.
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

// othersAccepted reports whether the cache has accepted another publish since the first of p's messages was first
// refused. Then the endpoint is not down, whatever it says to p.
func (p *parcel) othersAccepted() bool {
	since := p.sent
	if t := p.first.trouble; t != nil {
		since = t.first
	}
	return p.lane.route.cache.existsSince(since)
}

// acceptedSince reports whether a publish of the topic has been accepted since a message was first refused.
func (l *lane) acceptedSince(t *trouble) bool { return t != nil && l.accepted.After(t.first) }

// noteTrouble takes note of an answer that may be the fault of p's messages.
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
			e.ownPast().trouble = t
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
			l.ownRefused().singles++
			if !l.suspect {
				r.suspects++
			} else if l.aside { // Until now it was counted with its lane.
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

// proven reports whether others have been accepted often enough to take the failures of p's first message for its own
// fault.
func (p *parcel) proven() bool {
	t, r := p.first.trouble, p.lane.route
	return t != nil && (t.proofs >= proofsEnough || t.proofs > 0 && r.troubled > min(manyTroubled,
		r.maxMessages/manyOfLimit, r.share/manyOfLimit))
}

// putAside puts p's messages aside, which wait for another attempt, so that they use up no room that others need.
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
	r.roomChanged()
}

// asideSingles puts those of p's messages aside that are suspects by themselves. It reports whether any was not yet.
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

// markSuspect sets whether all that the lane has is counted among the suspects, and among what is put aside.
func (l *lane) markSuspect(suspect, aside bool) {
	r, n := l.route, l.pending-l.singles
	if suspect != l.suspect {
		l.ownRefused().suspect = suspect
		r.suspects += signed(suspect, n)
	}
	if aside != l.aside {
		l.ownRefused().aside = aside
		r.aside += signed(aside, n)
		r.asideUnits += signed(aside, 1)
	}
}

// signed returns n, or -n.
func signed(plus bool, n int) int {
	if plus {
		return n
	}
	return -n
}

// countArrival counts a message that has come to a suspect lane.
func (l *lane) countArrival() {
	l.route.suspects++
	if l.aside {
		l.route.aside++
	}
	l.route.wakeForProbe()
}

// uncount takes a message that is ending out of the counts of suspects. The lane still counts it as pending.
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
	if t != nil && r.cfg.Ordered && !l.gate.closed { // It was the first, so that the others are no longer suspects.
		l.pending-- // It is no longer counted.
		l.markSuspect(false, false)
		l.pending++
	}
}

// suspectSpacing returns the time between two attempts of what is put aside, all of it together. They use a small part
// of the quota.
func (d *dispatcher) suspectSpacing() time.Duration {
	if !d.region.Limited() {
		return leastSpacing
	}
	return max(leastSpacing, time.Duration(asideShare/d.region.Rate()*float64(time.Second)))
}

const (
	// leastSpacing is the least suspectSpacing.
	leastSpacing = 100 * time.Millisecond
	// asideShare is the number of publishes that the quota allows in the time of one attempt of what is put aside.
	asideShare = 20.0
)

// suspectDelay returns the least time until the next attempt of something that is put aside. It grows with how much is.
func (d *dispatcher) suspectDelay(r *Route) time.Duration {
	return time.Duration(float64(r.asideUnits) * float64(d.suspectSpacing()) * (0.5 +
		chance.Float64()))
}

// retrySuspectsSoon is called when a message is accepted that had been refused: the reason may be gone for the others
// of the route as well. They are tried soon, one after the other, but not often, because they may be refused again.
func (d *dispatcher) retrySuspectsSoon(now time.Time, r *Route) {
	if now.Before(r.hastenedUntil) {
		return
	}
	gap := d.suspectSpacing() / 10
	if n := d.hasten(now, func(other *Route) bool { return other == r }, gap); n > 0 {
		r.hastenedUntil = now.Add(max(hastenEvery, time.Duration(n)*d.suspectSpacing()))
	}
}

// hastenEvery is the least time between two times that the suspects of a route are brought forward.
const hastenEvery = 10 * time.Second

// isGivenUp reports whether p has been refused for as long as the route allows while others were accepted, and the
// route has dead letters.
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
		return after > 0 && a.mayBlameMessage() && t.proofs >= proofsEnough && e.attempts+1 >= leastTries &&
			t.evidence >= after
	case HaltTopic:
		return c.GiveUpForbidden > 0 && l.gate.closed && now.Sub(l.gate.since) >= c.GiveUpForbidden &&
			l.route.cache.existsSince(l.gate.since)
	case Accept, Reject, HaltAll, HaltCache, HaltRoute, SlowDown, Unsent:
	}
	return false
}

// giveUp returns the answer as one that makes a dead letter of the message.
func giveUp(a Answer) Answer {
	a.Reason = "given_up"
	if a.Result == Result401 || a.Result == Result403 {
		a.Reason = "forbidden"
	}
	a.Verdict = Reject
	return a
}
