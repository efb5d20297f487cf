package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Fill creates a stream, stored in a file, that takes all that filter matches. Then it publishes the given number of
// messages, of size bytes each, to the subjects in turn, and waits until all are stored.
func Fill(ctx context.Context, conn *nats.Conn, stream, filter string, subjects []string, size, messages int) error {
	pending := max(1, min(2048, mostPending/max(1, size)))
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(pending))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: stream, Subjects: []string{filter}}); err != nil {
		return fmt.Errorf("create the stream: %w", err)
	}
	payload := make([]byte, size)
	for i := range messages {
		if _, err := js.PublishAsync(subjects[i%len(subjects)], payload,
			jetstream.WithStallWait(time.Minute)); err != nil {
			return fmt.Errorf("fill the stream: %w", err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mostPending is how many bytes of messages that are not stored yet a server takes well.
const mostPending = 32 << 20

// Subjects returns n subjects: prefix.0, prefix.1 and so on.
func Subjects(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s.%d", prefix, i)
	}
	return all
}
