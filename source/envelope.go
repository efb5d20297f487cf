package source

import (
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/envelope"
	"momento-bridge/pipeline"
)

// Envelope says that the messages of a route are published as CloudEvents.
type Envelope struct {
	envelope.Config

	// Empty says that messages without bytes are published, too. Else they go on as they are, for the pipeline to see.
	Empty bool
}

// wrapper makes the events of one subscription, whose callback alone uses it. nil leaves messages as they are.
type wrapper struct {
	maker      *envelope.Maker
	empty      bool
	stream     string // From which they come; empty: core NATS.
	partitions *Partitions
}

// wrapper returns what makes events of messages from a stream, or from core NATS; nil without an envelope.
func (e *Envelope) wrapper(stream string, p *Partitions) *wrapper {
	if e == nil {
		return nil
	}
	return &wrapper{maker: envelope.New(e.Config), empty: e.Empty, stream: stream, partitions: p}
}

// wrap makes the payload of what goes to the pipeline the event of the message that has come. It returns how a dead
// letter gets the message's own payload back.
func (w *wrapper) wrap(to *pipeline.Message, m *nats.Msg, sequence uint64) envelope.Data {
	if w == nil {
		return envelope.Data{}
	}
	from := envelope.Message{Subject: m.Subject, Time: to.Time, Header: m.Header, Payload: m.Data}
	if sequence > 0 {
		from.Stream, from.Sequence = w.partitions.stored(w.stream, sequence, m.Header)
	}
	return w.put(to, &from)
}

func (w *wrapper) put(to *pipeline.Message, from *envelope.Message) (data envelope.Data) {
	if len(from.Payload) > 0 || w.empty {
		to.Payload, data = w.maker.Make(from)
	}
	return data
}

// wrapLetter is wrap for a dead letter that is replayed: it becomes the event that its message would have been.
func (w *wrapper) wrapLetter(to *pipeline.Message, letter *jetstream.RawStreamMsg) {
	if w == nil {
		return
	}
	from := envelope.Message{
		Subject: letter.Header.Get(ourPrefix + "Subject"), Stream: letter.Header.Get(ourPrefix + "Stream"),
		Time: to.Time, Header: headersOf(letter.Header), Payload: to.Payload,
	}
	from.Sequence, _ = strconv.ParseUint(letter.Header.Get(ourPrefix+"Sequence"), 10, 64)
	if letter.Header.Get(jetstream.MsgIDHeader) == "" { // From core NATS: it came not long before it was kept.
		from.Time = letter.Time
	}
	w.put(to, &from)
}
