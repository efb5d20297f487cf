package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
	// BelieveRejections says that no rejection costs anything, so that each is believed, however many come in a row.
	BelieveRejections bool
	// Subscribers is how many are expected on each topic, where operations are counted.
	Subscribers int
	// Returnable says that NATS delivers a message again that is settled as Returned, and only what was asked for: the source
	// reserves room first, see Reserve.
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
	gate     gate   // Closed while the key may not publish to any of its topics, as far as is known.
	paused   bool   // By the operator.
	pacer    *pacer // Of a ceiling of its own; nil: none.
	quotas   quotas // Besides the region's.
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
	ready  ring[*lane] // The lanes that may publish, in turn.
	active bool        // It is in the dispatcher's ring of routes.

	oldest, newest *entry // Queued, by age; kept only where messages may be dropped for it.

	closed      bool // The source submits no more; what it could take back has been returned.
	queued      int
	bytes       int64
	inFlight    int
	haltedSince time.Time     // When a gate closed that halts it; zero: none is closed.
	waiters     int           // Submit calls that wait for room.
	reserved    int           // Messages that the source has asked for and not submitted yet.
	starved     bool          // The source waits to be woken when there is room to reserve.
	wake        chan struct{} // One slot, see Wake.

	received    uint64
	settled     [len(Outcomes) + 1]uint64
	attempts    [resultCount]uint64
	retries     [retryReasonCount]uint64
	redelivered uint64
	ambiguous   uint64
	published   uint64 // Bytes.
	operations  uint64
	forbidden   int // Lanes whose gate is closed.
	rejections  int // Messages rejected by the endpoint since something was accepted.
	refusals    int // Topics that turned out to be forbidden since something was accepted.
	parked      parked
}

// full reports whether a message of n bytes has no room. An empty route takes any message, so that none waits for ever.
func (r *Route) full(n int) bool {
	held := r.holding()
	return held > 0 && (held >= r.most() || r.load()+int64(n) > r.mostLoad())
}

// roomy reports whether it is worth waking those who wait for room: not for every single message.
func (r *Route) roomy() bool {
	most, load := r.most(), r.mostLoad()
	return r.holding() <= most-max(1, most/8) && r.load() <= load-load/8
}

// left is the number of messages that have not ended.
func (r *Route) left() int { return r.queued + r.inFlight }

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

// operations is what Momento counts for a publish: each started KiB is one; deliveries are not known here.
func operations(bytes int) uint64 { return uint64(max(1, (bytes+kib-1)/kib)) }

const kib = 1024
