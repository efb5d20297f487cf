package pipeline

import (
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/pipeline/quota"
)

// gate stops publishes while something outside must change first: the key, the endpoint, a cache, a route, a topic. A
// closed gate lets one probe through at a time, at growing intervals; the probe's answer opens the gate or keeps it
// closed. The zero gate is open.
type gate struct {
	closed          bool
	since           time.Time // When it closed.
	probing         bool
	probeAt         time.Time
	delays          backoff.BackOff
	detail          string    // Why it is closed,
	advised         bool      // and whether that says what to do.
	retryAfterUntil time.Time // Until when the endpoint wishes to be left alone; zero: it has not said so.

	unclear         bool      // It was closed by an attempt of which nobody knows what became of it.
	trialsAllowed   bool      // Messages that have not been tried may pass,
	trials          int       // so many in a quick succession,
	trialsNeedProbe bool      // then only while a probe hangs, which is as frequent otherwise,
	trialAt         time.Time // the next one then,
	trialsInFlight  int       // and as many are on their way.
}

// The gates that every message passes.
const (
	keyGate = iota
	endpointGate
	cacheGate
	routeGate
	topicGate
	gateCount
)

// admits reports whether a publish may start. If not, it returns when to ask again; the zero time means that a probe is
// under way and its answer will tell.
func (g *gate) admits(now time.Time) (bool, time.Time) {
	switch {
	case !g.closed:
		return true, time.Time{}
	case g.probing:
		return false, time.Time{}
	case now.Before(g.probeAt):
		return false, g.probeAt
	}
	return true, time.Time{}
}

// enter is called for each publish that starts, or dead letter that is stored. It reports whether that is this gate's
// probe.
func (g *gate) enter() bool {
	if !g.closed {
		return false
	}
	g.probing = true
	return true
}

// shut closes the gate, or keeps it closed after a probe. A refused publish that is not the probe of a closed gate
// started before the gate closed; it says nothing new and is ignored. The next probe waits for the delay or for
// RetryAfter, whichever is longer. It reports whether the gate was open.
func (g *gate) shut(now time.Time, probe bool, a Answer, delays func() backoff.BackOff) bool {
	if g.closed && !probe {
		return false
	}
	wasOpen := !g.closed
	if wasOpen {
		g.closed, g.since, g.delays = true, now, delays()
	}
	g.detail, g.advised = a.Detail, a.Advised
	g.retryAfterUntil = time.Time{}
	if a.RetryAfter >= quota.LongPause {
		g.retryAfterUntil = now.Add(a.RetryAfter)
	}
	g.probing = false
	g.probeAt = now.Add(max(g.delays.NextBackOff(), a.RetryAfter))
	return wasOpen
}

// undecided ends a probe whose answer said nothing about this gate.
func (g *gate) undecided(now time.Time) {
	if !g.closed {
		return
	}
	g.probing = false
	g.probeAt = now.Add(min(g.delays.NextBackOff(), maxUndecided))
}

// maxUndecided is how long after such a probe the next one starts at the latest.
const maxUndecided = time.Second

// probeNow lets the next probe start at once: something has changed that may open the gate.
func (g *gate) probeNow(now time.Time) {
	if !g.closed {
		return
	}
	g.delays.Reset()
	g.probeAt, g.trialAt, g.retryAfterUntil = now, now, time.Time{}
}

// firstProbe is when a gate is probed first that another message may open.
const firstProbe = 250 * time.Millisecond

// probeSoon lets the first probe start soon, unless the endpoint wishes otherwise.
func (g *gate) probeSoon(now time.Time) {
	if at := now.Add(firstProbe); g.retryAfterUntil.IsZero() && at.Before(g.probeAt) {
		g.probeAt = at
	}
}

// open lets everything through again. It reports whether the gate was closed.
func (g *gate) open() bool {
	if !g.closed {
		return false
	}
	*g = gate{}
	return true
}

// A closed gate is probed by one publish at a time. Besides, messages that have never been tried may pass: where all
// that was refused so far is at fault itself, it is they who show that. So nobody waits behind a thousand messages
// that can never be published.

const (
	// mostTrials bounds the messages that may pass a closed gate in a quick succession, each once.
	mostTrials = 2048
	// fewTrials does so for a cache that has accepted nothing so far, and an endpoint that does not answer: hardly a
	// single message's fault.
	fewTrials = 8
	trialGap  = 500 * time.Microsecond
	// mostTrialsInFlight bounds those whose answers are awaited: they may hang.
	mostTrialsInFlight = 32
	// slowTrial is the time between two of them after that, of an endpoint, and slowerTrial of a cache or a route.
	slowTrial   = time.Second
	slowerTrial = 5 * time.Second
	// searchRoom is how many untried messages a route may hold meanwhile.
	searchRoom = 64
)

// allowTrials lets messages that have not been tried pass a gate that has just been closed, if the answer may be the fault
// of the message. A foreign one would be everybody's. few says that it hardly is.
func (g *gate) allowTrials(now time.Time, which int, a Answer, few bool) {
	g.trialsAllowed = which != keyGate && which != topicGate && a.mayBlameMessage() && !a.Foreign && a.RetryAfter < quota.LongPause
	g.unclear = a.Verdict == Ambiguous
	g.trials, g.trialsNeedProbe = mostTrials, which == endpointGate
	if few || g.unclear {
		g.trials = fewTrials
	}
	g.trialAt = now
}

// admitsTrial reports whether a message that has not been tried may pass the closed gate. If not, it returns when to ask
// again.
func (g *gate) admitsTrial(now time.Time, most int) (bool, time.Time) {
	switch {
	case !g.trialsAllowed || g.trialsInFlight >= most || g.trials == 0 && g.trialsNeedProbe && !g.probing:
		return false, time.Time{}
	case now.Before(g.trialAt):
		return false, g.trialAt
	}
	return true, time.Time{}
}

// countTrial counts one that passes.
func (g *gate) countTrial(now time.Time, slow time.Duration) {
	g.trialsInFlight++
	if g.trials > 0 {
		g.trials--
		g.trialAt = now.Add(trialGap)
		return
	}
	g.trialAt = now.Add(slow)
}

// cache is what is known of one cache, shared by its routes.
type cache struct {
	pacer    *quota.Pacer // Of a quota of its own; nil: none.
	gate     gate         // Closed while the cache does not exist.
	accepted time.Time    // When the latest publish started that the cache accepted; zero before the first.
	missing  int          // Answers in a row that say that it does not exist.
}

// missingAfter is how many answers in a row mean that a cache which has accepted publishes is gone. Fewer may be about single
// topics.
const missingAfter = 10

// found takes note of a publish, started at sent, that the cache has accepted.
func (c *cache) found(sent time.Time) {
	c.missing = 0
	if sent.After(c.accepted) {
		c.accepted = sent
	}
}

// gone takes note of an answer that says the cache does not exist. It reports whether to believe it.
func (c *cache) gone() bool {
	c.missing++
	return c.accepted.IsZero() || c.missing >= missingAfter
}

// existsSince reports whether a publish that started after t was accepted.
func (c *cache) existsSince(t time.Time) bool { return !t.IsZero() && c.accepted.After(t) }
