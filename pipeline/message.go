package pipeline

import (
	"errors"
	"time"
)

// Message is one NATS message on its way to one topic. Submit takes it over: Payload must stay unchanged until the
// message is settled.
type Message struct {
	// Topic is the topic to publish to, as the user reads it: not percent-encoded.
	Topic string
	// Payload is the body of the publish, sent byte for byte.
	Payload []byte
	// Time is when the stream stored the message, or when it arrived from core NATS. End-to-end latency counts from
	// here.
	Time time.Time
	// Sequence is where the message stands in its stream; 0: it is from none.
	Sequence uint64
	// Stream is the incarnation of that stream: another stream, or the same made anew, has another one. 0: it has none
	// that subscribers may be told.
	Stream uint32
	// Subject is that of the NATS message.
	Subject string
	// Header is that of the NATS message; nil: none, or the route does not want it. It stays unchanged as Payload does.
	Header map[string][]string
	// Unfit says why the message can never be published; empty: nothing is known against it. It is rejected as "unfit"
	// without a request.
	Unfit string
	// Trace is its trace, from Config.Tracer; nil: it is not traced.
	Trace Trace
	// Redelivered says that JetStream has delivered this message before.
	Redelivered bool
	// Handle is the source's own name for the message. The pipeline hands it back to Settle and never looks inside.
	Handle any
}

// Outcome is how a message ended.
type Outcome uint8

// The outcomes. The zero Outcome is invalid: a message that has it has not ended.
const (
	Published    Outcome = iota + 1 // The endpoint accepted it.
	DeadLettered                    // It can never be published and is kept elsewhere.
	Rejected                        // It was refused, or can never be published, and is kept nowhere: it is lost.
	// Nobody knows whether it was published (at-most-once), or nobody was left to do it.
	Dropped
	Replaced // A newer message of its topic came, where only the latest is kept.
	Shed     // It was the oldest when there was no room for a newer one.
	Expired  // It grew older than its route allows.
	Returned // NATS still has it and will deliver it again.
	// Forgotten is how messages end that another replica has by now: their source tells NATS nothing.
	Forgotten
	// Skipped is what a Settler is told of a message that its route skips on purpose. It is counted as Dropped.
	Skipped
)

// Outcomes lists every outcome, in the order of their values.
var Outcomes = [...]Outcome{Published, DeadLettered, Rejected, Dropped, Replaced, Shed, Expired, Returned, Forgotten}

// String returns the outcome as it stands in metrics.
func (o Outcome) String() string {
	switch o {
	case Published:
		return "published"
	case DeadLettered:
		return "dead_lettered"
	case Rejected:
		return "rejected"
	case Dropped:
		return "dropped"
	case Replaced:
		return "replaced"
	case Shed:
		return "shed"
	case Expired:
		return "expired"
	case Returned:
		return "returned"
	case Forgotten:
		return "forgotten"
	case Skipped:
		return "skipped"
	}
	return "unsettled"
}

// Settler is the source's side of a route: it tells NATS how a message ended.
type Settler interface {
	// Settle is called exactly once for each submitted message, never under a lock of the pipeline, from many
	// goroutines at once. It must not block for long and must not call back into the pipeline.
	Settle(handle any, o Outcome)
}

// Postponer is a Settler whose source can be told to deliver a message again, though not at once.
type Postponer interface {
	// Postpone is Settle with Returned, for a message that is to be delivered again only after a while.
	Postpone(handle any)
}

// DeadLetters keeps messages that can never be published.
type DeadLetters interface {
	// Keep stores one message and returns nil once it is safe. Workers call it concurrently; an error means that the
	// message is tried again later.
	Keep(m *Message, r Rejection) error
}

// ErrRoundTrip is wrapped by Keep's error where the dead letter would come back as a message of the same route, and
// fail again. The message is dropped.
var ErrRoundTrip = errors.New("the dead letter has come round")

// Rejection says why a message can never be published.
type Rejection struct {
	Reason   string // One of a closed set, such as "too_large".
	Status   int    // The endpoint's answer, 0 when nothing was sent.
	Detail   string // A bounded excerpt of the answer, or what was wrong.
	Attempts int    // Publishes tried, this one included.
	Route    string
}
