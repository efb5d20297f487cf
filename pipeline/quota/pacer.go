package quota

import (
	"fmt"
	"math"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Rate is how fast costs may be spent, per second. The zero Rate is no quota.
type Rate struct {
	// Ceiling is never exceeded. +Inf is no ceiling.
	Ceiling float64
	// Learn starts at FirstRate and finds the quota from refusals. Without it the rate starts at the ceiling;
	// refusals push it below that, too.
	Learn bool
	// Burst is what may be spent at once after a pause. 0 derives it from the rate.
	Burst float64
}

// None reports whether the rate limits nothing: it is zero, or neither has a ceiling nor is learned.
func (r Rate) None() bool { return r == Rate{} || math.IsInf(r.Ceiling, 1) && !r.Learn }

// DefaultQuota is what a new account of Momento's may publish, per second.
const DefaultQuota = 10

// FirstRate is where a learned rate starts, per second.
const FirstRate = DefaultQuota

// LongPause is the shortest Retry-After that counts as a long pause: it halts publishing, rather than slow it down.
const LongPause = 30 * time.Second

const (
	slowest  = 0.1 // Per second; refusals never push a rate below it.
	patience = 2.0 // A pause after refusals lasts for at least so many tokens.
)

// probeTime is how long the other publishes wait for the answer to the one that is sent first after a long pause.
const probeTime = 5 * time.Second

// Pacer decides when a publish may start, as far as one quota goes. For each publish, ask Due; when that says now, call
// Pay and send it; when its answer has come, call Accepted or Refused, with the same cost.
type Pacer struct {
	limits  Rate
	bucket  bucket
	learner learner

	pausedUntil time.Time
	pauses      backoff.BackOff // How long the next pause after a refusal is.
	haltedSince time.Time       // When a long pause began; zero: there is none.
	detail      string          // What the endpoint said with its latest refusal.
	probeNext   bool            // The next publish is to show whether a long pause is over.
	probing     bool            // That publish is in flight.
	throttled   bool            // The latest answer that says something about the quota was a refusal.
	refusedAt   time.Time       // When the latest refusal came that was sent after the one before had come.
	inARow      int             // How many such refusals have come in a row.

	part      part      // In a quota that several processes share.
	heldUntil time.Time // Until when nothing starts, as it is not known yet who shares the quota.
}

// Refusal is an answer that says that a quota is used up.
type Refusal struct {
	Sent       time.Time     // When the refused publish started.
	Cost       float64       // What was paid for it.
	RetryAfter time.Duration // How long the endpoint asks to be left alone; 0: it does not ask.
	Detail     string        // What it said, for people.
}

// NewPacer returns a pacer for a quota. pauses yields how long to pause after refusals, one after the other.
func NewPacer(limits Rate, pauses backoff.BackOff, now time.Time) *Pacer {
	p := &Pacer{pauses: pauses}
	p.learner = learner{floor: slowest, stepped: now}
	p.SetRate(now, limits)
	return p
}

// NewBytePacer returns a pacer that counts bytes and has no limit until the first refusal, from which it learns one.
// published is how many bytes have been published recently.
func NewBytePacer(pauses backoff.BackOff, now time.Time, published Meter) *Pacer {
	p := NewPacer(Rate{Ceiling: math.Inf(1), Learn: true}, pauses, now)
	p.learner.offered = published
	p.learner.floor = kib * slowest
	p.learner.set(math.Inf(1))
	p.fill(now)
	return p
}

// SetRate puts new limits in force. What has been learned stays, within them.
func (p *Pacer) SetRate(now time.Time, limits Rate) {
	l := &p.learner
	start := limits.Ceiling
	switch {
	case limits.Learn && p.limits.Learn:
		start = min(l.rate, start)
	case limits.Learn:
		start = min(FirstRate, start)
	case l.quota > 0:
		start = min(l.rate, start)
	}
	p.limits = limits
	l.ceiling = limits.Ceiling
	l.set(start)
	p.fill(now)
}

// fill makes the bucket follow the rate, or this process's share of it.
func (p *Pacer) fill(now time.Time) {
	rate, burst := p.learner.rate, p.limits.Burst
	if p.part.role.shares() {
		rate, burst = p.shared(burst)
	}
	if burst == 0 {
		burst = deriveBurst(rate)
	}
	p.bucket.set(now, rate, burst)
}

// Limited reports whether a rate is in force.
func (p *Pacer) Limited() bool { return p.bucket.limited() }

// Rate returns the rate in force, per second; +Inf without one.
func (p *Pacer) Rate() float64 { return p.bucket.rate }

// Floor returns the share of publishes that is refused at any rate, so that going slower does not help; 0: none is.
func (p *Pacer) Floor() float64 { return p.learner.noise }

// Available returns the tokens that can be spent now; +Inf without a rate. A pause is not taken into account.
func (p *Pacer) Available(now time.Time) float64 { return p.bucket.available(now) }

// Due returns when a publish of this cost may start: zero for now.
func (p *Pacer) Due(now time.Time, cost float64) time.Time {
	if now.Before(p.heldUntil) {
		return p.heldUntil
	}
	p.Step(now)
	if now.Before(p.pausedUntil) {
		return p.pausedUntil
	}
	at := p.bucket.due(now, cost)
	if !at.IsZero() {
		p.part.waited = true
		p.learner.wanted = p.learner.wanted || p.part.role != leading
	}
	return at
}

// Pay pays for a publish that starts now, even if it is not due.
func (p *Pacer) Pay(now time.Time, cost float64) {
	p.bucket.pay(now, cost)
	p.part.use.Paid += cost
	if p.probeNext {
		p.probeNext, p.probing = false, true
		p.pause(now, probeTime)
	}
}

// Resume ends a pause because somebody thinks that it is over. One publish shows whether it is.
func (p *Pacer) Resume() {
	p.probeNext = p.probeNext || p.probing || p.throttled || !p.haltedSince.IsZero()
	p.pausedUntil, p.haltedSince, p.probing = time.Time{}, time.Time{}, false
}

// HaltedSince returns since when a long pause has been on; zero: none is.
func (p *Pacer) HaltedSince(now time.Time) time.Time {
	if !now.Before(p.pausedUntil) {
		p.haltedSince = time.Time{}
	}
	return p.haltedSince
}

// LongPause returns until when a long pause lasts, and what the endpoint said to it; zero: none is on.
func (p *Pacer) LongPause(now time.Time) (until time.Time, detail string) {
	if p.HaltedSince(now).IsZero() {
		return time.Time{}, ""
	}
	return p.pausedUntil, p.detail
}

// Refused takes note of a refusal for this quota. It reports whether it is the first one after a success. The
// endpoint's RetryAfter is never undercut.
func (p *Pacer) Refused(now time.Time, r Refusal) bool {
	first := !p.throttled
	if first {
		p.throttled, p.inARow = true, 0
	}
	p.part.refused(r.Sent)
	p.Asked(now, r.RetryAfter, r.Detail)
	// A few refusals lower the rate. So many in a row, each sent after the one before had come, that noise does not
	// explain them, or one without a rate, lead to a pause.
	if first || r.Sent.After(p.refusedAt) {
		p.inARow++
		p.refusedAt = now
		if p.inARow >= tooMany(p.learner.noise) || first && !p.bucket.limited() {
			p.pause(now, p.pauses.NextBackOff()+p.bucket.time(patience))
			p.learner.block(p.pausedUntil)
		}
	}
	if p.part.role != following && !p.limits.None() && p.learner.refuse(now, r.Sent, r.Cost) {
		p.fill(now)
	}
	if p.part.role.shares() {
		p.retreat(now)
	}
	return first
}

// Asked leaves the endpoint alone for as long as an answer asks for, and takes it for nothing that tells of the quota.
// detail is what the endpoint said, for people.
func (p *Pacer) Asked(now time.Time, wait time.Duration, detail string) {
	p.detail = detail
	if wait <= 0 {
		return
	}
	p.part.asked(now.Add(wait))
	p.pause(now, wait)
	if wait >= LongPause {
		p.probeNext, p.probing = true, false
		if p.haltedSince.IsZero() {
			p.haltedSince = now
		}
	}
}

func (p *Pacer) pause(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
}

// Accepted takes note of an accepted publish. It reports whether that ends a run of refusals.
func (p *Pacer) Accepted(now time.Time, cost float64) bool {
	p.part.accepted(cost)
	if p.part.role == following {
		p.learner.offer(now, cost)
	} else if p.learner.accept(now, cost) {
		p.fill(now)
	}
	if p.probing { // The pause is over.
		p.probing, p.pausedUntil, p.haltedSince = false, time.Time{}, time.Time{}
	}
	if !p.throttled {
		return false
	}
	p.throttled = false
	p.pauses.Reset()
	return true
}

// State says what sets the rate.
type State string

// The states of a quota.
const (
	Unlimited State = "unlimited" // Nothing does.
	AtCeiling State = "ceiling"   // The configuration.
	Searching State = "searching" // No refusal yet: the rate doubles while messages wait.
	Holding   State = "holding"   // The quota as learned.
	Waiting   State = "waiting"   // A refusal: nothing starts for a while.
)

// States lists every state.
var States = [...]State{Unlimited, AtCeiling, Searching, Holding, Waiting}

// Stats is what is known of a quota.
type Stats struct {
	Rate    float64 // In force, per second; +Inf without one.
	Learned float64 // The quota as measured by refusals; 0: none was met, or it has to be measured anew.
	// LearnedAt is when it was measured; zero: it was not, or by another process, or before the program started.
	LearnedAt time.Time
	Floor     float64 // The share of publishes that is refused at any rate; 0: none.
	State     State
	Reason    string // The state in words, with figures.
	Refusing  bool   // The latest answer that says something about the quota was a refusal.
}

// Stats returns what is known now.
func (p *Pacer) Stats(now time.Time) Stats {
	l := &p.learner
	s := Stats{Rate: p.bucket.rate, Floor: p.Floor(), Refusing: p.throttled}
	if l.found > 0 && l.quota > 0 {
		s.Learned, s.LearnedAt = l.quota, l.knownAt
	}
	switch {
	case now.Before(p.pausedUntil):
		s.State = Waiting
		s.Reason = fmt.Sprintf(
			"refused for quota (429): nothing starts for another %v", p.pausedUntil.Sub(now).Round(time.Millisecond))
	case math.IsInf(l.rate, 1):
		s.State, s.Reason = Unlimited, "no rate is set and none has been learned"
	case l.rate >= l.ceiling:
		s.State, s.Reason = AtCeiling, fmt.Sprintf("the configured rate of %.4g/s", l.ceiling)
	case l.quota == 0:
		s.State, s.Reason = Searching,
			fmt.Sprintf("no refusal yet: %.4g/s, doubled each second while messages wait", l.rate)
	case l.found == 0:
		s.State, s.Reason = Holding,
			fmt.Sprintf("the endpoint's quota has to be measured anew: %.4g/s, until the next refusal", l.rate)
	default:
		s.State, s.Reason = Holding,
			fmt.Sprintf("the endpoint's quota is about %.4g/s: %.4g/s, probing gently", l.quota, l.rate)
	}
	if p.part.role.shares() && p.bucket.limited() && s.State != Waiting {
		s.Reason += fmt.Sprintf("; this replica has %.4g/s of that", p.bucket.rate)
	}
	return s
}
