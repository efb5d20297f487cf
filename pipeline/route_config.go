package pipeline

import (
	"fmt"
	"time"
)

// RouteConfig is one route as the pipeline sees it.
type RouteConfig struct {
	Name  string
	Cache string
	// Partition is which part of the name's topics it has, from 1 on; 0: all. Partitions of one name share its limits
	// and its turns, its part of the memory is divided among them, and Stats and metrics show them as one.
	Partition int
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
	// Overload says what becomes of messages that come faster than they are published.
	Overload Overload
	// MaxAge is how old a message may be when its publish starts. An older one expires. 0: there is no limit.
	MaxAge time.Duration
	// Empty says what becomes of messages without bytes.
	Empty Empty
	// BelieveRejections takes each rejection for the message's own fault, however many come in a row. Otherwise many in
	// a row are taken for a fault of the endpoint.
	BelieveRejections bool
	// GiveUpAfter is how long the endpoint may fail a message (5xx, no answer) while it accepts others of the cache.
	// Then the message becomes a dead letter. 0: it is tried for ever.
	GiveUpAfter time.Duration
	// GiveUpForbidden is how long the key may be refused for a topic while it is accepted for others. Then the messages
	// of the topic become dead letters. 0: they are tried for ever.
	GiveUpForbidden time.Duration
	// Subscribers is how many subscribers a topic is expected to have. It counts where quotas count operations.
	Subscribers int
	// Returnable says that NATS delivers a message again that is settled as Returned, and that it delivers only what
	// the source asks for. The source reserves room first; see Route.Reserve.
	Returnable bool
	// Held reports whether the route may publish at this moment, as another replica may be the one that does. It is
	// called before each publish, with the pipeline's mutex held or not. nil: always.
	Held func(now time.Time) bool
	// Drops says that the source can neither be slowed down nor asked again: Submit never blocks, and a message without
	// room is dropped at once. Such messages count in bytes only, each at least LeastCharge, because what has no room
	// is lost; with DropOldest they count as messages as well.
	Drops bool
	// Settler is told how each message ended; nil: nobody is.
	Settler Settler
	// Origin says where the message of a handle comes from. It is called under the pipeline's mutex, now and then: it
	// must not block. nil: nobody knows.
	Origin func(handle any) Origin
	// KeepSubject keeps the subject of each message, and where it stands in its stream.
	KeepSubject bool
	// DeadLetters keeps rejected messages; nil: they are dropped.
	DeadLetters DeadLetters
	// Apart says that what goes this way only shows whether messages get through. The route has quotas and turns like
	// any other, but no part of the memory, and is in no snapshot, metric, log or share of a group: see Route.Stats. It
	// is the last of a lineup.
	Apart bool
}

// Overload says what becomes of messages that come faster than they are published.
type Overload uint8

// What can become of them.
const (
	// Block leaves them with NATS: a stream is not asked for more. The client of core NATS drops, and counts, what it
	// cannot hold.
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
	// EmptySkipped ends them at once. They are counted as Dropped, and their source is told Skipped.
	EmptySkipped
	// EmptyRejected rejects them: they become dead letters where the route has any.
	EmptyRejected
)

// measure sets the size that a message has in a batch. It rejects a message that is too large to be published alone,
// that cannot be part of a batch, or that its source has found unfit.
func (c *RouteConfig) measure(e *entry, m *Message) {
	if c.rejectEmpty(e) {
		return
	}
	if m.Unfit != "" {
		e.ownPast().rejection = &Rejection{Reason: reasonUnfit, Detail: m.Unfit, Route: c.Name}
		return
	}
	if len(e.payload) > c.MaxPayload {
		e.ownPast().rejection = tooLarge(c, len(e.payload), c.MaxPayload, "max_payload")
		return
	}
	framing := c.Batch.Framing
	if framing == nil {
		return
	}
	size, err := framing.Size(e.payload)
	switch {
	case err != nil:
		e.ownPast().rejection = &Rejection{Reason: "not_framed", Detail: err.Error(), Route: c.Name}
	case size+framing.Overhead() > c.Batch.MaxBytes:
		e.ownPast().rejection = tooLarge(c, size+framing.Overhead(), c.Batch.MaxBytes, "batch.max_bytes")
	default:
		e.size = int32(size) //nolint:gosec // No more than MaxBytes.
	}
}

// reasonUnfit is the reason of the rejection of a message that its source has found unfit.
const reasonUnfit = "unfit"

// reasonEmpty is the reason of the rejection of a message without bytes.
const reasonEmpty = "empty"

// rejectEmpty rejects a message without bytes if the route is configured so. It reports whether it did.
func (c *RouteConfig) rejectEmpty(e *entry) bool {
	if len(e.payload) > 0 || c.Empty != EmptyRejected {
		return false
	}
	e.ownPast().rejection = &Rejection{Reason: reasonEmpty, Detail: "the message has no bytes", Route: c.Name}
	return true
}

func tooLarge(c *RouteConfig, n, limit int, name string) *Rejection {
	return &Rejection{
		Reason: "too_large", Detail: fmt.Sprintf("%d bytes, the route's %s is %d", n, name, limit),
		Route: c.Name,
	}
}

// skips reports whether the route skips the message.
func (c *RouteConfig) skips(payload []byte) bool { return len(payload) == 0 && c.Empty == EmptySkipped }
