package natsmodel

import (
	"strconv"
	"time"
)

// run delivers what there is to whoever is there to take it.
func (o *consumer) run() {
	if o.gone || o.stream.leaderless {
		return
	}
	full := false
	for o.mayDeliver() {
		var m *stored
		var times uint64
		if m, times, full = o.take(); m == nil {
			break
		}
		if times == 1 {
			o.pendingCount--
		}
		reply := o.replySubject(m, times)
		size := len(m.subject) + len(reply) + len(m.header) + len(m.data)
		to, p := o.cfg.DeliverSubject, (*pull)(nil)
		if !o.pushes() {
			if p = o.choose(size); p == nil {
				o.putBack(m, times)
				break
			}
			to = p.reply
		}
		o.deliver(m, to, reply, size)
		if p != nil && p.left <= 0 && p.bytes > 0 {
			o.tell(to, "409 Batch Completed", p)
		}
	}
	if !o.pushes() {
		o.expirePulls(!full)
		o.watchPulls()
	}
}

// mayDeliver reports whether somebody is there to take something.
func (o *consumer) mayDeliver() bool {
	if o.cfg.PauseUntil != nil && o.now().Before(*o.cfg.PauseUntil) {
		return false
	}
	if o.pushes() {
		return o.active && !o.flow.stalled()
	}
	return len(o.pulls) > 0
}

// take returns the next message and how often it has been delivered with this time; no message: there is none, or as
// many are delivered and not acknowledged as may be.
func (o *consumer) take() (m *stored, times uint64, full bool) {
	if m, times = o.takeAgain(); m != nil {
		return m, times, false
	}
	if o.full() {
		return nil, 0, true
	}
	if len(o.last) > 0 {
		return o.takeLast(), 1, false
	}
	m = o.stream.store.next(o.next.stream, o.filters)
	if m == nil {
		o.next.stream = max(o.next.stream, o.stream.store.last+1)
		return nil, 0, false
	}
	o.next.stream = m.seq + 1
	return m, 1, false
}

// takeLast returns the next of the last messages of their subjects.
func (o *consumer) takeLast() *stored {
	seq := o.last[0]
	o.last = o.last[1:]
	o.next.stream = seq + 1
	if len(o.last) == 0 {
		o.next.stream = o.resume + 1
	}
	return o.stream.store.get(seq)
}

// takeAgain returns the next message that is to be delivered again.
func (o *consumer) takeAgain() (*stored, uint64) {
	for len(o.again) > 0 {
		r := o.again[0]
		o.again = o.again[1:]
		if r.d.ticket != r.ticket {
			continue
		}
		r.d.ticket = 0
		o.redelivered[r.d.seq]++
		times := o.redelivered[r.d.seq] + 1
		if o.cfg.MaxDeliver > 0 && times > uint64(o.cfg.MaxDeliver) {
			o.giveUp(r.d)
			continue
		}
		if m := o.stream.store.get(r.d.seq); m != nil {
			return m, times
		}
		o.fewer(r.d.seq)
		o.lost(r.d)
	}
	o.again = nil
	return nil, 0
}

// giveUp ends a message that was delivered as often as it may be.
func (o *consumer) giveUp(d *delivery) {
	delete(o.pending, d.seq)
	o.moveFloor(d.number, d.seq)
}

// fewer takes back that a message was delivered again.
func (o *consumer) fewer(seq uint64) {
	if n := o.redelivered[seq]; n > 1 {
		o.redelivered[seq] = n - 1
	} else {
		delete(o.redelivered, seq)
	}
}

// putBack takes back that a message was taken: nobody is there for it.
func (o *consumer) putBack(m *stored, times uint64) {
	if times == 1 && m.seq == o.next.stream-1 {
		o.next.stream--
		o.pendingCount++
		return
	}
	o.fewer(m.seq)
	if d := o.pending[m.seq]; d != nil {
		o.queue(d)
	}
}

// queue has a message delivered again after all others that are.
func (o *consumer) queue(d *delivery) {
	if d.ticket > 0 {
		return
	}
	o.tickets++
	d.ticket = o.tickets
	o.again = append(o.again, redelivery{d, d.ticket})
}

// deliver sends a message.
func (o *consumer) deliver(m *stored, to, reply string, size int) {
	number := o.next.consumer
	o.next.consumer++
	now := o.now()
	o.lastSent = now
	o.delivered.consumer = number
	o.delivered.stream = max(o.delivered.stream, m.seq)
	if o.cfg.Ack == ackNone {
		o.floor = sequences{number, m.seq}
		o.keptFloor = o.floor
	} else {
		o.track(m.seq, number, now)
	}
	out := message{subject: to, deliveredAs: m.subject, reply: reply, header: m.header, data: m.data}
	if o.cfg.HeadersOnly {
		out.header, out.data = withSize(m), nil
	}
	o.server().deliver(nil, &out)
	o.asked = now
	if o.pushes() {
		o.sent(size)
	}
	if o.cfg.Ack == ackNone {
		o.stream.acked(m.seq)
	}
}

// withSize is a message's header with the size of the payload that is not sent.
func withSize(m *stored) []byte {
	h := []byte("NATS/1.0\r\n")
	if len(m.header) > 0 {
		h = append([]byte(nil), m.header[:len(m.header)-2]...)
	}
	h = append(h, "Nats-Msg-Size: "...)
	return append(strconv.AppendInt(h, int64(len(m.data)), 10), "\r\n\r\n"...)
}

// track notes that a message is to be acknowledged.
func (o *consumer) track(seq, number uint64, now time.Time) {
	if d := o.pending[seq]; d != nil {
		d.at = now
	} else {
		o.pending[seq] = &delivery{seq: seq, number: number, at: now}
	}
	wait := o.cfg.AckWait
	if n := len(o.cfg.BackOff); n > 0 {
		wait = o.cfg.BackOff[min(int(o.redelivered[seq]), n-1)]
	}
	if at := now.Add(wait + ackDelay); o.acks.index == 0 || o.acks.at.After(at) {
		o.server().timers.set(&o.acks, at)
	}
}

// ackDelay is how much later than at its first end the server looks, so that several end together.
const ackDelay = time.Millisecond

// replySubject says where a delivery is acknowledged, and what it is.
func (o *consumer) replySubject(m *stored, times uint64) string {
	b := make([]byte, 0, 96)
	b = append(b, ackPrefix...)
	b = append(append(b, o.stream.cfg.Name...), '.')
	b = append(append(b, o.name...), '.')
	b = append(strconv.AppendUint(b, times, 10), '.')
	b = append(strconv.AppendUint(b, m.seq, 10), '.')
	b = append(strconv.AppendUint(b, o.next.consumer, 10), '.')
	b = append(strconv.AppendInt(b, m.at.UnixNano(), 10), '.')
	return string(strconv.AppendUint(b, o.pendingCount, 10))
}
