package source

import (
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// Filters are the route's filters, none for the whole stream.
func (c *JetStreamConfig) Filters() []string {
	if c.Subject != "" {
		return []string{c.Subject}
	}
	return c.Subjects
}

// sameFilters reports whether two lists have the same filters, in any order.
func sameFilters(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// startsElsewhere reports whether the route asks for a start, other than all, that a consumer was not created with.
func (c *JetStreamConfig) startsElsewhere(cfg jetstream.ConsumerConfig) bool {
	var own jetstream.ConsumerConfig
	c.start(&own)
	if own.DeliverPolicy == jetstream.DeliverAllPolicy {
		return false
	}
	sameTime := own.OptStartTime == nil || cfg.OptStartTime != nil && own.OptStartTime.Equal(*cfg.OptStartTime)
	return own.DeliverPolicy != cfg.DeliverPolicy || own.OptStartSeq != cfg.OptStartSeq || !sameTime
}

// start says where a consumer that is created starts.
func (c *JetStreamConfig) start(cfg *jetstream.ConsumerConfig) {
	switch {
	case c.DeliverNew:
		cfg.DeliverPolicy = jetstream.DeliverNewPolicy
	case !c.DeliverFrom.IsZero():
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &c.DeliverFrom
	case c.DeliverSequence > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, c.DeliverSequence
	default:
		cfg.DeliverPolicy = jetstream.DeliverAllPolicy
	}
}
