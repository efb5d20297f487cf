package natsmodel

import (
	"strconv"
)

// flow keeps a client that is pushed to from being sent more than it can take.
type flow struct {
	window int // Bytes that may be out; 0: any number.
	out    int
	asked  int    // Of out, when the client was asked.
	id     string // Where the answer comes; empty: nothing is asked.
}

const (
	mostOut  = 32 << 20
	firstOut = mostOut / 16
)

func (f *flow) start() { *f = flow{window: firstOut} }

func (f *flow) stalled() bool { return f.window > 0 && f.out > f.window }

// look sees whether somebody listens to what it pushes.
func (o *consumer) look() {
	if !o.pushes() || o.gone {
		return
	}
	was := o.active
	o.active = o.server().subs.any(o.cfg.DeliverSubject)
	timers := &o.server().timers
	switch {
	case o.active:
		timers.stop(&o.inactive)
		if !was {
			o.wake()
		}
	case o.inactiveFor > 0 && o.inactive.index == 0:
		timers.set(&o.inactive, o.now().Add(o.inactiveFor))
	}
}

// sent counts what it has pushed, and asks the client whether it has come.
func (o *consumer) sent(size int) {
	o.heartbeatOn()
	if !o.cfg.FlowControl {
		return
	}
	f := &o.flow
	f.out += size
	switch {
	case f.id == "" && f.out > f.window/2:
		id := strconv.FormatUint(o.server().rand.Uint64N(1<<20), 36)
		f.id = flowPrefix + o.stream.cfg.Name + "." + o.name + "." + id
		f.asked = f.out
		o.server().deliver(nil, &message{
			subject: o.cfg.DeliverSubject, reply: f.id, header: status("100 FlowControl Request"),
		})
	case f.id != "" && f.out-f.asked >= f.window:
		f.asked += size
	}
}

// flowed is the client's answer.
func (o *consumer) flowed(id string) {
	f := &o.flow
	if f.id != id {
		return
	}
	f.window = min(2*f.window, mostOut)
	f.out = max(0, f.out-f.asked)
	f.id, f.asked = "", 0
	o.wake()
}

// heartbeatOn sets the time of the next heartbeat of one that pushes.
func (o *consumer) heartbeatOn() {
	if o.cfg.Heartbeat > 0 && o.pushes() {
		o.server().timers.set(&o.heartbeat, o.now().Add(o.cfg.Heartbeat))
	}
}

// beat tells the client that it is still there, and where it is.
func (o *consumer) beat() {
	if o.active && !o.stream.leaderless {
		o.stream.js.answer(o.cfg.DeliverSubject, o.heartbeatHeader(), nil)
	}
	o.heartbeatOn()
}

func (o *consumer) heartbeatHeader() []byte {
	lines := []string{
		"Nats-Last-Consumer: " + strconv.FormatUint(o.next.consumer-1, 10),
		"Nats-Last-Stream: " + strconv.FormatUint(o.next.stream-1, 10),
	}
	if o.flow.id != "" {
		lines = append(lines, "Nats-Consumer-Stalled: "+o.flow.id)
	}
	return status("100 Idle Heartbeat", lines...)
}

// pauses sets the end of a pause.
func (o *consumer) pauses() {
	timers := &o.server().timers
	timers.stop(&o.unpause)
	if o.cfg.PauseUntil != nil && o.now().Before(*o.cfg.PauseUntil) {
		timers.set(&o.unpause, *o.cfg.PauseUntil)
	}
}
