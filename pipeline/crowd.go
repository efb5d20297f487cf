package pipeline

import (
	"math"
	"time"
)

// crowds finds connections that sit on crowded servers. Each server behind the endpoint may enforce its part of a quota
// for itself, and a connection stays with one. Where connections are spread by chance, some servers have more of ours
// than others: those refuse while others have quota left, and the learned rate is what the most crowded one allows. A
// connection that is made anew may come to another server.
//
// Whether that is so shows in who is refused. Where the quota is one for all, and where publishes are refused for no
// reason, each connection is refused as often as it publishes. Where a server is crowded, it is always the same ones.
// So each refusal is weighed: how likely is it that this connection is refused if those are refused again that have
// been refused before, against if all are alike? What speaks for the former adds up (a CUSUM of the logarithms). Once
// that is enough, whoever is refused moves: its next publish goes out on a new connection. When no server is crowded
// any more, refusals come from anywhere, and the evidence is gone.
type crowds struct {
	places   []*place
	answered float64 // Publishes that have been accepted or refused lately.
	refused  float64 // Of those, the refusals that count.
	refusing bool    // The latest of them was refused.
	evidence float64 // That some connections are refused more than others.

	moves    float64   // How many connections may move now.
	countsAt time.Time // When that was counted.
	moved    uint64    // Connections that were to move since the start.
	movedAt  time.Time // When the latest was.
}

// place is what is known of a worker's connection.
type place struct {
	answered float64
	refused  float64 // Since it has moved.
	moving   bool    // It is to be made anew before anything more is sent on it.
}

const (
	// crowdedFrom is how many publishes a second there must be. Below, the part of a server is too small to tell it
	// from chance.
	crowdedFrom = 20
	// alike is how many refusals it takes until those that have been refused are expected to be refused again rather
	// than others.
	alike = 32.0
	// crowded is the evidence that makes connections move, and certain the most that adds up. Refusals at random lead
	// to less than one move in a thousand.
	crowded, certain = 4.0, 7.0
	// latePublishes is how many publishes count as late for each connection, and lateRefusals how many refusals count
	// for all together.
	latePublishes, lateRefusals = 64, 64
	// mostMoves is how many connections may move in quick succession, and moveEvery the time between later ones: no
	// more than are made anew for their age.
	mostMoves = 8
	moveEvery = 2 * time.Second
	// stillCrowded is how long after a move the endpoint is said to have crowded servers.
	stillCrowded = time.Minute
)

// add returns the place of another connection.
func (c *crowds) add() *place {
	l := &place{}
	c.places = append(c.places, l)
	return l
}

// answer takes note of a publish on a connection. perSecond is how many were started in the last second.
func (c *crowds) answer(now time.Time, l *place, v Verdict, perSecond float64) {
	switch v {
	case Accept:
		c.refusing = false
		c.count(l)
	case SlowDown:
		c.count(l)
		if !c.refusing && perSecond >= crowdedFrom {
			c.refuse(now, l)
		}
		c.refusing = true
	case Reject, HaltAll, HaltTopic, HaltCache, HaltRoute, Retry, Ambiguous, Unsent:
	}
}

// count counts a publish. What is long ago counts less and less.
func (c *crowds) count(l *place) {
	l.answered++
	c.answered++
	if c.answered <= latePublishes*float64(len(c.places)) {
		return
	}
	c.answered /= 2
	for _, l := range c.places {
		l.answered /= 2
	}
}

// refuse weighs a refusal. Only the first one after an accepted publish counts: others follow where everything is
// refused for a while, and then it is chance who publishes.
func (c *crowds) refuse(now time.Time, l *place) {
	share := (1 + l.answered) / (float64(len(c.places)) + c.answered)
	likely := (alike*share + l.refused) / (alike + c.refused)
	c.evidence = min(certain, max(0, c.evidence+math.Log(likely/share)))
	l.refused++
	c.refused++
	if c.evidence >= crowded && c.mayMove(now) {
		c.move(now, l)
	}
	if c.refused <= lateRefusals {
		return
	}
	c.refused /= 2
	for _, l := range c.places {
		l.refused /= 2
	}
}

// mayMove reports whether another connection may move by now.
func (c *crowds) mayMove(now time.Time) bool {
	c.moves = min(mostMoves, c.moves+now.Sub(c.countsAt).Seconds()/moveEvery.Seconds())
	c.countsAt = now
	return c.moves >= 1
}

// move has a connection made anew. What is known of it is about the old one.
func (c *crowds) move(now time.Time, l *place) {
	l.moving = true
	c.refused -= l.refused
	l.refused = 0
	c.moves--
	c.moved++
	c.movedAt = now
}

// found reports whether connections have moved lately.
func (c *crowds) found(now time.Time) bool { return c.moved > 0 && now.Sub(c.movedAt) < stillCrowded }
