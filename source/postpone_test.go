package source

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestPostponedMessageComesAgainThoughNotAtOnce(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 1)
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable:   "C",
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	first, err := consumer.Next()
	if err != nil {
		t.Fatal(err)
	}
	const wait = 300 * time.Millisecond
	began := time.Now()
	if err := NewAcks(conn).handBackFor(first.Reply(), wait); err != nil {
		t.Fatal(err)
	}
	again, err := consumer.Next(jetstream.FetchMaxWait(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if meta, err := again.Metadata(); err != nil || meta.NumDelivered != 2 || time.Since(began) < wait {
		t.Errorf("delivered %+v after %v, %v", meta, time.Since(began), err)
	}
}
