package source

import (
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
)

// trace tells the tracer of a message of core NATS.
func (c *CoreConfig) trace(m *nats.Msg, now time.Time) pipeline.Trace {
	return c.Tracer.Taken(pipeline.Taken{
		Route: c.Route, Subject: m.Subject, Queue: c.Queue, Bytes: len(m.Data), Header: m.Header, Came: now, Taken: now,
	})
}

// trace tells the tracer of a message of a stream, with what its reply subject says.
func (c *JetStreamConfig) trace(m *nats.Msg, meta *metadata, p *pipeline.Message, now time.Time) pipeline.Trace {
	return c.Tracer.Taken(pipeline.Taken{
		Route: c.Route, Subject: m.Subject, Stream: c.Stream, Consumer: c.Consumer, Sequence: meta.sequence,
		Redelivered: p.Redelivered, Bytes: len(m.Data), Header: m.Header, Came: p.Time, Taken: now,
	})
}
