package testbed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	natsTimeout = 10 * time.Second
	// mostPending bounds the messages that NATS has not acknowledged.
	mostPending = 4096
)

// makeStream makes a stream that nobody else uses, and from which a message is gone once the bridge has settled it.
func (b *Bed) makeStream(ctx context.Context) error {
	var err error
	if b.conn, err = b.plan.ConnectNATS(ctx, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	failed := jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, _ error) {
		b.cfg.Failed(m.Data)
	})
	most, n := jetstream.WithPublishAsyncMaxPending(mostPending), b.cfg.File.NATS
	switch {
	case n.Domain != "":
		b.js, err = jetstream.NewWithDomain(b.conn, n.Domain, failed, most)
	case n.APIPrefix != "":
		b.js, err = jetstream.NewWithAPIPrefix(b.conn, n.APIPrefix, failed, most)
	default:
		b.js, err = jetstream.New(b.conn, failed, most)
	}
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	_, err = b.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: b.stream, Subjects: []string{b.stream + ".*"}, Retention: jetstream.WorkQueuePolicy,
		Description: "momento-bridge loadtest soak: deleted at its end",
	})
	if err != nil {
		return fmt.Errorf("create the stream %s: %w\nit needs JetStream, and a user who may create streams; leave out "+
			"--nats-url to use a server in this process", b.stream, err)
	}
	return nil
}

func (b *Bed) deleteStream() error {
	if b.js == nil || b.server != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), natsTimeout)
	defer cancel()
	err := b.js.DeleteStream(ctx, b.stream)
	if err == nil || errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return fmt.Errorf("delete the stream %s: %w\ndelete it by hand", b.stream, err)
}

// streamName is one that nobody else has.
func streamName() string {
	var nonce [4]byte
	_, _ = rand.Read(nonce[:]) // It never fails.
	return "momento-bridge-soak-" + hex.EncodeToString(nonce[:])
}
