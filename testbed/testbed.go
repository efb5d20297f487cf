// Package testbed runs a whole bridge in this process, with a stream of its own on the user's NATS or on one that it
// starts, for tests of the user's account that lead through it.
package testbed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/config"
	"momento-bridge/daemon"
)

// Config is a bridge for a test.
type Config struct {
	// File has endpoint, key and NATS, and the limits of the bridge. The rest of it is replaced.
	File     *config.File
	Embedded bool   // NATS is started in this process, which takes a build that HasNATS.
	Cache    string // Published to.
	Topic    string // With several topics, -1, -2 and so on are appended.
	Topics   int
	Version  string
	Log      *slog.Logger
	Hurry    <-chan struct{} // Closed when nobody wants to wait for the end; nil: never.
	// Failed is told of each message that NATS has not taken after Publish. It may be called concurrently.
	Failed func(payload []byte)
}

// Bed is a bridge that runs.
type Bed struct {
	cfg     Config
	plan    *daemon.Plan
	server  *natsServer // nil: NATS is the user's.
	conn    *nats.Conn
	js      jetstream.JetStream
	stream  string
	bridge  *daemon.Daemon
	stop    context.CancelFunc
	running sync.WaitGroup
	err     error // Of the bridge; after running.
}

// Start starts it. What went wrong is the user's configuration if it is an OptionError.
func Start(ctx context.Context, c Config) (*Bed, error) {
	b := &Bed{cfg: c, stop: func() {}}
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// OptionError is a configuration that cannot be used.
type OptionError struct{ err error }

func (e *OptionError) Error() string { return e.err.Error() }
func (e *OptionError) Unwrap() error { return e.err }

func (b *Bed) start(ctx context.Context) error {
	if b.cfg.Embedded {
		var err error
		if b.server, err = startNATS(); err != nil {
			return err
		}
	}
	if err := b.makePlan(ctx); err != nil {
		return err
	}
	if err := b.makeStream(ctx); err != nil {
		return err
	}
	var err error
	b.bridge, err = daemon.New(daemon.Config{Plan: b.plan, Version: b.cfg.Version, Hurry: b.cfg.Hurry}, b.cfg.Log)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	b.running.Go(func() { b.err = b.bridge.Run(running) })
	return nil
}

// Page is where the bridge shows itself at work.
func (b *Bed) Page() string { return fmt.Sprintf("http://%s/", b.bridge.AdminAddr()) }

// NATS is where NATS is, without credentials.
func (b *Bed) NATS() string {
	if b.server != nil {
		return "embedded"
	}
	return b.plan.NATSURL()
}

// subject is that of a topic, counted from 0.
func (b *Bed) subject(i int) string { return fmt.Sprintf("%s.%d", b.stream, i+1) }

// Publish hands a message for a topic, counted from 0, to NATS.
func (b *Bed) Publish(i int, payload []byte) error {
	_, err := b.js.PublishAsync(b.subject(i), payload)
	return err
}

// Close ends the bridge and returns how it ended. On the user's NATS it leaves nothing behind.
func (b *Bed) Close() error {
	if b.js != nil {
		select {
		case <-b.js.PublishAsyncComplete():
		case <-time.After(time.Second): // NATS is gone.
		}
	}
	b.stop()
	b.running.Wait()
	errs := []error{b.err}
	if b.conn != nil {
		errs = append(errs, b.deleteStream())
		b.conn.Close()
	}
	if b.server != nil {
		errs = append(errs, b.server.stop())
	}
	return errors.Join(errs...)
}
