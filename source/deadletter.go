package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/logthrottle"
	"momento-bridge/pipeline"
)

// DeadLetters publishes rejected messages to a subject that a stream takes.
type DeadLetters struct {
	conn      *nats.Conn
	js        jetstream.JetStream
	subject   string
	log       *slog.Logger
	throttled *slog.Logger // For what may repeat with each message.
	blind     atomic.Bool  // The stream may not be looked at.

	// Partitions is what the route's stream is shared out by; nil: it is not. Dead letters name the stream itself.
	Partitions *Partitions
}

// NewDeadLetters returns the dead letters of a route.
func NewDeadLetters(conn *nats.Conn, subject string, log *slog.Logger) (*DeadLetters, error) {
	js, err := NewAPI(conn)
	if err != nil {
		return nil, err
	}
	return &DeadLetters{
		conn: conn, js: js, subject: subject, log: log,
		throttled: slog.New(logthrottle.New(log.Handler())),
	}, nil
}

const keepTimeout = 5 * time.Second

// Check waits for the connection and returns an error if no stream takes the subject, or if it is the route's own
// stream, whole: a dead letter would then come back for ever. A user who may not look is only warned.
func (d *DeadLetters) Check(ctx context.Context, wholeStream string) error {
	for !d.conn.IsConnected() {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	stream, err := d.js.StreamNameBySubject(ctx, d.subject)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("no stream takes the dead letters' subject %s: create one, for example with `nats stream "+
			"add DEAD --subjects '%[1]s'`", d.subject)
	case err != nil:
		d.log.Warn(
			"cannot look whether a stream takes the dead letters' subject", "subject", d.subject, "grant",
			apiOf(d.conn).subject("STREAM.NAMES"), "error", err)
	case stream == wholeStream:
		return fmt.Errorf("the dead letters' subject %s belongs to the stream %s that the route consumes without a "+
			"filter, so that dead letters would come back for ever: "+
			"set the route's subject, or keep dead letters in another stream", d.subject, stream)
	}
	return nil
}

// Keep implements pipeline.DeadLetters: it returns nil once JetStream has acknowledged the dead letter. A message
// from a stream carries its stream and sequence as message id, so that keeping it twice stores it once. What is too
// large for the stream is cut, see fit.
func (d *DeadLetters) Keep(m *pipeline.Message, r pipeline.Rejection) error {
	letter := &nats.Msg{Subject: d.subject, Data: m.Payload, Header: nats.Header{}}
	set := func(name, value string) { letter.Header.Set(ourPrefix+name, value) }
	arrived := ""
	switch handle := m.Handle.(type) {
	case *original:
		letter.Data = handle.data.Payload(m.Payload)
		copyHeaders(letter.Header, handle.header)
		arrived = handle.subject
	case *delivery:
		letter.Data = handle.data.Payload(m.Payload)
		copyHeaders(letter.Header, handle.header)
		arrived = handle.subject
		if meta, ok := parseReply(handle.reply); ok {
			stream, number := d.Partitions.stored(streamOf(handle.reply), meta.sequence, handle.header)
			sequence := strconv.FormatUint(number, 10)
			if d.Partitions != nil {
				set("Partition-Stream", d.Partitions.Stream)
			}
			set("Stream", stream)
			set("Sequence", sequence)
			// The time tells a stream that was made anew from the one before, and the route its own dead letters.
			letter.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%s:%s:%s:%d", r.Route, stream, sequence,
				meta.stored.UnixNano()))
		}
	}
	if err := d.travel(letter.Header, arrived); err != nil {
		return err
	}
	set("Subject", arrived)
	set("Route", r.Route)
	set("Reason", r.Reason)
	set("Status", strconv.Itoa(r.Status))
	set("Attempts", strconv.Itoa(r.Attempts))
	set("Error", r.Detail)
	set("Time", time.Now().UTC().Format(time.RFC3339))
	ctx, cancel := context.WithTimeout(context.Background(), keepTimeout)
	defer cancel()
	return d.store(ctx, letter)
}

// ourPrefix begins the names of the headers that a dead letter has besides those of its message.
const ourPrefix = "Momento-Bridge-"
