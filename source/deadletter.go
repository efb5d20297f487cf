package source

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// DeadLetters publishes rejected messages to a subject that a stream takes.
type DeadLetters struct {
	js      jetstream.JetStream
	subject string
}

// NewDeadLetters returns the dead letters of a route.
func NewDeadLetters(conn *nats.Conn, subject string) (*DeadLetters, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return &DeadLetters{js: js, subject: subject}, nil
}

const keepTimeout = 5 * time.Second

// Keep implements pipeline.DeadLetters: it returns nil once JetStream has acknowledged the dead letter. A message from a
// stream carries its stream and sequence as message id, so that keeping it twice stores it once.
func (d *DeadLetters) Keep(m *pipeline.Message, r pipeline.Rejection) error {
	letter := &nats.Msg{Subject: d.subject, Data: m.Payload, Header: nats.Header{}}
	set := func(name, value string) { letter.Header.Set("Momento-Bridge-"+name, value) }
	switch original := m.Handle.(type) {
	case *nats.Msg:
		copyHeaders(letter.Header, original.Header)
		set("Subject", original.Subject)
	case jetstream.Msg:
		copyHeaders(letter.Header, original.Headers())
		set("Subject", original.Subject())
		if meta, err := original.Metadata(); err == nil {
			sequence := strconv.FormatUint(meta.Sequence.Stream, 10)
			set("Stream", meta.Stream)
			set("Sequence", sequence)
			letter.Header.Set(jetstream.MsgIDHeader, meta.Stream+":"+sequence)
		}
	}
	set("Route", r.Route)
	set("Reason", r.Reason)
	set("Status", strconv.Itoa(r.Status))
	set("Attempts", strconv.Itoa(r.Attempts))
	set("Error", r.Detail)
	set("Time", time.Now().UTC().Format(time.RFC3339))
	ctx, cancel := context.WithTimeout(context.Background(), keepTimeout)
	defer cancel()
	if _, err := d.js.PublishMsg(ctx, letter); err != nil {
		return fmt.Errorf("publish the dead letter to %s (does a stream take that subject?): %w", d.subject, err)
	}
	return nil
}

// copyHeaders copies all headers but those by which the original told its own stream what to do: they would be obeyed again.
func copyHeaders(dst, src nats.Header) {
	for name, values := range src {
		if !strings.HasPrefix(name, "Nats-") {
			dst[name] = values
		}
	}
}
