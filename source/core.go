package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/logthrottle"
	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// CoreConfig is a route from core NATS.
type CoreConfig struct {
	Route   string
	Subject string
	// Instead of Subject, several that do not overlap: messages of different ones have no order among them.
	Subjects []string
	Queue    string // Queue group; members share the messages.
	Template *template.Template
	// MaxBytes is the memory of all routes. It bounds the client's buffer, and what that holds counts as used.
	MaxBytes int64
	// Letters says that the route keeps dead letters, which need the subjects and headers of their messages.
	Letters bool
	// Tracer decides which messages are traced; nil: none is.
	Tracer pipeline.Tracer
	// KeepHeader hands the headers of messages over.
	KeepHeader bool
	// Envelope is what messages are put into; nil: nothing.
	Envelope *Envelope
	// Rounds look at the route while it runs; nil: it has some of its own.
	Rounds *Rounds
}

// Core takes messages from a core NATS subject. Core NATS delivers each message at most once and cannot be slowed down.
// So each message goes into the pipeline as soon as it comes, as long as there is memory, and is dropped if there is
// none: the client's buffer is a transit.
type Core struct {
	conn     *nats.Conn
	cfg      CoreConfig
	log      *slog.Logger
	lost     atomic.Int64         // Still in the client's buffer when the drain budget ran out.
	noRoom   atomic.Int64         // There was no memory for them.
	feed     atomic.Pointer[feed] // nil: not subscribed yet.
	passedOn chan struct{}        // Closed once another source has the feed.
	denied   atomic.Bool          // By the server: the subscription.
	deniedOn uint64               // Of look: the connection, counted from 1, on which it was.
	told     int64                // Of look, and of Run after it: how many drops the log has told of,
	telling  logthrottle.Repeat   // and when.
}

// NewCore prepares a source; Run starts it.
func NewCore(conn *nats.Conn, cfg CoreConfig, log *slog.Logger) *Core {
	return &Core{conn: conn, cfg: cfg, log: log.With("route", cfg.Route), passedOn: make(chan struct{})}
}

// Run submits messages until ctx is done, then drains: it unsubscribes and submits all that the client still holds, or
// until hard is done. It closes the route.
func (c *Core) Run(ctx, hard context.Context, route *pipeline.Route) error {
	defer route.Close()
	if err := c.Subscribe(); err != nil {
		return err
	}
	f := c.feed.Load()
	f.flow(c, route)
	c.log.Info("consuming core NATS", "subject", c.subjects(), "queue", c.cfg.Queue)
	passedOn, err := c.await(ctx, f.closed)
	if err != nil {
		return err
	}
	if passedOn {
		c.tellDropped(true)
		return nil
	}
	c.Dropped()
	if isClosed(f.closed) { // The source before this one has drained them.
		return nil
	}
	for _, sub := range f.subs {
		if err := sub.Drain(); err != nil {
			return fmt.Errorf("drain %s: %w", sub.Subject, err)
		}
	}
	f.flow(c, route) // If it was held.
	c.awaitClosed(hard, f.closed)
	c.tellDropped(true)
	return nil
}

// Subscribe makes the subscriptions, unless they are there. What they bring waits in the client's buffer until Run.
func (c *Core) Subscribe() error {
	if c.feed.Load() != nil {
		return nil
	}
	f, err := c.subscribe()
	if err != nil {
		return err
	}
	_ = c.conn.FlushTimeout(subscribeTime) // Away, the server is told once it is back.
	c.feed.Store(f)
	return nil
}

// subscribeTime is how long the server's word is awaited that it has the subscription: what is published before is
// not ours.
const subscribeTime = 2 * time.Second

// await waits until ctx is done, or another source has the feed. It returns an error when the connection is closed for
// good.
func (c *Core) await(ctx context.Context, closed chan struct{}) (passedOn bool, err error) {
	rounds := c.cfg.Rounds
	if rounds == nil {
		rounds = NewRounds()
		own, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { rounds.Run(own) })
		defer running.Wait()
		defer stop()
	}
	rounds.join(c)
	defer rounds.leave(c)
	select {
	case <-ctx.Done():
	case <-c.passedOn:
	case <-closed:
	}
	switch {
	case isClosed(c.passedOn):
		return true, nil
	case ctx.Err() != nil:
		return false, nil
	}
	return false, errors.New("the connection to NATS was closed")
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// look sees whether the subscription is refused, and whether messages are lost.
func (c *Core) look() {
	c.denied.Store(c.refused())
	c.tellDropped(false)
}

// tellDropped logs that messages are dropped, while they are and at a limited rate, and at the end what was not told.
func (c *Core) tellDropped(end bool) {
	n := c.Dropped() - c.lost.Load()
	if n == c.told {
		return
	}
	if _, due := c.telling.Due(time.Now(), logthrottle.Interval); due || end {
		c.log.Error(
			"messages are lost: they come faster than they can be published, and the memory for them is used up",
			"subject", c.subjects(),
			"lost", n-c.told, "advice", "raise queue.max_bytes, let a stream take the subject, or see docs/quotas.md")
		c.told = n
	}
}

// lastSubmits is the time that the callback has after the hard stop to hand over what the client still holds:
// submitting then returns at once.
const lastSubmits = time.Second

// awaitClosed waits until the callback has had its last message. The count of drops cannot be read after that, so it
// is read as long as it can be. Without a connection nothing can arrive any more, and nats.go would wait for the
// server in vain.
func (c *Core) awaitClosed(hard context.Context, closed chan struct{}) {
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	var end <-chan time.Time
	for {
		c.Dropped()
		pending, known := c.buffered()
		if known && pending == 0 && (end != nil || !c.conn.IsConnected()) {
			return
		}
		select {
		case <-closed:
			return
		case <-end:
			c.log.Error(
				"the drain budget ran out with messages still in the NATS client's buffer: they are lost",
				"messages", pending)
			c.lost.Add(int64(pending))
			return
		case <-ticks.C:
			if end == nil && hard.Err() != nil {
				end = time.After(lastSubmits)
			}
		}
	}
}

// Dropped is the number of messages that came and were not taken over, by the client or because there was no memory for
// them: exact, not sampled.
func (c *Core) Dropped() int64 {
	f, sum := c.feed.Load(), c.lost.Load()+c.noRoom.Load()
	if f == nil {
		return sum
	}
	for _, sub := range f.subs {
		sum += sub.drops()
	}
	return sum
}

// Buffered is the number of messages that the client holds and has not handed over.
func (c *Core) Buffered() int64 {
	n, _ := c.buffered()
	return int64(n)
}

// Ready reports whether the subscription is in place, and if not, why.
func (c *Core) Ready() (bool, string) {
	if c.feed.Load() == nil {
		return false, "not subscribed yet"
	}
	if c.denied.Load() {
		return false, fmt.Sprintf(
			"the NATS user may not subscribe to %s with the queue group %s: grant it (docs/permissions.md)",
			c.subjects(), c.cfg.Queue)
	}
	return true, ""
}

// refused reports whether the server has refused the subscription on the connection in use. nats.go says so once, as
// an error of the connection; a new connection subscribes again.
func (c *Core) refused() bool {
	connection := c.conn.Stats().Reconnects + 1
	err := c.conn.LastError()
	for _, subject := range c.cfg.Filters() {
		if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(),
			`Subscription to "`+subject+`"`) {
			c.deniedOn = connection
		}
	}
	return c.deniedOn == connection
}

// Settle implements pipeline.Settler. Core NATS has nothing to be told, so that a route needs no settler.
func (c *Core) Settle(any, pipeline.Outcome) {}
