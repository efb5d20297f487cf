package pipeline

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline/quota"
)

// Route is where a source submits. Its methods may be called concurrently. Its fields are guarded by the pipeline's
// mutex.
type Route struct {
	cfg      RouteConfig
	pipeline *Pipeline
	cache    *cache
	parts    int64 // How many have its name: 1, but for partitions.

	// What may stop it.
	// Closed while the key may not publish to any of its topics, or all that it sends is rejected.
	gate        gate
	paused      bool      // An operator has paused it.
	closed      bool      // The source submits no more; what it could take back has been returned.
	retiring    bool      // It is to leave by Exchange once it is closed.
	wasPaused   bool      // An operator had paused it when it was closed.
	away        Outcome   // How messages end that come, or would be tried again, since Forget or Yield; 0: they do not.
	forgotten   bool      // The hard stop has forgotten what it had queued.
	haltedSince time.Time // When a gate or an operator stopped it; zero: none has.

	// Quotas and turns.
	pacer  *quota.Pacer // Of a ceiling of its own; nil: none.
	quotas quotas       // Those that it has besides the region's.
	common *common
	turns  uint // Publishes started.
	active bool // It is in the dispatcher's ring of routes.

	// Its lanes.
	lanes     map[string]*lane // By topic.
	mostLanes int              // Since the map was made.
	freeLanes []*lane          // Lanes for reuse.
	ready     ring[*lane]      // Lanes whose first message may start and has not been refused before.
	again     ring[*lane]      // Lanes whose first message may start and has been refused before.

	// Its messages by age, while they are queued.
	oldest, newest *entry

	packing *packing // nil: it packs nothing.
	chain   chain    // Which message came before which.
	latest  latest   // The newest of each topic, where only that is published.

	// Its room.
	counted      holding // What the memory has counted so far.
	messageStake stake
	byteStake    stake
	share        int   // An equal part of the memory, in messages: bounds of what has room of its own are derived
	shareBytes   int64 // from it, and this is the same in bytes.
	maxMessages  int   // How many messages it may hold.
	queued       int   // Messages that wait.
	inFlight     int   // Messages that are being published, or kept as dead letters.
	bytes        int64 // What both count for; see RouteConfig.charge.
	payload      int64 // Their payload.
	transitBytes int64 // What its source's client holds, in bytes.
	waiters      int   // Submit calls that wait for room.

	// What its source knows.
	reserved      int           // Messages that the source has asked for and not submitted yet.
	reservedBytes int64         // Bytes that are set aside for them.
	requests      []reservation // Both, for each request, the oldest first.
	justAsked     bool          // Nothing has come since the newest of them was made.
	window        int64         // How many messages it may ask for at a time,
	windowBytes   int64         // and how many bytes.
	starved       bool          // The source waits to be woken when there is room to reserve.
	hungry        bool          // It does, and the memory knows.
	mayProbe      bool          // The source may ask for one more message to probe a closed gate with.
	wake          chan struct{} // One slot; see Wake.
	transit       atomic.Int64  // What the client is known to hold, as the source says without the mutex.

	// What the endpoint has refused and may accept another time; see suspect.go.
	troubled      int       // Messages that were refused and are to be tried again.
	suspects      int       // Those, and what waits behind them in an ordered topic.
	aside         int       // Those of the suspects that use up no room, because the endpoint accepts others.
	asideUnits    int       // How many attempts it takes to try them all: one for each message, or ordered topic.
	hastenedUntil time.Time // Until then suspects are not brought forward again.
	forbidden     forbidden // Topics that the key may not publish to.
	reopened      time.Time // When the route's gate opened last.
	unstored      unstored  // Messages whose dead letters cannot be stored.

	// What has been counted since the start.
	received    uint64
	redelivered uint64
	settled     Settled
	skipped     uint64 // Those of the dropped that were skipped on purpose.
	attempts    Attempts
	retries     Retries
	ambiguous   uint64 // Attempts.
	published   uint64 // Bytes.
	operations  uint64 // Of what was published.

	publishSeconds  prometheus.Observer
	publishTimes    *publishTimes // Of all routes.
	endToEndSeconds prometheus.Observer
	batchMessages   prometheus.Observer
}

// Submit takes m over. The message ends exactly once, by one call of the route's Settler, which may come before Submit
// returns.
//
// On a returnable route Submit does not block. It uses up one message of what Reserve has set aside, and after Close it
// returns the message at once. On another route Submit blocks while there is no room. Several goroutines may submit to
// one route; the order of their messages is that in which they get the mutex. For a route that drops, see Offer.
func (r *Route) Submit(m Message) { r.Offer(m) }

