package natsmodel

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ackOf is what the subject of an acknowledgement says.
type ackOf struct {
	stream, consumer string
	seq, number      uint64
}

// parseAck reads the subject of an acknowledgement.
func parseAck(subject string) (a ackOf, ok bool) {
	rest := subject[len(ackPrefix):]
	var words [7]string
	for i := range words {
		var more bool
		words[i], rest, more = strings.Cut(rest, ".")
		if more != (i < len(words)-1) {
			return a, false
		}
	}
	a.stream, a.consumer = words[0], words[1]
	a.seq, _ = strconv.ParseUint(words[3], 10, 63) // What is no number is answered by nothing.
	a.number, _ = strconv.ParseUint(words[4], 10, 63)
	return a, true
}

// acked is an acknowledgement that another leader may not know of.
type acked struct {
	d     delivery
	times uint64 // Delivered again.
	at    time.Time
}

// acknowledge does what an acknowledgement says, and confirms it.
func (o *consumer) acknowledge(a ackOf, m *message) {
	body, confirm := m.data, a.seq > 0
	switch {
	case len(body) == 0, string(body) == "+ACK", string(body) == "+OK":
		confirm = o.done(a, m.reply != "")
	case bytes.HasPrefix(body, []byte("+NXT")):
		o.done(a, false)
		o.ask(m.reply, body[len("+NXT"):])
		return
	case bytes.HasPrefix(body, []byte("-NAK")):
		o.notYet(a, bytes.TrimSpace(body[len("-NAK"):]))
	case string(body) == "+WPI":
		if d := o.pending[a.seq]; d != nil && !o.stream.js.server.loseRenewals {
			d.at = o.now()
		}
	case bytes.HasPrefix(body, []byte("+TERM")):
		confirm = o.done(a, m.reply != "")
	}
	if confirm {
		o.stream.js.answer(m.reply, nil, nil)
	}
}

// done ends a message, and reports whether the answer is to say so.
func (o *consumer) done(a ackOf, kept bool) bool {
	if a.seq >= o.next.stream || a.seq == 0 {
		return false
	}
	if o.cfg.Ack == ackAll {
		o.doneAll(a)
		return true
	}
	d := o.pending[a.seq]
	if d != nil && !kept {
		o.recall(d)
	}
	full := o.full()
	number := a.number
	if d != nil {
		number = d.number
	}
	o.settle(a.seq, number)
	o.stream.acked(a.seq)
	if full {
		o.wake()
	}
	return true
}

// doneAll ends a message and all before it.
func (o *consumer) doneAll(a ackOf) {
	if a.number <= o.floor.consumer || a.seq <= o.floor.stream {
		return
	}
	full := o.full()
	for _, seq := range o.pendingSequences() {
		if seq > a.seq {
			break
		}
		o.pending[seq].ticket = 0
		delete(o.pending, seq)
		delete(o.redelivered, seq)
		o.stream.acked(seq)
	}
	o.floor = sequences{a.number, a.seq}
	o.keptFloor = o.floor
	o.lastAcked = o.now()
	if full {
		o.wake()
	}
}

// recall notes an acknowledgement that is lost if the leader changes at once.
func (o *consumer) recall(d *delivery) {
	lag := o.server().cfg.Lag
	if lag <= 0 {
		return
	}
	now, old := o.now(), 0
	for old < len(o.recent) && now.Sub(o.recent[old].at) > lag {
		old++
	}
	o.recent = slices.Delete(o.recent, 0, old)
	o.recent = append(o.recent, acked{*d, o.redelivered[d.seq], now})
}

// settle takes a message out of those that are not acknowledged.
func (o *consumer) settle(seq, number uint64) {
	o.lastAcked = o.now()
	d := o.pending[seq]
	delete(o.redelivered, seq)
	if d == nil {
		return
	}
	d.ticket = 0
	delete(o.pending, seq)
	o.moveFloor(number, seq)
	switch {
	case len(o.pending) == 0:
		o.keptFloor = o.delivered
	case number == o.keptFloor.consumer+1:
		o.keptFloor = o.above(number, seq, o.delivered.stream+1)
	}
}

