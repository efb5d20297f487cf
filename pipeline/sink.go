package pipeline

import "time"

// Sink is where messages go.
type Sink interface {
	// Connection returns a connection that carries up to depth publishes at a time. It opens when it is first needed.
	Connection(depth int) Connection
}

// Connection carries publishes. One goroutine calls its methods; TrySend and Interrupt may be called by any.
type Connection interface {
	// Depth is how many publishes it carries at a time now. That is fewer than it was made for if the endpoint cannot
	// take them, and none while it is to be replaced and answers are still awaited.
	Depth() int
	// Send takes over publishes, no more than Depth has room for. While the connection opens or the endpoint does not
	// read, it may block until the deadline of the first. Receive returns each publish exactly once, with its answer.
	// Until then the connection owns the request and may read its payload. Without more, a Receive follows at once, and
	// the connection may delay writing until then.
	Send(rs []*Request, more bool)
	// TrySend sends one publish at once and returns true if that takes no waiting: the connection is open, a Receive
	// waits on it, no answer is awaited, and nothing has come. Otherwise it does nothing and returns false. Any
	// goroutine may call it, one at a time. The rest is as with Send.
	TrySend(r *Request) bool
	// Receive blocks until publishes are answered or Interrupt is called, and appends the answers to dst. It may append
	// none. While no answer is awaited it watches the connection: unexpected data, or a close, ends the connection
	// before anything more is sent on it.
	Receive(dst []Answered) []Answered
	// Interrupt makes the Receive return that blocks, or else the next one. It does not block.
	Interrupt()
	// Close releases the connection. It is called once, last, when everything has been answered.
	Close()
}

// Answered is a publish with its answer.
type Answered struct {
	Request *Request
	Answer  Answer
}

// Request is one publish.
type Request struct {
	Cache, Topic string
	Payload      []byte
	Text         bool // Subscribers receive a string rather than bytes.
	// Start is when the pipeline started the attempt.
	Start time.Time
	// Deadline is when the attempt must end.
	Deadline time.Time
	// Reconnect asks for a new connection: the one in use is closed before this is sent. No answer is awaited on it.
	Reconnect bool
	// Slot is for the pipeline alone.
	Slot int
}

// Answer is the outcome of one publish, as the sink classifies it. Nobody else looks at statuses to decide.
type Answer struct {
	Verdict Verdict
	Result  Result
	// Status is the HTTP status, 0 without an answer.
	Status int
	// RetryAfter is how long the endpoint asks to wait, 0 if it does not. The pipeline never waits for less.
	RetryAfter time.Duration
	// Reason tells rejections apart, and refusals for quota: one of a closed set.
	Reason string
	// Detail is a bounded excerpt of the answer or the error's text, for logs. It holds neither key nor payload.
	Detail string
	// Foreign says that the answer does not come from Momento: something else is at the endpoint's address or on the
	// way.
	Foreign bool
	// Advised says that Detail says what to do.
	Advised bool
	// Echo says that another publish has had the same failure, because a connection with several has broken. It does
	// not count as a failure of the endpoint again.
	Echo bool
}

// ReasonThroughput is the Reason of a refusal for quota that is about bytes rather than publishes.
const ReasonThroughput = "throughput"

// silent reports whether the endpoint has not processed the publish, has said nothing of it, and nothing is wrong: it
// is sent again, and both together are one attempt. Without it, each connection that is closed in time would look like
// a failure.
func (a *Answer) silent() bool { return a.Verdict == Unsent && a.Status == 0 }

// Verdict is what an answer means for the message and for the others.
type Verdict uint8

// The verdicts. The zero Verdict is invalid, so that a sink cannot forget to choose one.
const (
	Accept Verdict = iota + 1 // Published.
	Reject                    // This message can never succeed.
	// The key is refused, or missing if Status is 0: no message can succeed until someone acts.
	HaltAll
	HaltTopic // The key may not publish to this topic.
	HaltCache // The cache does not exist.
	// Whatever the route publishes is rejected. The pipeline decides this; a sink never does.
	HaltRoute
	SlowDown  // A quota is used up: the same message is sent again, at a lower rate.
	Retry     // It has not been published, and is sent again later.
	Ambiguous // It is unknown whether it has been published.
	Unsent    // It has not been published, and nothing is wrong: it is sent again at once. A sink gives it Status 0.
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
