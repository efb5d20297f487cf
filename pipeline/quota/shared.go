package quota

import (
	"math"
	"time"
)

// role is who sets the rate of a quota that several processes may share.
type role uint8

const (
	alone     role = iota // The learner does: nobody else is known to use the quota.
	leading               // The learner does, for all; what the others are answered is told to it.
	following             // Somebody else's learner does.
	orphaned              // The learner does, within the share that was left when the others were heard last.
)

// shares reports whether the bucket follows a share rather than the learner's rate.
func (r role) shares() bool { return r == leading || r == following }

// part is how a pacer takes part in a quota that several processes share.
type part struct {
	role     role
	share    Share
	standing Standing  // As heard last.
	left     float64   // What refusals have left of the share since it was given.
	waited   bool      // A publish has waited for a token since Use was asked.
	use      Use       // Counted since the pacer was made.
	until    time.Time // Until when the endpoint has asked to be left alone.
	rows     bool      // Others have been refused in a row, and none was accepted since.
}

// Use is what has become of a pacer's publishes since it was made.
type Use struct {
	Paid      float64       // Costs of all that have started.
	Accepted  float64       // Costs of those that were accepted,
	Publishes uint64        // and how many they were.
	Refused   uint64        // How many were refused for this quota.
	Row       int           // How many of those have come in a row.
	Sent      time.Time     // When the latest of them started.
	Waited    bool          // Since Use was asked last, a publish has waited for tokens.
	Short     bool          // One that starts now would wait.
	Asked     time.Duration // How long yet the endpoint asks to be left alone.
}

// Standing is what is known of a quota by whoever learns it.
type Standing struct {
	Rate  float64 // In force, per second; +Inf: none is.
	Quota float64 // As learned; 0: not yet.
	Floor float64 // The share of publishes that is refused at any rate; 0: none.
	Found int     // How many measurements in a row confirmed the quota.
}

// Valid reports whether it can have been learned: it comes from another process.
func (s Standing) Valid() bool {
	return s.Rate > 0 && s.Quota >= 0 && s.Quota <= fastest && s.Floor >= 0 && s.Floor < 1 && s.Found >= 0
}

// Shared is one of a process's quotas, which others may use, too.
type Shared struct {
	Scope  string
	Pacer  *Pacer
	Queued float64 // The cost of what waits and counts towards it.
}

// Share is a process's part of a quota's rate.
type Share struct {
	PerSecond float64 // +Inf: no limit.
	Members   int     // How many share the quota.
	Hungry    bool    // All together want more than the rate.
	Keep      bool    // What refusals have taken from the share is not known yet to whoever gave it.
	Phase     float64 // A random number from 0 to 1.
}

const (
	// leastShare is the smallest share that is not forgotten about, per second.
	leastShare = 1e-6
	// mostRetreat is the largest part of a share that one refusal takes.
	mostRetreat = 0.5
)

// Use returns what has become of the publishes.
func (p *Pacer) Use(now time.Time) Use {
	u := p.part.use
	u.Waited, p.part.waited = p.part.waited, false
	u.Short = !p.bucket.due(now, max(1, p.learner.usual)).IsZero()
	u.Asked = max(0, p.part.until.Sub(now))
	return u
}

// Standing returns what is known of the quota.
func (p *Pacer) Standing() Standing {
	l := &p.learner
	return Standing{Rate: l.rate, Quota: l.quota, Floor: l.noise, Found: l.found}
}

// CutAt returns when refusals, or what was found out about them, changed the rate last.
func (p *Pacer) CutAt() time.Time { return p.learner.cutAt }

// Ceiling returns what the rate never exceeds; +Inf: nothing.
func (p *Pacer) Ceiling() float64 { return p.limits.Ceiling }

// None reports whether there is nothing to share: nothing limits the publishes, and nothing is learned.
func (p *Pacer) None() bool { return p.limits.None() }

// Usual returns what a publish costs on average; 0: there was none.
func (p *Pacer) Usual() float64 { return p.learner.usual }

// PausedFor returns how long yet nothing starts after refusals.
func (p *Pacer) PausedFor(now time.Time) time.Duration { return max(0, p.pausedUntil.Sub(now)) }

// Step lets the rate grow if more is wanted than it allows. Due does that by itself; who leads a quota calls it while
// the others publish.
func (p *Pacer) Step(now time.Time) {
	if p.part.role == following {
		return
	}
	if p.part.role == leading {
		p.learner.wanted = p.part.share.Hungry
	}
	if p.learner.step(now) {
		p.fill(now)
	}
}

// HoldUntil lets nothing start before a time; zero: nothing is held.
func (p *Pacer) HoldUntil(at time.Time) { p.heldUntil = at }

// Alone goes on with what has been learned as the only one that uses the quota.
func (p *Pacer) Alone(now time.Time) {
	if p.part.role == alone {
		return
	}
	p.Regain()
	p.part.role = alone
	p.fill(now)
}

// Lead learns the quota for all, and spends a share of it.
func (p *Pacer) Lead(now time.Time, s Share) {
	p.Regain()
	p.part.role = leading
	p.take(now, s)
}

// Follow spends a share of what another process has learned.
func (p *Pacer) Follow(now time.Time, s Standing, share Share) {
	if !s.Valid() {
		return
	}
	p.learner.ceiling = p.limits.Ceiling
	p.learner.adopt(s)
	p.part.standing = s
	p.part.role = following
	p.take(now, share)
}

