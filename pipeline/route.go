package pipeline

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline/quota"
)

// RouteConfig is one route as the pipeline sees it.
type RouteConfig struct {
	Name  string
	Cache string
	// Ordered keeps at most one publish in flight for each topic.
	Ordered bool
	// AtMostOnce drops a message whose outcome is unclear, rather than sending it twice.
	AtMostOnce bool
	// Text publishes strings rather than bytes.
	Text bool
	// MaxPayload is in bytes. A larger message is rejected without a request.
	MaxPayload int
	// Batch puts several messages into one publish.
	Batch BatchConfig
	// Overload says what becomes of messages that come faster than they go.
	Overload Overload
	// MaxAge is how old a message may be when its publish starts; 0: as old as it likes.
	MaxAge time.Duration
	// Empty says what becomes of messages without bytes.
	Empty Empty
	// BelieveRejections says that no rejection costs anything, so that each is believed, however many come in a row.
	BelieveRejections bool
	// GiveUpAfter is for how long the endpoint may fail a message (5xx, no answer) while it accepts others of the
	// cache, before it becomes a dead letter; 0: for ever.
	GiveUpAfter time.Duration
	// GiveUpForbidden is for how long the key may be refused for a topic while others are accepted, before its
	// messages become dead letters; 0: for ever.
	GiveUpForbidden time.Duration
	// Subscribers is how many are expected on each topic, where operations are counted.
	Subscribers int
	// Returnable says that NATS delivers a message again that is settled as Returned, and only what was asked for:
	// the source reserves room first, see Reserve.
	Returnable bool
	// Settler is told how each message ended; nil: nobody asks.
	Settler Settler
	// DeadLetters keeps rejected messages; nil: they are dropped.
	DeadLetters DeadLetters
}

// Overload says what becomes of messages that come faster than they go.
type Overload uint8

// What can become of them.
const (
	// Block keeps them where they are: a stream is not asked for more, and core NATS drops, and counts, what its client cannot hold.
	Block Overload = iota
	// DropOldest drops the oldest queued message of the route for one that has no room.
	DropOldest
	// KeepLatest drops a queued message of a topic for a newer one.
	KeepLatest
)

// Empty says what becomes of messages without bytes, such as the delete markers of a key-value bucket.
type Empty uint8

// What can become of them.
const (
	// EmptyPublished publishes them like any other.
	EmptyPublished Empty = iota
	// EmptySkipped passes them over: they count as dropped, and their source is told Skipped.
	EmptySkipped
	// EmptyRejected takes them for messages that can never be published.
	EmptyRejected
)

// Route is where a source submits. Its fields are guarded by the pipeline's mutex.
type Route struct {
	cfg         RouteConfig
	pipeline    *Pipeline
	cache       *cache
	gate        gate         // Closed while the key may not publish to any of its topics, as far as is known.
	paused      bool         // By the operator.
	pacer       *quota.Pacer // Of a ceiling of its own; nil: none.
	quotas      quotas       // Besides the region's.
	weight      float64
	credit      float64 // What it may still publish in its turn.
	share       int     // The route's share of the queue, in messages.
	maxMessages int     // What it may hold of that.
	maxBytes    int64

	publishSeconds  prometheus.Observer
	endToEndSeconds prometheus.Observer
	batchMessages   prometheus.Observer

	lanes     map[string]*lane
	freeLanes *lane       // Lanes that may be used again.
	ready     ring[*lane] // The lanes that may publish, in turn:
	again     ring[*lane] // those whose first message has been refused before are in this one.
	turns     uint        // Publishes started.
	active    bool        // It is in the dispatcher's ring of routes.

	oldest, newest *entry // Queued, by age; kept only where messages may be dropped for it.

	closed      bool // The source submits no more; what it could take back has been returned.
	queued      int
	bytes       int64
	inFlight    int
	haltedSince time.Time     // When a gate closed that halts it; zero: none is closed.
	waiters     int           // Submit calls that wait for room.
	reserved    int           // Messages that the source has asked for and not submitted yet.
	mayProbe    bool          // It may ask for one more message to probe with.
	starved     bool          // The source waits to be woken when there is room to reserve.
	wake        chan struct{} // One slot, see Wake.

	received      uint64
	settled       [len(Outcomes) + 1]uint64
	attempts      [resultCount]uint64
	retries       [retryReasonCount]uint64
	redelivered   uint64
	skipped       uint64 // Of those that are settled as Dropped.
	ambiguous     uint64
	published     uint64 // Bytes.
	operations    uint64
	forbidden     int       // Lanes whose gate is closed.
	rejections    int       // Messages rejected by the endpoint since something was accepted.
	reopened      time.Time // When the route's gate opened last.
	refusals      int       // Topics that turned out to be forbidden since something was accepted.
	troubled      int       // Messages that were refused and may be tried again.
	suspects      int       // Those, and what waits behind them for the sake of order.
	aside         int       // What of that uses up no room, as others are accepted,
	asideUnits    int       // and in how many attempts that is tried: one for each message, or topic.
	hastenedUntil time.Time // Until when what was put aside is not brought forward again.
	unstored      unstored
}

