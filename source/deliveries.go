package source

import (
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// delivery is a message that the server waits to be told about. It is the pipeline's handle.
type delivery struct {
	original

	reply      string    // Where the server is told.
	sequence   uint64    // In the stream.
	due        time.Time // When it is to be renewed.
	prev, next *delivery
}

// deliveries are the outstanding deliveries of one consumer, those that are due first in front: all are renewed at
// the same interval, so a queue is all that the wheel needs. Its methods may be called concurrently. Deliveries are
// reused.
type deliveries struct {
	mu          sync.Mutex
	first, last *delivery
	n           int
	settled     uint64 // Removed so far.
	free        *delivery
	highest     uint64 // Of the sequences noted so far: what is not above it may be known.

	// What is held, and nil for what has ended for good: of the sequences up to knownUpTo, once know has been called.
	known     map[uint64]*delivery
	knownUpTo uint64
	again     bool // One that has ended came once more.
}

// add notes a delivery that is due at a time not before those noted already. It returns nil for a message that is
// known from before: it must not be published twice. One that is held is acknowledged in the name of the new
// delivery; one that has ended for good is to be acknowledged once more.
func (q *deliveries) add(m *nats.Msg, sequence uint64, due time.Time) (d *delivery, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if sequence > q.highest {
		q.highest = sequence
	} else if held, known := q.find(sequence); known {
		if held != nil {
			held.reply = m.Reply
			return nil, false
		}
		q.again = true
		return nil, true
	}
	d = q.free
	if d == nil {
		d = &delivery{}
	} else {
		q.free = d.next
	}
	d.original, d.reply, d.sequence, d.due = original{subject: m.Subject, header: m.Header}, m.Reply, sequence, due
	q.append(d)
	if q.known != nil && sequence <= q.knownUpTo {
		q.known[sequence] = d
	}
	return d, false
}

// remove forgets a delivery, which must not be used any more, and whose message has ended for good or is handed back.
// It returns where the server is told, and whether it was the last one outstanding.
func (q *deliveries) remove(d *delivery, forGood bool) (reply string, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unlink(d)
	q.settled++
	if d.sequence <= q.knownUpTo {
		delete(q.known, d.sequence)
		if forGood && d.sequence > 0 {
			q.known[d.sequence] = nil
		}
	}
	reply = d.reply
	*d = delivery{next: q.free}
	q.free = d
	return reply, q.n == 0
}

// find returns the delivery of a message, nil if it has ended for good, and whether the message is known.
func (q *deliveries) find(sequence uint64) (*delivery, bool) {
	if sequence == 0 {
		return nil, false
	}
	if sequence <= q.knownUpTo {
		d, known := q.known[sequence]
		return d, known
	}
	for d := q.first; d != nil; d = d.next {
		if d.sequence == sequence {
			return d, true
		}
	}
	return nil, false
}

// know remembers from now on what has ended for good, until keep says that it is of no interest any more. What has
// ended before is told by the reply subjects of acknowledgements.
func (q *deliveries) know(acknowledged []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.known == nil {
		q.known = make(map[uint64]*delivery, q.n+len(acknowledged))
	}
	for _, reply := range acknowledged {
		if meta, ok := parseReply(reply); ok {
			q.known[meta.sequence] = nil
		}
	}
	for d := q.first; d != nil; d = d.next {
		q.known[d.sequence] = d
	}
	q.knownUpTo = math.MaxUint64
}

// knows reports whether what has ended is remembered from now on.
func (q *deliveries) knows() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.known != nil && q.knownUpTo == math.MaxUint64
}

// endedCame reports whether something that has ended came once more since it was asked last.
func (q *deliveries) endedCame() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	again := q.again
	q.again = false
	return again
}

// keep says that only what has been noted so far is of interest.
func (q *deliveries) keep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.knownUpTo = min(q.knownUpTo, q.highest)
}

// forgetEnded says that nothing is.
func (q *deliveries) forgetEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.known, q.knownUpTo = nil, 0
}

// within returns how many messages are held of the sequences above floor and up to another.
func (q *deliveries) within(floor, upTo uint64) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for d := q.first; d != nil; d = d.next {
		if d.sequence > floor && d.sequence <= upTo {
			n++
		}
	}
	return n
}

// unknown appends up to limit sequences that are neither held nor ended, from one up to another, and returns where to
// go on. It is only right after know.
func (q *deliveries) unknown(from, upTo uint64, limit int, buf []uint64) ([]uint64, uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ; from <= upTo && len(buf) < limit; from++ {
		if _, known := q.known[from]; !known {
			buf = append(buf, from)
		}
	}
	return buf, from
}

// forget makes that what is held is not known again: the stream's sequences may mean other messages by now.
func (q *deliveries) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for d := q.first; d != nil; d = d.next {
		d.sequence = 0
	}
	q.highest, q.known, q.knownUpTo = 0, nil, 0
}

// due puts the deliveries that are due at now back until then, and returns the reply subjects to renew them with,
// appended to buf: so many that a crowd is renewed in spread, over a time that is a share of all.
func (q *deliveries) due(now, then time.Time, share float64, buf []string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	for most := max(leastRenewals, int(float64(q.n)*share)); most > 0 && q.first != nil &&
		!q.first.due.After(now); most-- {
		d := q.first
		q.unlink(d)
		d.due = then
		q.append(d)
		buf = append(buf, d.reply)
	}
	return buf
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
