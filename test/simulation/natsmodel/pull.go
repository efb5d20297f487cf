package natsmodel

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// pull is a request for messages that waits.
type pull struct {
	reply     string
	left      int // Messages.
	delivered int
	bytes     int       // That may still come; 0: any number, or none after the last.
	expires   time.Time // Zero: never.
	heartbeat time.Duration
	beats     time.Time // When the next one is due; zero: none is wanted.
	noWait    bool
}

// pullRequest is the body of a request.
type pullRequest struct {
	Expires   time.Duration `json:"expires"`
	Batch     int           `json:"batch"`
	MaxBytes  int           `json:"max_bytes"`
	NoWait    bool          `json:"no_wait"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

// parsePull reads a request: none for one message, a number, or an object.
func parsePull(body []byte) (r pullRequest, bad string) {
	r.Batch = 1
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
	case body[0] == '{':
		r.Batch = 0
		if err := json.Unmarshal(body, &r); err != nil {
			return r, err.Error()
		}
		if r.Heartbeat > 0 && 2*r.Heartbeat > r.Expires {
			return r, "heartbeat value too large"
		}
	default:
		if n, err := strconv.Atoi(string(body)); err == nil {
			r.Batch = n
		}
	}
	return r, ""
}

// ask takes a request for messages.
func (o *consumer) ask(reply string, body []byte) {
	refuse := func(why string) { o.stream.js.answer(reply, status(why), nil) }
	if o.pushes() {
		refuse("409 Consumer is push based")
		return
	}
	r, bad := parsePull(body)
	switch {
	case bad != "":
		refuse("400 Bad Request - " + bad)
		return
	case o.cfg.MaxBatch > 0 && r.Batch > o.cfg.MaxBatch:
		refuse("409 Exceeded MaxRequestBatch of " + strconv.Itoa(o.cfg.MaxBatch))
		return
	case o.cfg.MaxExpires > 0 && r.Expires > o.cfg.MaxExpires:
		refuse("409 Exceeded MaxRequestExpires of " + o.cfg.MaxExpires.String())
		return
	case o.cfg.MaxBytes > 0 && r.MaxBytes > o.cfg.MaxBytes:
		refuse("409 Exceeded MaxRequestMaxBytes of " + strconv.Itoa(o.cfg.MaxBytes))
		return
	}
	if len(o.pulls) >= o.cfg.MaxWaiting {
		o.expirePulls(false)
	}
	if r.NoWait {
		if why := o.nothingFor(r); why != "" {
			o.asked = o.now()
			refuse(why)
			return
		}
	}
	if len(o.pulls) >= o.cfg.MaxWaiting {
		if r.Heartbeat == 0 { // Who waits for heartbeats learns it by their absence.
			refuse("409 Exceeded MaxWaiting")
		}
		return
	}
	o.pulls = append(o.pulls, o.newPull(reply, r))
	o.asked = o.now()
	o.wake()
}

func (o *consumer) newPull(reply string, r pullRequest) *pull {
	p := &pull{reply: reply, left: r.Batch, bytes: r.MaxBytes, heartbeat: r.Heartbeat, noWait: r.NoWait}
	if r.Expires != 0 {
		p.expires = o.now().Add(r.Expires)
	}
	if r.Heartbeat > 0 {
		p.beats = o.now().Add(r.Heartbeat)
	}
	return p
}

// nothingFor says why a request that does not wait gets nothing; empty: it may get something.
func (o *consumer) nothingFor(r pullRequest) string {
	there := o.pendingCount + uint64(o.queued())
	if there == 0 {
		if r.Expires == 0 {
			return "404 No Messages"
		}
		return ""
	}
	o.expirePulls(false)
	wanted := 0
	for _, p := range o.pulls {
		wanted += p.left
	}
	if there < uint64(wanted) {
		return "408 Requests Pending"
	}
	return ""
}

// queued is how many messages are to be delivered again.
func (o *consumer) queued() int {
	n := 0
	for _, r := range o.again {
		if r.d.ticket == r.ticket {
			n++
		}
	}
	return n
}

// choose returns the request that gets a message, nil if there is none, and puts it behind the others.
func (o *consumer) choose(size int) *pull {
	now := o.now()
	for len(o.pulls) > 0 {
		p := o.pulls[0]
		switch {
		case !p.expires.IsZero() && !now.Before(p.expires):
			o.tell(p.reply, "408 Request Timeout", p)
			o.asked = later(o.asked, p.expires)
		case p.bytes > 0 && size > p.bytes:
			o.tell(p.reply, "409 Message Size Exceeds MaxBytes", p)
		case o.server().subs.any(p.reply):
			o.use(p, size, now)
			return p
		}
		o.pulls = slices.Delete(o.pulls, 0, 1)
	}
	return nil
}

// use takes one message off the first request.
func (o *consumer) use(p *pull, size int, now time.Time) {
	if p.bytes > 0 {
		if p.bytes -= size; p.bytes == 0 {
			p.left = 1
		}
	}
	p.delivered++
	p.left--
	switch {
	case p.left <= 0:
		o.pulls = slices.Delete(o.pulls, 0, 1)
	case len(o.pulls) > 1:
		copy(o.pulls, o.pulls[1:])
		o.pulls[len(o.pulls)-1] = p
	}
	if p.heartbeat > 0 {
		p.beats = now.Add(p.heartbeat)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// tell sends a request its status, with what it will not get.
func (o *consumer) tell(reply, what string, p *pull) {
	o.stream.js.answer(reply, status(what, "Nats-Pending-Messages: "+strconv.Itoa(p.left),
		"Nats-Pending-Bytes: "+strconv.Itoa(p.bytes)), nil)
}

// expirePulls ends requests whose time has come or whose asker is gone, those that do not wait too if there is nothing
// for them, and sends heartbeats.
func (o *consumer) expirePulls(nothing bool) {
	now := o.now()
	o.pulls = slices.DeleteFunc(o.pulls, func(p *pull) bool {
		switch {
		case !p.expires.IsZero() && !now.Before(p.expires):
			o.tell(p.reply, "408 Request Timeout", p)
			o.asked = later(o.asked, p.expires)
			return true
		case nothing && p.noWait && (p.expires.IsZero() || p.delivered > 0):
			o.stream.js.answer(p.reply, status("404 No Messages"), nil)
			o.asked = now
			return true
		case !o.server().subs.any(p.reply):
			return true
		}
		if !p.beats.IsZero() && !now.Before(p.beats) {
			o.stream.js.answer(p.reply, o.heartbeatHeader(), nil)
			p.beats = now.Add(p.heartbeat)
		}
		return false
	})
}

// watchPulls sets the timer for what comes next to a request.
func (o *consumer) watchPulls() {
	var next time.Time
	for _, p := range o.pulls {
		for _, at := range [2]time.Time{p.expires, p.beats} {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	if next.IsZero() {
		o.server().timers.stop(&o.pullTimer)
		return
	}
	o.server().timers.set(&o.pullTimer, next)
}

func (o *consumer) pullsDue() {
	o.expirePulls(true)
	o.wake()
}

// release ends all requests that wait, with a reason, and with what they will not get if that is to be said.
func (o *consumer) release(why string, missing bool) {
	for _, p := range o.pulls {
		if missing {
			o.tell(p.reply, why, p)
		} else {
			o.stream.js.answer(p.reply, status(why), nil)
		}
	}
	clear(o.pulls)
	o.pulls = o.pulls[:0]
	o.server().timers.stop(&o.pullTimer)
}

// inactivity has a consumer deleted that nobody uses for long.
func (o *consumer) inactivity() {
	timers := &o.server().timers
	if o.cfg.InactiveThreshold <= 0 {
		o.inactiveFor = 0
		timers.stop(&o.inactive)
		return
	}
	o.inactiveFor = o.cfg.InactiveThreshold
	if !o.pushes() || o.cfg.InactiveThreshold == usualInactive && o.cfg.Durable == "" {
		o.inactiveFor += time.Duration(100+o.server().rand.IntN(900)) * time.Millisecond
	}
	if !o.pushes() || !o.active {
		timers.set(&o.inactive, o.now().Add(o.inactiveFor))
	}
}

// checkInactive deletes it if nobody was there for long enough, and else looks again when that may be so.
func (o *consumer) checkInactive() {
	if o.pushes() {
		if !o.active {
			o.delete("")
		}
		return
	}
	now := o.now()
	o.expirePulls(true)
	o.watchPulls()
	end := o.asked.Add(o.inactiveFor)
	if len(o.pulls) > 0 {
		end = now.Add(o.inactiveFor)
	}
	if !end.After(now) {
		for _, d := range o.pending { // The latest, in any order.
			end = later(end, d.at.Add(o.cfg.AckWait+ackDelay+o.inactiveFor))
		}
	}
	if !end.After(now) {
		o.delete("")
		return
	}
	o.server().timers.set(&o.inactive, end)
}