// Submit takes m over. The message ends exactly once, by a call of the route's Settler. On a returnable route it uses
// up one message of what Reserve set aside and does not block; after Close it is returned at once, possibly before
// Submit returns. On another route Submit blocks while the route's share of the queue is full. Several goroutines may
// submit to one route; their messages are then ordered as they get in.
func (r *Route) Submit(m Message) {
	p := r.pipeline
	e := entry{Message: m}
	r.cfg.measure(&e)
	p.mu.Lock()
	r.reserved = max(0, r.reserved-1)
	if r.cfg.Overload == DropOldest && r.full(len(m.Payload)) {
		p.d.makeRoom(time.Now(), r, len(m.Payload))
	}
	for !r.cfg.Returnable && r.full(len(m.Payload)) && !p.d.stopped {
		r.waiters++
		p.room.Wait()
		r.waiters--
	}
	r.received++
	if m.Redelivered {
		r.redelivered++
	}
	if r.turnsAway() {
		p.d.turnAway(r, m.Handle)
		p.unlock()
		return
	}
	if r.cfg.skips(&m) {
		p.d.skip(time.Now(), r, m.Handle)
		p.unlock()
		return
	}
	var now time.Time // Asked for only where it matters.
	if len(p.idle) > 0 || r.cfg.Batch.Linger > 0 {
		now = time.Now()
	}
	p.d.add(now, r, e)
	var lent *slot
	if len(p.idle) > 0 {
		lent = p.borrowSlot(now)
	}
	p.unlock()
	if lent != nil {
		lent.worker.sendFor(lent)
	}
}

// turnsAway reports whether a message that comes now is not taken up any more.
func (r *Route) turnsAway() bool { return r.closed && r.cfg.Returnable || r.pipeline.d.stopped }

// measure sets the size of a message in a batch. A message that alone exceeds what the endpoint takes, or can be in
// no batch, is rejected by itself.
func (c *RouteConfig) measure(e *entry) {
	if c.rejectEmpty(e) {
		return
	}
	if len(e.Payload) > c.MaxPayload {
		e.rejection = tooLarge(c, len(e.Payload), c.MaxPayload, "max_payload")
		return
	}
	framing := c.Batch.Framing
	if framing == nil {
		return
	}
	size, err := framing.Size(e.Payload)
	switch {
	case err != nil:
		e.rejection = &Rejection{Reason: "not_framed", Detail: err.Error(), Route: c.Name}
	case size+framing.Overhead() > c.Batch.MaxBytes:
		e.rejection = tooLarge(c, size+framing.Overhead(), c.Batch.MaxBytes, "batch.max_bytes")
	default:
		e.size = size
	}
}

// reasonEmpty is the reason of their rejection.
const reasonEmpty = "empty"

// rejectEmpty rejects a message without bytes where that is wished for, and reports whether it did.
func (c *RouteConfig) rejectEmpty(e *entry) bool {
	if len(e.Payload) > 0 || c.Empty != EmptyRejected {
		return false
	}
	e.rejection = &Rejection{Reason: reasonEmpty, Detail: "the message has no bytes", Route: c.Name}
	return true
}

func tooLarge(c *RouteConfig, n, limit int, name string) *Rejection {
	return &Rejection{Reason: "too_large", Detail: fmt.Sprintf("%d bytes, the route's %s is %d", n, name, limit), Route: c.Name}
}

// skips reports whether a message is passed over.
func (c *RouteConfig) skips(m *Message) bool { return len(m.Payload) == 0 && c.Empty == EmptySkipped }

// Close says that the source submits no more. A returnable route returns what it has queued at once, and whatever may
// still be submitted; another one publishes what it has, also if it was paused. What is in flight is finished in both
// cases. With order, messages are returned in the order of their topics, so that one in flight holds back those
// behind it.
func (r *Route) Close() {
	p := r.pipeline
	p.mu.Lock()
	r.closed = true
	p.closing = true
	if r.cfg.Returnable {
		p.d.endQueued(r, false)
	}
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

// Pause stops publishing for the route at once; what is in flight is finished. Its source is told that publishing is halted: a stream keeps, or
// takes back, its messages.
func (r *Route) Pause() { r.setPaused(true) }

// Resume lets a paused route go on at once.
func (r *Route) Resume() { r.setPaused(false) }

func (r *Route) setPaused(paused bool) {
	p := r.pipeline
	p.mu.Lock()
	defer p.unlock()
	r.paused = paused
	now := time.Now()
	p.d.noteHalts(now)
	if len(p.idle) > 0 {
		p.pump(now)
	}
}
