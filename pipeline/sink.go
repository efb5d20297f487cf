package pipeline

import "time"

// Sink is where messages go.
type Sink interface {
	// Connection returns a connection that carries up to depth publishes at a time. It opens when it is first needed.
	Connection(depth int) Connection
}

// Connection carries publishes. One goroutine calls its methods; TrySend and Interrupt may be called by any.
type Connection interface {
	// Depth is how many publishes it carries at a time now: fewer than it was made for if the endpoint cannot take
	// them, none while it must be replaced and answers are awaited.
	Depth() int
	// Send takes over publishes, no more than Depth has room for. It may block until the deadline of the first, while
	// the connection opens or the endpoint does not read. Receive answers each exactly once. Until then the connection
	// keeps the request and may read its payload. What fills the connection up may leave only with the next Receive.
	Send(rs []*Request)
	// TrySend sends one publish at once, if that takes no waiting: if Receive watches an open connection on which
	// nothing is awaited and nothing has come. Otherwise it returns false, and nothing has happened. It may be called
	// by any goroutine, one at a time; the rest is as with Send.
	TrySend(r *Request) bool
	// Receive blocks until publishes are answered, and appends them to dst. It may append none: once Interrupt has been
	// called it returns at once. While nothing is awaited it watches the connection: what nobody asked for, or a close,
	// ends it before anything more is sent on it.
	Receive(dst []Answered) []Answered
	// Interrupt ends the Receive that blocks, or else the next one. It does not block.
	Interrupt()
	// Close lets go of what the connection holds. It is called once, last, when everything is answered.
	Close()
}

// Answered is a publish that is over.
type Answered struct {
	Request *Request
	Answer  Answer
}

// Request is one publish.
type Request struct {
	Cache, Topic string
	Payload      []byte
	Text         bool // Subscribers receive a string rather than bytes.
	// Start is now, as far as the pipeline knows it, and Deadline when the attempt must end.
	Start, Deadline time.Time
	// Slot is the pipeline's own name for it.
	Slot int
}

// Answer is the outcome of one publish, classified once and for all by the sink.
type Answer struct {
	Verdict Verdict
	Result  Result
	// Status is the HTTP status, 0 without an answer.
	Status int
	// RetryAfter is the endpoint's own wish, 0 without one: a minimum, never undercut.
	RetryAfter time.Duration
	// Reason tells rejections apart, and refusals for quota: one of a closed set.
	Reason string
	// Detail is a bounded excerpt of the answer or the error's text, for logs. It holds neither key nor payload.
	Detail string
	// Foreign says that this is not Momento's answer to the message: the endpoint, or the way to it, is not what it
	// should be.
	Foreign bool
	// Advised says that Detail says what to do.
	Advised bool
	// Echo says that the outcome is the same event as another publish's: a connection broke under several. It is not
	// counted again as a failure of the endpoint.
	Echo bool
}

// ReasonThroughput is the Reason of a refusal for quota that is about bytes rather than publishes.
const ReasonThroughput = "throughput"

// Verdict is what an answer means for the message and for the others.
type Verdict uint8

// The verdicts. The zero Verdict is invalid, so that a sink cannot forget to choose one.
const (
	Accept    Verdict = iota + 1 // Published.
	Reject                       // This message can never succeed.
	HaltAll                      // The key is refused, or with Status 0 missing: no message can succeed until someone acts.
	HaltTopic                    // The key may not publish to this topic.
	HaltCache                    // The cache does not exist.
	HaltRoute                    // Whatever the route publishes is rejected: hardly the messages' fault. The pipeline's own.
	SlowDown                     // The quota is used up: the same message, at a slower rate.
	Retry                        // The same message, later: it has not been published.
	Ambiguous                    // Nobody knows whether it has been published.
	Unsent                       // The same message, at once: it has not been published, for no fault of anybody's.
)

// String names the verdict for logs and tests.
func (v Verdict) String() string {
	switch v {
	case Accept:
		return "accept"
	case Reject:
		return "reject"
	case HaltAll:
		return "halt all"
	case HaltTopic:
		return "halt topic"
	case HaltCache:
		return "halt cache"
	case HaltRoute:
		return "halt route"
	case SlowDown:
		return "slow down"
	case Retry:
		return "retry"
	case Ambiguous:
		return "ambiguous"
	case Unsent:
		return "unsent"
	}
	return "invalid"
}

// Result is the answer as it stands in metrics.
type Result uint8

// The results of an attempt.
const (
	Result204 Result = iota // Any 2xx.
	Result400
	Result401
	Result403
	Result404
	Result429
	Result5xx
	ResultOther   // Another status.
	ResultTimeout // No answer in time.
	ResultNetwork // The connection could not be made, or broke.
	resultCount
)

var resultNames = [resultCount]string{"204", "400", "401", "403", "404", "429", "5xx", "other", "timeout", "network"}

// String returns the result as it stands in metrics.
func (r Result) String() string { return resultNames[r] }
