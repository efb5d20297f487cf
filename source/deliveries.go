package source

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// delivery is a message that the server waits to be told about. It is the pipeline's handle.
type delivery struct {
	msg        *nats.Msg
	sequence   uint64    // In the stream.
	due        time.Time // When it is to be renewed.
	prev, next *delivery
}

// deliveries are the outstanding deliveries of one consumer, those that are due first in front: all are renewed at the same interval, so
// a queue is all that the wheel needs. Its methods may be called concurrently. Deliveries are reused.
type deliveries struct {
	mu          sync.Mutex
	first, last *delivery
	n           int
	settled     uint64 // Removed so far.
	free        *delivery
}

// add notes a delivery that is due at a time not before those noted already.
func (q *deliveries) add(m *nats.Msg, sequence uint64, due time.Time) *delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.free
	if d == nil {
		d = &delivery{}
	} else {
		q.free = d.next
	}
	d.msg, d.sequence, d.due = m, sequence, due
	q.append(d)
	return d
}

// remove forgets a delivery, which must not be used any more. It returns its message, and whether it was the last one outstanding.
func (q *deliveries) remove(d *delivery) (m *nats.Msg, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unlink(d)
	q.settled++
	m = d.msg
	*d = delivery{next: q.free}
	q.free = d
	return m, q.n == 0
}

// due puts the deliveries that are due at now back until then, and returns the reply subjects to renew them with, appended to buf: so many
// that a crowd is renewed in spread, over a time that is a share of all.
func (q *deliveries) due(now, then time.Time, share float64, buf []string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	for most := max(leastRenewals, int(float64(q.n)*share)); most > 0 && q.first != nil && !q.first.due.After(now); most-- {
		d := q.first
		q.unlink(d)
		d.due = then
		q.append(d)
		buf = append(buf, d.msg.Reply)
	}
	return buf
}

// renewed reports whether a message that is delivered again is still held from before, as after an outage that was longer than AckWait. It
// must not be published twice; the held one is acknowledged in the name of the new delivery.
func (q *deliveries) renewed(sequence uint64, m *nats.Msg) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for d := q.first; d != nil; d = d.next {
		if d.sequence == sequence {
			d.msg = m
			return true
		}
	}
	return false
}

// leastRenewals are not worth spreading.
const leastRenewals = 16

// count returns how many deliveries are outstanding, and how many were removed so far.
func (q *deliveries) count() (outstanding int, settled uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n, q.settled
}

func (q *deliveries) append(d *delivery) {
	d.prev, d.next = q.last, nil
	if q.last == nil {
		q.first = d
	} else {
		q.last.next = d
	}
	q.last = d
	q.n++
}

func (q *deliveries) unlink(d *delivery) {
	if d.prev == nil {
		q.first = d.next
	} else {
		d.prev.next = d.next
	}
	if d.next == nil {
		q.last = d.prev
	} else {
		d.next.prev = d.prev
	}
	d.prev, d.next = nil, nil
	q.n--
}
