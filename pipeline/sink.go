package pipeline

import "time"

// Sink is where messages go.
type Sink interface {
	// Publisher returns a publisher for one worker. Each worker has its own.
	Publisher() Publisher
	// Line returns a line, which carries up to depth publishes at a time. It calls answered, from any of its goroutines, one call at a time or several,
	// with the publishes that are over; the slice is valid during the call.
	Line(depth int, answered func([]Answered)) Line
}

// Publisher sends publishes, one at a time. It is not safe for concurrent use.
type Publisher interface {
	// Publish sends r and blocks until the endpoint has answered, the attempt has failed, or r.Deadline has passed. It
	// must not keep r or its payload, and must not read the payload after it has returned.
	Publish(r *Request) Answer
	// Close lets go of what the publisher holds. Its worker calls it once, last.
	Close()
}

// Line sends publishes, several at a time. Send and Close are called by one goroutine.
type Line interface {
	// Send sends publishes. It may block while a connection is made, and until the deadline of the first. Each is answered exactly once, possibly
	// before Send returns. Until then the line keeps the request and may read its payload.
	Send(rs []*Request)
	// Depth is how many publishes it carries at a time now: fewer than it was made for if the endpoint cannot take them.
	Depth() int
	// Close lets go of what the line holds. It is called once, last, when everything is answered.
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
	// Once forbids sending the payload a second time when the first outcome is unclear.
	Once bool
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
	// Repeated says that the publisher sent the payload a second time, because a reused connection had closed before the
	// first byte of an answer. The first sending is ambiguous.
	Repeated bool
	// Echo says that the outcome is the same event as another publish's: a connection broke under several. It is not counted again as a failure of the
	// endpoint.
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
	HaltAll                      // The key is refused: no message can succeed until someone acts.
	HaltTopic                    // The key may not publish to this topic.
	HaltCache                    // The cache does not exist.
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
