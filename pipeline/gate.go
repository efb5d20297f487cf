package pipeline

import (
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/pipeline/quota"
)

// gate stops publishes while something outside must change first: the key, the endpoint, a cache, a route, a topic, or
// the place where dead letters are stored. The zero gate is open.
//
// A closed gate lets one publish through at a time, at growing intervals: the probe. Its answer opens the gate or keeps
// it closed. Besides, a gate may let messages through that have never been refused: trials. If all that was refused so
// far is at fault itself, they show it, so that nobody waits behind a thousand messages that can never be published.
type gate struct {
	closed bool
	since  time.Time // When it closed.

	probing         bool            // A probe is in flight.
	probeAt         time.Time       // When the next probe may start.
	delays          backoff.BackOff // Yields the intervals between probes.
	retryAfterUntil time.Time       // Until when the endpoint asks to be left alone (Retry-After); zero: it does not.
	detail          string          // What the endpoint said, for people.
	advised         bool            // The detail says what to do.
	unclear         bool            // It was closed by an attempt with an unknown outcome.

	trialsAllowed   bool      // Trials may pass.
	trials          int       // How many more of them may pass in quick succession.
	trialsNeedProbe bool      // After those, trials may pass only while a probe hangs.
	trialAt         time.Time // When the next trial may start.
	trialsInFlight  int
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

// admits reports whether a publish may start: the gate is open, or a probe is due. If not, it returns when to ask
// again; the zero time means that a probe is in flight, whose answer decides.
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

// enter is called when something starts that the gate admits. It reports whether that is the probe.
func (g *gate) enter() bool {
	if !g.closed {
		return false
	}
	g.probing = true
	return true
}

// shut closes the gate, or keeps it closed after a probe. It reports whether the gate was open. A refused publish that
// is not the probe of a closed gate started before the gate closed: it says nothing new and is ignored. The next probe
// waits for the delay or for RetryAfter, whichever is longer.
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

// undecided ends a probe whose answer says nothing about this gate. The next one starts after maxUndecided at the
// latest.
func (g *gate) undecided(now time.Time) {
	if !g.closed {
		return
	}
	g.probing = false
	g.probeAt = now.Add(min(g.delays.NextBackOff(), maxUndecided))
}

const maxUndecided = time.Second

// probeNow lets the next probe start at once, because something has changed that may open the gate.
func (g *gate) probeNow(now time.Time) {
	if !g.closed {
		return
	}
	g.delays.Reset()
	g.probeAt, g.trialAt, g.retryAfterUntil = now, now, time.Time{}
}

// firstProbe is how long after it has closed a gate is first probed that another message may open.
const firstProbe = 250 * time.Millisecond

// probeSoon lets the first probe start after firstProbe, unless the endpoint asks for more.
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

const (
	// mostTrials is how many trials may pass a closed gate in quick succession.
	mostTrials = 2048
	// fewTrials is mostTrials for a cache that has accepted nothing so far, and an endpoint that does not answer: that
	// is hardly the fault of a single message.
	fewTrials = 8
	// trialGap is the time between two trials in quick succession.
	trialGap = 500 * time.Microsecond
	// slowTrial is the time between two later trials of an endpoint.
	slowTrial = time.Second
	// slowerTrial is the time between two later trials of a cache or a route.
	slowerTrial = 5 * time.Second
	// mostTrialsInFlight bounds the trials of a gate whose answers are awaited, because they may hang.
	mostTrialsInFlight = 32
	// searchRoom is how many messages that have not been refused a route may hold while it looks for one that is
	// accepted.
	searchRoom = 64
)

// allowTrials is called when the gate has just been closed. It allows trials if the answer may be the fault of the
// message alone, which one that is not Momento's cannot be. few says that it hardly is the message's fault.
func (g *gate) allowTrials(now time.Time, which int, a Answer, few bool) {
	g.trialsAllowed = which != keyGate && which != topicGate && a.mayBlameMessage() && !a.Foreign &&
		a.RetryAfter < quota.LongPause
	g.unclear = a.Verdict == Ambiguous
	g.trials, g.trialsNeedProbe = mostTrials, which == endpointGate
	if few || g.unclear {
		g.trials = fewTrials
	}
	g.trialAt = now
}

// admitsTrial reports whether a trial may pass the closed gate. If not, it returns when to ask again; the zero time
// means that something else must happen first.
func (g *gate) admitsTrial(now time.Time, most int) (bool, time.Time) {
	switch {
	case !g.trialsAllowed || g.trialsInFlight >= most || g.trials == 0 && g.trialsNeedProbe && !g.probing:
		return false, time.Time{}
	case now.Before(g.trialAt):
		return false, g.trialAt
	}
	return true, time.Time{}
}

// countTrial counts a trial that passes. slow is the time until the next one if there are too many for quick
// succession.
func (g *gate) countTrial(now time.Time, slow time.Duration) {
	g.trialsInFlight++
	if g.trials > 0 {
		g.trials--
		g.trialAt = now.Add(trialGap)
		return
	}
	g.trialAt = now.Add(slow)
}

// cache is what is known of one cache. Its routes share it.
type cache struct {
	pacer    *quota.Pacer // Of a quota of its own; nil: none.
	gate     gate         // Closed while the cache does not exist.
	accepted time.Time    // When the latest publish started that the cache accepted; zero before the first.
	missing  int          // Answers in a row that say that it does not exist.
}

// missingAfter is how many answers in a row mean that a cache which has accepted publishes no longer exists. Fewer may
// be about single topics.
const missingAfter = 10

// found takes note of a publish, started at sent, that the cache has accepted.
func (c *cache) found(sent time.Time) {
	c.missing = 0
	if sent.After(c.accepted) {
		c.accepted = sent
	}
}

// gone takes note of an answer that says that the cache does not exist. It reports whether to believe that.
func (c *cache) gone() bool {
	c.missing++
	return c.accepted.IsZero() || c.missing >= missingAfter
}

// existsSince reports whether a publish that started after t was accepted.
func (c *cache) existsSince(t time.Time) bool { return !t.IsZero() && c.accepted.After(t) }
