package source

import (
	"fmt"
	"math"
	"time"
)

// Circumstances are what the settings of a consumer follow from.
type Circumstances struct {
	// Rate is what the route can publish at the least, in messages per second; +Inf without a limit.
	Rate float64
	// Connections is the number of publishes in flight.
	Connections int
	// Timeout is one publish attempt.
	Timeout time.Duration
	// QueueMessages and QueueBytes are the route's share of the queue.
	QueueMessages int
	QueueBytes    int64
	// AckWait and MaxAckPending are those of a consumer that exists; 0 to derive them.
	AckWait       time.Duration
	MaxAckPending int
}

// Settings are a consumer's settings and ours towards it.
type Settings struct {
	AckWait       time.Duration
	MaxAckPending int
	MaxWaiting    int
	Prefetch      int // Messages asked for ahead, held by the NATS client.
	PrefetchBytes int // The same in bytes.
	Held          int // Messages held by the pipeline for this route, in flight included.
	PullExpiry    time.Duration
	// Heartbeat is short because a missed one is what ends a stall of the client: nats.go 1.55 asks for nothing more when all that it
	// asked for arrives before its pulling goroutine has noted that the request is out. The fewer it asks for, the likelier that is.
	Heartbeat time.Duration
}

const (
	usualAckWait = time.Minute
	// attemptsInTime is how many attempts of one message must fit into half the AckWait besides the queueing.
	attemptsInTime = 2
	// replicas is how many replicas a derived MaxAckPending has room for.
	replicas        = 4
	minAckPending   = 1000
	maxWaiting      = 512
	maxPrefetch     = 500
	prefetchSeconds = 2
	leastPrefetch   = 10 // Where AckWait allows it.
	maxPrefetchSize = 32 << 20
	// noLimitLatency is the publish latency that an unlimited rate is estimated from.
	noLimitLatency = 50 * time.Millisecond
	pullExpiry     = 30 * time.Second
	heartbeat      = 2 * time.Second
)

// Derive returns settings with which no message waits in our hands for longer than half of AckWait, and replicas do not
// starve each other. With P prefetched, Q held, W connections, R the rate, T the time of an attempt, A the AckWait and M
// the MaxAckPending:
//
//	I1  (P + Q) / R + 2 T < A / 2       or messages are redelivered merely because they waited
//	I2  replicas × (P + Q) ≤ M          or replicas take each other's share; Q includes what is in flight
//	I3  pulls are bounded by bytes      or the client drops what it asked for
//	I4  pulls per replica × replicas < MaxWaiting
//
// It is an error, naming the inequality, if an existing consumer's AckWait or MaxAckPending leaves no room for a single message.
func Derive(c Circumstances) (Settings, error) {
	rate := c.Rate
	if math.IsInf(rate, 1) {
		rate = float64(c.Connections) / noLimitLatency.Seconds()
	}
	attempts := attemptsInTime * c.Timeout
	ackWait := c.AckWait
	if ackWait == 0 {
		// Room for at least four messages at the slowest rates.
		ackWait = max(usualAckWait, 4*attempts, 2*(attempts+time.Duration(5/rate*float64(time.Second))).Round(time.Second))
	}
	room := int(math.Ceil((ackWait/2-attempts).Seconds()*rate-1e-6)) - 1 // Strictly less, rounding aside.
	if room < 2 {
		return Settings{}, fmt.Errorf(
			"inequality I1: with ack_wait %v, a publish timeout of %v and %.3g messages/s a waiting message is redelivered before it can be published; "+
				"raise the consumer's ack_wait to at least %v",
			ackWait, c.Timeout, rate, (2 * (attempts + time.Duration(4/rate*float64(time.Second)))).Round(time.Second))
	}
	if c.MaxAckPending > 0 {
		room = min(room, c.MaxAckPending)
	}
	if room < 2 {
		return Settings{}, fmt.Errorf("inequality I2: max_ack_pending %d leaves no room to prefetch; raise it to at least 2", c.MaxAckPending)
	}
	s := Settings{AckWait: ackWait, MaxWaiting: maxWaiting, PullExpiry: pullExpiry, Heartbeat: heartbeat}
	s.Prefetch = max(1, min(maxPrefetch, max(leastPrefetch, int(rate*prefetchSeconds)), room/2))
	s.Held = max(1, min(c.QueueMessages, room-s.Prefetch))
	s.PrefetchBytes = int(min(max(c.QueueBytes/2, 2<<20), maxPrefetchSize))
	s.MaxAckPending = c.MaxAckPending
	if s.MaxAckPending == 0 {
		s.MaxAckPending = max(minAckPending, replicas*(s.Prefetch+s.Held))
	}
	return s, nil
}
