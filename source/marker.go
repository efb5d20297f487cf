package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"momento-bridge/pipeline"
)

// Subscribers of packed batches are told where messages stand in their stream, so that they can drop what comes twice
// and miss what does not come. That takes numbers which grow from message to message of a topic, and never mean two
// messages. So it is left away where another replica shares the consumer without a lease, as the two publish side by
// side, and where the stream may not be looked at.

// identify finds out which incarnation of the stream it is that the consumer belongs to.
func (j *JetStream) identify(ctx context.Context) {
	if !j.cfg.Marked {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	info, err := j.stream(ctx)
	if err != nil {
		if j.incarnation.Load() == 0 && !errors.Is(err, context.Canceled) {
			j.throttled.Warn("subscribers are not told where messages stand in the stream, so that they cannot drop "+
				"what comes twice: the stream cannot be looked at", "grant", j.api("STREAM.INFO."+j.cfg.Stream),
				"error", err)
		}
		return
	}
	j.incarnation.Store(j.cfg.incarnation(info.Created))
}

// incarnation is a number for a stream that was made at a time, as a consumer reads it; never 0. Two routes that
// publish messages of one stream to one topic use two consumers: to subscribers these are two streams, as the messages
// of the one may come before or after those of the other. Partitions are one, as each topic is in one of them.
func (c *JetStreamConfig) incarnation(created time.Time) uint32 {
	consumer := c.Consumer
	if c.Partitions != nil {
		consumer = ""
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q %q ", c.Domain, c.Stream, consumer)
	_ = binary.Write(h, binary.BigEndian, created.UnixNano()) // A hash takes everything.
	sum := h.Sum64()
	return max(1, uint32(sum>>32)^uint32(sum)) //nolint:gosec // Half of it is enough.
}

// mark notes in a message where it stands in the stream.
func (j *JetStream) mark(m *pipeline.Message, sequence uint64) {
	m.Sequence = sequence
	if j.cfg.Marked && !j.barrier.shared.Load() {
		m.Stream = j.incarnation.Load()
	}
}
