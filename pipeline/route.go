package pipeline

import (
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

// Route is where a source submits. Its fields are guarded by the pipeline's mutex.
type Route struct {
	cfg      RouteConfig
	pipeline *Pipeline
	cache    *cache
	gate     gate         // Closed while the key may not publish to any of its topics, as far as is known.
	paused   bool         // By the operator.
	pacer    *quota.Pacer // Of a ceiling of its own; nil: none.
	quotas   quotas       // Besides the region's.
	weight   float64
	credit   float64 // What it may still publish in its turn.
	share    int     // The route's share of the queue, in messages.
	limit    int     // What it may hold of that.
	maxBytes int64

	publishSeconds  prometheus.Observer
	endToEndSeconds prometheus.Observer
	batchMessages   prometheus.Observer

	lanes  map[string]*lane
	spare  *lane       // Lanes that may be used again.
	ready  ring[*lane] // The lanes that may publish, in turn:
	again  ring[*lane] // those whose first message has been refused before are in this one.
	turns  uint        // Publishes started.
	active bool        // It is in the dispatcher's ring of routes.

	oldest, newest *entry // Queued, by age; kept only where messages may be dropped for it.

	closed      bool // The source submits no more; what it could take back has been returned.
	queued      int
	bytes       int64
	inFlight    int
	haltedSince time.Time     // When a gate closed that halts it; zero: none is closed.
	waiters     int           // Submit calls that wait for room.
	reserved    int           // Messages that the source has asked for and not submitted yet.
	credited    bool          // It may ask for one more message to probe with.
	starved     bool          // The source waits to be woken when there is room to reserve.
	wake        chan struct{} // One slot, see Wake.

	received    uint64
	settled     [len(Outcomes) + 1]uint64
	attempts    [resultCount]uint64
	retries     [retryReasonCount]uint64
	redelivered uint64
	skipped     uint64 // Of those that are settled as Dropped.
	ambiguous   uint64
	published   uint64 // Bytes.
	operations  uint64
	forbidden   int       // Lanes whose gate is closed.
	rejections  int       // Messages rejected by the endpoint since something was accepted.
	reopened    time.Time // When the route's gate opened last.
	refusals    int       // Topics that turned out to be forbidden since something was accepted.
	troubled    int       // Messages that were refused and may be tried again.
	stuck       int       // Those, and what waits behind them for the sake of order.
	aside       int       // What of that uses up no room, as others are accepted,
	asideUnits  int       // and in how many attempts that is tried: one for each message, or topic.
	mendedAt    time.Time // Until when what was put aside is not brought forward again.
	parked      parked
}

// full reports whether a message of n bytes has no room. An empty route takes any message, so that none waits for ever.
func (r *Route) full(n int) bool {
	return r.holding() > 0 && (r.counted() >= r.most() || r.load()+int64(n) > r.mostLoad())
}

// roomy reports whether it is worth waking those who wait for room: not for every single message.
func (r *Route) roomy() bool {
	most, load := r.most(), r.mostLoad()
	return r.counted() <= most-max(1, most/8) && r.load() <= load-load/8
}

// left is the number of messages that have not ended.
func (r *Route) left() int { return r.queued + r.inFlight }

// counted is the number of messages that use up room. What is put aside does not, up to a bound: it may be there for
// long.
func (r *Route) counted() int { return r.holding() - min(r.aside, r.mostAside()) }

// mostAside is how many messages may be put aside.
func (r *Route) mostAside() int { return r.share / 2 }

// retryReason says why a message is tried again.
type retryReason uint8

const (
	retryQuota retryReason = iota
	retryKey
	retryForbidden
	retryCache
	retryServer
	retryNetwork
	retryAmbiguous
	retryDeadLetter
	retryThroughput
	retryBatch
	retryRejected
	retryReasonCount
)

var retryReasonNames = [retryReasonCount]string{"quota", "key", "forbidden", "cache", "server", "network", "ambiguous", "dead_letter", "throughput", "batch", "rejected"}
