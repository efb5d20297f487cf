package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func (d *demo) startNATS(o Options, dir string) error {
	port := o.NATSPort
	if port == 0 {
		port = server.RANDOM_PORT
	}
	var err error
	d.nats, err = server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: filepath.Join(dir, "nats"), NoSigs: true, NoLog: true,
	})
	if err != nil {
		return fmt.Errorf("start the NATS server: %w", err)
	}
	d.nats.Start()
	if !d.nats.ReadyForConnections(10 * time.Second) {
		return fmt.Errorf(
			"the NATS server did not start within 10s: is port %s (--nats-port) free?", strconv.Itoa(o.NATSPort))
	}
	if d.conn, err = nats.Connect(d.nats.ClientURL(), nats.Timeout(10*time.Second)); err != nil {
		return fmt.Errorf("connect to the NATS server: %w", err)
	}
	d.js, err = jetstream.New(d.conn, jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg,
		_ error,
	) {
		d.ledger.unsent(m.Data)
	}))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := d.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:     "ORDERS",
		Subjects: []string{"orders.*"},
	}); err != nil {
		return fmt.Errorf("create the stream: %w", err)
	}
	return nil
}