// Offer is Submit for a route that drops. It never blocks, and reports whether the message was taken over. If there was
// no room for it, it is in no count.
func (r *Route) Offer(m Message) bool {
	p := r.pipeline
	e := entry{payload: m.Payload, came: m.Time, handle: m.Handle, past: &noPast}
	r.cfg.measure(&e, &m)
	if r.packing != nil {
		r.measurePacked(&e, &m)
	}
	marked, besides, topic := r.cfg.marks(&m), 0, uint64(0)
	if marked {
		besides, topic = carried(&m), hashOf(m.Topic)
	}
	p.mu.Lock()
	r.arrived(len(m.Payload) + besides)
	outdated := r.outdated(&m, &e)
	if !outdated && !r.admit(m.Topic, &e, len(m.Payload)+besides) {
		p.d.endTrace(m.Trace, Dropped)
		p.unlock()
		return false
	}
	r.received++
	if m.Redelivered {
		r.redelivered++
	}
	if r.turnsAway() {
		p.d.turnAway(r, m.Handle)
		p.d.endTrace(m.Trace, r.returned())
		p.unlock()
		return true
	}
	if r.cfg.skips(m.Payload) {
		p.d.skip(time.Now(), r, m.Handle)
		p.d.endTrace(m.Trace, Skipped)
		p.unlock()
		return true
	}
	if outdated {
		p.d.leaveOut(r, m.Handle)
		p.d.endTrace(m.Trace, Replaced)
		p.unlock()
		return true
	}
	var now time.Time // Asked for only where it matters.
	if len(p.idle) > 0 || r.cfg.Batch.Linger > 0 {
		now = time.Now()
	}
	if marked {
		r.mark(&e, &m, topic, besides)
	}
	p.d.add(now, r, m.Topic, e)
	var borrowed *slot
	if len(p.idle) > 0 {
		borrowed = p.borrowSlot(now)
	}
	p.unlock()
	if borrowed != nil {
		borrowed.worker.sendFor(borrowed)
	}
	return true
}

// arrived counts a message of so many bytes that has come.
func (r *Route) arrived(size int) {
	r.transitBytes = r.transit.Load()
	if r.reserved > 0 {
		r.unreserve(1, true, int64(size))
	}
}

// admit makes room for a message of so many bytes that has come, or waits for it. It reports whether there is any.
func (r *Route) admit(topic string, e *entry, size int) bool {
	p := r.pipeline
	if p.d.stopped || r.cfg.skips(e.payload) {
		return true
	}
	n := r.cfg.charge(size)
	if r.cfg.Overload == KeepLatest && e.rejection == nil && !r.turnsAway() {
		p.d.replaceOf(r, topic)
	}
	switch {
	case r.cfg.Drops:
		return !r.full(n) || p.d.makeRoomFor(time.Now(), r, n)
	case r.cfg.Overload == DropOldest && r.full(n):
		p.d.makeRoomFor(time.Now(), r, n)
	}
	for !r.cfg.Returnable && r.full(n) && !p.d.stopped {
		r.waiters++
		p.d.waiters++
		p.room.Wait()
		r.waiters--
		p.d.waiters--
	}
	return true
}

// AddTransit says that the source's client holds so many bytes more, or less, that have not been submitted yet. They
// count as used from the next message on. It does not block.
func (r *Route) AddTransit(bytes int64) { r.transit.Add(bytes) }

// Tight reports whether more than half of the memory is in use, so that it is worth looking closely at what the client
// holds. It does not block.
func (r *Route) Tight() bool { return r.memory().tight.Load() }

// turnsAway reports whether a message that comes now is ended at once, because the route or the pipeline is stopping.
func (r *Route) turnsAway() bool { return r.leaving() || r.pipeline.d.stopped }

// Close says that the source submits no more. A returnable route returns at once what it has queued and what may still
// be submitted. Another route publishes what it has, even if it was paused. In both cases, what is in flight runs to
// its end. An ordered route returns the messages of a topic in their order, and those behind one in flight only after
// it.
func (r *Route) Close() {
	p := r.pipeline
	p.mu.Lock()
	r.wasPaused = r.paused || r.wasPaused
	r.closed = true
	p.closing = true
	if r.cfg.Returnable {
		p.d.endQueued(r, false)
		r.memory().forgetHungry(r)
	}
	r.roomChanged()
	if r.paused { // What core NATS has handed over would be lost.
		r.paused = false
		if len(p.idle) > 0 {
			p.pump(time.Now())
		}
	}
	p.room.Broadcast()
	p.checkDrained()
	p.unlock()
}

// Pause stops publishing for the route at once; what is in flight runs to its end. The source is told that publishing
// is halted, so that a stream keeps its messages or takes them back.
func (r *Route) Pause() { r.setPaused(true) }

// Resume lets a paused route go on at once.
func (r *Route) Resume() { r.setPaused(false) }

func (r *Route) setPaused(paused bool) {
	p := r.pipeline
	p.mu.Lock()
	defer p.unlock()
	if r.closed { // Whoever has its place next is.
		r.wasPaused = paused
		return
	}
	r.paused = paused
	now := time.Now()
	p.d.noteHalts(now)
	if len(p.idle) > 0 {
		p.pump(now)
	}
}
