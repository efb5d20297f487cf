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

// startsElsewhere reports whether a consumer that exists was created with another start than the route asks for by other words than all.
func (c *JetStreamConfig) startsElsewhere(cfg jetstream.ConsumerConfig) bool {
	var own jetstream.ConsumerConfig
	c.start(&own)
	switch own.DeliverPolicy {
	case cfg.DeliverPolicy:
		return own.OptStartSeq != cfg.OptStartSeq || own.OptStartTime != nil && (cfg.OptStartTime == nil || !own.OptStartTime.Equal(*cfg.OptStartTime))
	case jetstream.DeliverAllPolicy:
		return false
	}
	return true
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
