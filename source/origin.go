package source

import (
	"momento-bridge/pipeline"
	"momento-bridge/printable"
)

// mostSubject bounds a subject that is told, in bytes.
const mostSubject = 200

// Origin says where the message of a handle comes from, for people: the stream and sequence that its dead letter names.
// p is what the route's stream is shared out by; nil: it is not.
func (p *Partitions) Origin(handle any) pipeline.Origin {
	switch handle := handle.(type) {
	case *original:
		return pipeline.Origin{Subject: printable.Bounded(handle.subject, mostSubject)}
	case *delivery:
		o := pipeline.Origin{Subject: printable.Bounded(handle.subject, mostSubject)}
		if meta, ok := parseReply(handle.reply); ok {
			o.Stream, o.Sequence = p.stored(streamOf(handle.reply), meta.sequence, handle.header)
		}
		return o
	}
	return pipeline.Origin{}
}