// moveFloor moves the floor up over what is acknowledged without a gap.
func (o *consumer) moveFloor(number, seq uint64) {
	switch {
	case len(o.pending) == 0:
		o.floor = sequences{o.next.consumer - 1, o.next.stream - 1}
	case number == o.floor.consumer+1:
		o.floor = o.above(number, seq, o.next.stream)
	}
}

// above is the floor once a message next above it is acknowledged.
func (o *consumer) above(number, seq, end uint64) sequences {
	for s := seq + 1; s < end; s++ {
		if d := o.pending[s]; d != nil {
			return sequences{d.number - 1, s - 1}
		}
	}
	return sequences{number, seq}
}

// notYet has a message delivered again, at once or after a delay.
func (o *consumer) notYet(a ackOf, arg []byte) {
	d := o.pending[a.seq]
	if d == nil || a.number <= o.floor.consumer || a.number > o.next.consumer {
		return
	}
	if delay, ok := delayOf(arg); ok {
		d.ticket = 0
		d.at = o.now().Add(delay - o.cfg.AckWait)
		if o.acks.index > 0 {
			o.server().timers.set(&o.acks, o.now().Add(10*time.Millisecond))
		}
		return
	}
	o.queue(d)
	o.wake()
}

// delayOf reads how long a message is to wait.
func delayOf(arg []byte) (time.Duration, bool) {
	if len(arg) == 0 {
		return 0, false
	}
	if arg[0] == '{' {
		var body struct {
			Delay time.Duration `json:"delay"`
		}
		err := json.Unmarshal(arg, &body)
		return body.Delay, err == nil
	}
	d, err := time.ParseDuration(string(arg))
	return d, err == nil
}

// checkPending queues what has not been acknowledged in time, and sets the time for the next look.
func (o *consumer) checkPending() {
	now := o.now()
	if len(o.pending) == 0 {
		o.again = nil
		o.floor = sequences{o.next.consumer - 1, o.next.stream - 1}
		return
	}
	next := o.cfg.AckWait + ackDelay
	if n := len(o.cfg.BackOff); n > 0 {
		next = o.cfg.BackOff[n-1]
	}
	var late []uint64
	for seq, d := range o.pending { // In any order: what is late is sorted below.
		wait := o.cfg.AckWait
		if n := len(o.cfg.BackOff); n > 0 {
			times := int(o.redelivered[seq])
			wait = o.cfg.BackOff[min(times, n-1)]
			next = min(next, o.cfg.BackOff[min(times+1, n-1)])
		}
		switch left := wait - now.Sub(d.at); {
		case left > 0:
			next = min(next, left)
		case d.ticket == 0:
			late = append(late, seq)
		}
	}
	o.tooLate(late, now)
	if len(o.pending) > 0 {
		o.server().timers.set(&o.acks, now.Add(next))
	}
}

// tooLate queues messages in the order of the stream. One that may be delivered but once is given up; others are when
// their turn has come.
func (o *consumer) tooLate(late []uint64, now time.Time) {
	slices.Sort(late)
	late = slices.DeleteFunc(late, func(seq uint64) bool {
		times := max(o.redelivered[seq], 1)
		if o.cfg.MaxDeliver <= 0 || times < uint64(o.cfg.MaxDeliver) {
			return false
		}
		if o.full() {
			o.wake()
		}
		o.giveUp(o.pending[seq])
		o.redelivered[seq] = times
		return true
	})
	if len(late) == 0 {
		return
	}
	shift := now.Sub(o.pending[late[0]].at)
	for _, seq := range late {
		d := o.pending[seq]
		d.at = d.at.Add(shift)
		o.queue(d)
	}
	o.wake()
}