// Orphan goes on without the others, within the share that was given last. Refusals push the rate below that.
func (p *Pacer) Orphan(now time.Time) {
	if !p.part.role.shares() {
		return
	}
	p.part.standing = p.Standing()
	p.part.role = orphaned
	rate := p.part.share.PerSecond
	p.learner.ceiling = min(p.limits.Ceiling, rate)
	own := Standing{Rate: rate, Floor: p.learner.noise}
	if p.learner.quota > 0 && !math.IsInf(rate, 1) {
		own.Quota, own.Found = rate, p.learner.found
	}
	p.learner.adopt(own)
	p.fill(now)
}

// Regain takes up what was known before the others were lost.
func (p *Pacer) Regain() {
	if p.part.role != orphaned {
		return
	}
	p.part.role = following
	p.learner.ceiling = p.limits.Ceiling
	p.learner.adopt(p.part.standing)
}

// take puts a share in force.
func (p *Pacer) take(now time.Time, s Share) {
	if p.part.share = s; !s.Keep {
		p.part.left = 1
	}
	p.part.standing.Rate = p.learner.rate
	p.fill(now)
}

// Empty takes all tokens, so that the next publish starts after a part of the time that one takes. Processes that begin
// together do not publish in the same moment, then.
func (p *Pacer) Empty(now time.Time, phase float64) {
	if !p.bucket.limited() {
		return
	}
	p.bucket.refill(now)
	p.bucket.tokens = p.bucket.burst - phase*max(1, p.learner.usual)
}

// shared returns the rate and the burst of this process. Where it leads, a cut of the rate is one of its share at once.
func (p *Pacer) shared(burst float64) (rate, most float64) {
	total, given := p.learner.rate, p.part.standing.Rate
	rate = p.part.share.PerSecond
	if total < given && !math.IsInf(given, 1) {
		rate *= total / given
	}
	rate = max(leastShare, min(rate, total)*p.part.left)
	if burst > 0 && !math.IsInf(rate, 1) {
		burst = max(1, burst*min(1, rate/total))
	}
	return rate, burst
}

// retreat makes room after a refusal, for as long as nobody who knows of it has given a new share: all together asked
// for a little too much. A share that is refused at any rate is no reason. The phase changes, so that nobody is always
// the one who comes too late.
func (p *Pacer) retreat(now time.Time) {
	if !p.bucket.limited() || p.learner.noise > 0 {
		return
	}
	p.part.left *= 1 - min(mostRetreat, margin*float64(max(1, p.part.share.Members)))
	p.part.left = max(p.part.left, 1-mostRetreat)
	p.fill(now)
	p.bucket.tokens += (p.part.share.Phase - 0.5) * max(1, p.learner.usual)
}

// Reshare changes the share of who follows, until the next one is given.
func (p *Pacer) Reshare(now time.Time, perSecond float64) {
	if p.part.role == following && perSecond != p.part.share.PerSecond {
		p.part.share.PerSecond = perSecond
		p.fill(now)
	}
}

// AcceptedElsewhere takes note of a publish that another process has had accepted. It is for who leads.
func (p *Pacer) AcceptedElsewhere(now time.Time, cost float64) {
	if p.part.rows {
		p.part.rows = false
		p.pauses.Reset()
	}
	if p.learner.accept(now, cost) {
		p.fill(now)
	}
}

// RefusedElsewhere takes note of a publish that another process was refused. sent is when it started, as far as that is
// known here. It is for who leads.
func (p *Pacer) RefusedElsewhere(now, sent time.Time, cost float64) {
	if !p.limits.None() && p.learner.refuse(now, sent, cost) {
		p.fill(now)
	}
}

// Pause lets nothing start for a while because others were refused.
func (p *Pacer) Pause(now time.Time, d time.Duration) {
	if d <= 0 {
		return
	}
	p.pause(now, d)
	p.learner.block(p.pausedUntil)
}

// PauseInARow lets nothing start for a while, as after too many refusals in a row.
func (p *Pacer) PauseInARow(now time.Time) {
	p.part.rows = true
	p.Pause(now, p.pauses.NextBackOff()+p.bucket.time(patience))
}

// TooMany returns how many refusals in a row are more than chance explains.
func (p *Pacer) TooMany() int { return tooMany(p.learner.noise) }

// Hungry reports whether more is wanted by all together than the rate allows.
func (p *Pacer) Hungry() bool { return p.part.share.Hungry }

// Follows reports whether another process sets the rate.
func (p *Pacer) Follows() bool { return p.part.role == following }

func (t *part) accepted(cost float64) {
	t.use.Accepted += cost
	t.use.Publishes++
	t.use.Row = 0
}

func (t *part) refused(sent time.Time) {
	t.use.Refused++
	t.use.Row++
	t.use.Sent = sent
}

// asked notes until when the endpoint asks to be left alone.
func (t *part) asked(until time.Time) {
	if until.After(t.until) {
		t.until = until
	}
}

// adopt goes on from what another process has learned. As after a restart, the first refusal confirms the quota.
func (l *learner) adopt(s Standing) {
	l.trial = trial{}
	l.emptied, l.accepted, l.blocked, l.doubted, l.suspect = time.Time{}, 0, false, false, 0
	l.surplus, l.thickness, l.row = 0, 0, 0
	if s.Floor != l.noise {
		l.hear(s.Floor)
	}
	l.retrial = max(l.retrial, leastExplained)
	l.quota, l.found, l.measured, l.believed, l.knownAt = 0, s.Found, Learned{}, false, time.Time{}
	if s.Quota == 0 {
		l.set(s.Rate)
		return
	}
	l.believed = true
	if s.Found > 0 {
		l.measured = Learned{Quota: s.Quota, Floor: s.Floor, Found: s.Found}
	}
	if s.Found >= provenAfter {
		l.proven = s.Quota
	}
	l.middle = max(leastMiddle, l.span(middleMany, s.Quota))
	l.begin(s.Quota, s.Rate)
}
