package source

import (
	"fmt"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Circumstances are what the settings of a consumer follow from.
type Circumstances struct {
	// Rate is what the route can publish at the least, in messages per second; +Inf without a limit.
	Rate float64
	// Connections is the number of publishes in flight.
	Connections int
	// Timeout is one publish attempt.
	Timeout time.Duration
	// QueueMessages is the route's share of the queue.
	QueueMessages int
	// AckWait and MaxAckPending are those of a consumer that exists; 0 to derive them.
	AckWait       time.Duration
	MaxAckPending int
}

// Settings are a consumer's settings and ours towards it.
type Settings struct {
	AckWait       time.Duration
	MaxAckPending int
	MaxWaiting    int
	Held          int // Messages delivered to us and not settled, in flight included, at the most.
	LeastHeld     int // However slowly they are published: enough to keep every connection busy.
	PullExpiry    time.Duration
	Heartbeat     time.Duration

	// together is how many messages all replicas may hold together, however many they are: what is published in the
	// time that AckWait leaves, and the consumer allows.
	together int
	// first is how many are held before it is known how fast they are published.
	first int
	// What the consumer allows one request to ask for; 0 for no limit.
	requestBatch int
	requestBytes int64
	requests     int // How many may be open.
	// idleHeartbeat is that of an idle route's requests; 0 for none.
	idleHeartbeat time.Duration
	// inactive is for how long nobody may ask for messages before the server deletes the consumer; 0 for ever.
	inactive time.Duration
}

const (
	usualAckWait = time.Minute
	// attemptsInTime is how many attempts of one message must fit into half the AckWait besides the queueing.
	attemptsInTime = 2
	// replicas is how many replicas a derived MaxAckPending has room for.
	replicas      = 4
	minAckPending = 5000 // Also with few held: what the endpoint refuses waits besides.
	maxWaiting    = 512
	// noLimitLatency is the publish latency that an unlimited rate is estimated from.
	noLimitLatency = 50 * time.Millisecond
	pullExpiry     = 30 * time.Second
	heartbeat      = 2 * time.Second // Two and a half of them without a word, and the request is taken for lost.
	shortestExpiry = time.Second
)

// Derive returns settings with which no message waits in our hands for longer than half of AckWait, so that usually
// nothing has to be renewed, and replicas do not starve each other. With H held, W connections, R the rate, T the
// time of an attempt, A the AckWait and M the MaxAckPending:
//
//	I1  H / R + 2 T < A / 2             or deliveries must be renewed merely because their messages wait
//	I2  replicas × H ≤ M                or replicas take each other's share
//	I3  pulls are bounded by bytes      see Route.Reserve
//	I4  pulls per replica × replicas < MaxWaiting
//
// It is an error, naming the inequality, if an existing consumer's AckWait leaves no room for a single message.
func Derive(c Circumstances) (Settings, error) {
	rate := c.Rate
	if math.IsInf(rate, 1) {
		rate = float64(c.Connections) / noLimitLatency.Seconds()
	}
	attempts := attemptsInTime * c.Timeout
	ackWait := c.AckWait
	if ackWait == 0 {
		// Room for at least four messages at the slowest rates.
		ackWait = max(usualAckWait, 4*attempts, 2*(attempts+time.Duration(5/rate*float64(time.Second))).Round(
			time.Second))
	}
	room := int(math.Ceil((ackWait/2-attempts).Seconds()*rate-1e-6)) - 1 // Strictly less, rounding aside.
	if room < 1 {
		return Settings{}, fmt.Errorf(
			"inequality I1: with ack_wait %v, a publish timeout of %v and %.3g messages/s a waiting message is "+
				"redelivered before it can be published; "+
				"raise the consumer's ack_wait to at least %v",
			ackWait, c.Timeout, rate, (2 * (attempts + time.Duration(4/rate*float64(time.Second)))).Round(time.Second))
	}
	if c.MaxAckPending > 0 {
		room = min(room, c.MaxAckPending)
	}
	s := Settings{
		AckWait: ackWait, MaxWaiting: maxWaiting, Held: max(1, min(c.QueueMessages, room)),
		together: room, first: firstHeld,
	}
	s.LeastHeld = min(s.Held, 2*c.Connections)
	// A request that is open when publishing is halted must have ended before what is held is handed back.
	s.PullExpiry = min(max(ackWait/4, shortestExpiry), pullExpiry)
	s.Heartbeat = min(s.PullExpiry/2, heartbeat)
	s.MaxAckPending = c.MaxAckPending
	if s.MaxAckPending == 0 {
		s.MaxAckPending = max(minAckPending, replicas*s.Held)
	}
	return s, nil
}

// among returns the settings of one of several replicas that share the consumer: each holds its part, so that there is
// as much left for the others, and a rate that they share leaves no more time for it.
func (s *Settings) among(replicas int) Settings {
	part := *s
	if replicas > 1 {
		part.Held = max(1, min(s.Held, s.together/replicas))
		part.LeastHeld = min(s.LeastHeld, part.Held)
		part.first = max(1, s.first/replicas)
	}
	return part
}

// limitRequests takes over what a consumer that exists allows one request to ask for.
func (s *Settings) limitRequests(cfg jetstream.ConsumerConfig) {
	s.requestBatch, s.requestBytes = cfg.MaxRequestBatch, int64(cfg.MaxRequestMaxBytes)
	s.requests = cfg.MaxWaiting
	s.inactive = cfg.InactiveThreshold
	if cfg.MaxRequestExpires > 0 {
		s.PullExpiry = min(s.PullExpiry, cfg.MaxRequestExpires)
		s.Heartbeat = min(s.Heartbeat, s.PullExpiry/2)
	}
}

// bound keeps a request within what the consumer allows.
func (s *Settings) bound(r *pullRequest) {
	if s.requestBatch > 0 {
		r.Batch = min(r.Batch, s.requestBatch)
	}
	if s.requestBytes > 0 {
		r.MaxBytes = min(r.MaxBytes, s.requestBytes)
	}
}

// open is how many requests we have open at the most: the server passes over those that are too many.
func (s *Settings) open() int {
	if s.requests > 0 {
		return min(openPulls, s.requests)
	}
	return openPulls
}

// tick is how often deliveries are looked at: often enough for half of AckWait.
func (s *Settings) tick() time.Duration {
	return min(max(s.AckWait/32, 50*time.Millisecond), time.Second)
}
