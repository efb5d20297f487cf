package natsmodel

import (
	"slices"
	"time"
)

// sequences are a place by the consumer's count and by the stream's.
type sequences struct{ consumer, stream uint64 }

// delivery is a message that has been delivered and not been acknowledged.
type delivery struct {
	seq    uint64
	number uint64 // The consumer's, of the first delivery.
	at     time.Time
	ticket uint64 // Its place among those to be delivered again; 0: it is not among them.
}

// consumer is one consumer, whether it pushes or is asked.
type consumer struct {
	stream  *stream
	name    string
	cfg     consumerConfig
	created time.Time
	filters []string
	gone    bool
	awake   bool // It is in the list of those that may have something to deliver.

	next         sequences // Of the next delivery.
	floor        sequences // Everything up to here is acknowledged,
	keptFloor    sequences // also as it is written down, and
	delivered    sequences // what was delivered last, as it is written down.
	pendingCount uint64    // Messages that are not delivered yet.
	last         []uint64  // deliver_policy last_per_subject: what is delivered first,
	resume       uint64    // and where it goes on.

	pending     map[uint64]*delivery
	redelivered map[uint64]uint64 // How often each was delivered again.
	again       []redelivery      // To be delivered again, in this order.
	tickets     uint64
	acks        timer // When it looks for deliveries that took too long.
	recent      []acked

	pulls       []*pull
	pullTimer   timer
	asked       time.Time // When somebody was there last.
	inactive    timer
	inactiveFor time.Duration

	active    bool // It pushes, and somebody listens.
	heartbeat timer
	unpause   timer
	flow      flow
	lastSent  time.Time
	lastAcked time.Time
}

// redelivery is a place in the queue of those to be delivered again: it counts while the delivery has the same ticket.
type redelivery struct {
	d      *delivery
	ticket uint64
}

func (s *stream) newConsumer(cfg *consumerConfig) *consumer {
	server := s.js.server
	o := &consumer{
		stream: s, name: cfg.Name, cfg: *cfg, created: server.now, filters: cfg.filters(), asked: server.now,
		pending: map[uint64]*delivery{}, redelivered: map[uint64]uint64{},
	}
	o.acks.due, o.pullTimer.due, o.inactive.due = o.checkPending, o.pullsDue, o.checkInactive
	o.heartbeat.due, o.unpause.due = o.beat, o.wake
	o.start()
	at, _ := s.find(o.name)
	s.consumers = slices.Insert(s.consumers, at, o)
	if o.pushes() {
		s.pushes = append(s.pushes, o)
		o.flow.start()
		o.heartbeatOn()
	}
	o.inactivity()
	o.look()
	o.pauses()
	o.wake()
	return o
}

func (o *consumer) server() *Server { return o.stream.js.server }

func (o *consumer) now() time.Time { return o.stream.js.server.now }

func (o *consumer) pushes() bool { return o.cfg.DeliverSubject != "" }

// inMemory reports whether it is lost when its server stops.
func (o *consumer) inMemory() bool {
	return o.cfg.MemoryStorage || o.stream.cfg.Storage == memoryStorage
}

// wake has it look for something to deliver.
func (o *consumer) wake() {
	if !o.awake && !o.gone {
		o.awake = true
		o.stream.js.woken = append(o.stream.js.woken, o)
	}
}

// needs reports whether a message is still to be acknowledged by it.
func (o *consumer) needs(m *stored) bool {
	if len(o.filters) > 0 && !anyMatches(o.filters, m.subject) {
		return false
	}
	if m.seq > o.floor.stream {
		if o.cfg.Ack != ackExplicit || m.seq >= o.next.stream {
			return true
		}
		if _, ok := o.pending[m.seq]; ok {
			return true
		}
	}
	_, ok := o.redelivered[m.seq] // It was delivered as often as it may be.
	return ok
}

// removed is told of a message that its stream has no more.
func (o *consumer) removed(m *stored) {
	if m.seq >= o.next.stream && anyMatches(o.filters, m.subject) {
		o.pendingCount--
	}
	if d := o.pending[m.seq]; d != nil {
		o.lost(d)
		return
	}
	delete(o.redelivered, m.seq)
}

// lost ends a delivery whose message there is no more, as if it were acknowledged.
func (o *consumer) lost(d *delivery) {
	if o.cfg.Ack == ackAll {
		o.doneAll(ackOf{seq: d.seq, number: d.number})
		return
	}
	full := o.full()
	o.settle(d.seq, d.number)
	if full {
		o.wake()
	}
}

// full reports whether as many messages are delivered and not acknowledged as may be.
func (o *consumer) full() bool {
	return o.cfg.MaxAckPending > 0 && o.cfg.Ack != ackNone && len(o.pending) >= o.cfg.MaxAckPending
}

func (o *consumer) pendingSequences() []uint64 {
	all := make([]uint64, 0, len(o.pending))
	for seq := range o.pending {
		all = append(all, seq)
	}
	slices.Sort(all)
	return all
}

// delete takes a consumer away. Those who wait are told why; empty: they are told nothing.
func (o *consumer) delete(why string) {
	if why != "" {
		o.release(why, false)
	}
	o.gone = true
	timers := &o.server().timers
	for _, t := range []*timer{&o.acks, &o.pullTimer, &o.inactive, &o.heartbeat, &o.unpause} {
		timers.stop(t)
	}
	s := o.stream
	at, _ := s.find(o.name)
	s.consumers = slices.Delete(s.consumers, at, at+1)
	s.pushes = slices.DeleteFunc(s.pushes, func(p *consumer) bool { return p == o })
	if s.cfg.Retention == interestRetention {
		s.unwanted()
	}
}

// unwanted removes what no consumer needs any more.
func (s *stream) unwanted() {
	for _, e := range slices.Clone(s.store.entries[s.store.head:]) {
		if e.m != nil && !slices.ContainsFunc(s.consumers, func(o *consumer) bool { return o.needs(e.m) }) {
			s.remove(e.seq)
		}
	}
	if len(s.consumers) == 0 {
		s.store.first = s.store.last + 1
	}
}
