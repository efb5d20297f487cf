package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/logthrottle"
	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// JetStreamConfig is a route from a stream.
type JetStreamConfig struct {
	Route      string
	Stream     string
	Subject    string   // The consumer's filter; empty for the whole stream, or several.
	Subjects   []string // Several filters; empty for one or none.
	Consumer   string   // The durable's name.
	Create     bool     // Create the consumer when it is missing.
	DeliverNew bool     // A created consumer starts with new messages rather than with all,
	// or with what the stream has stored from a time on, or from a sequence on. At most one is set.
	DeliverFrom     time.Time
	DeliverSequence uint64
	Template        *template.Template
	// Ordered keeps what is delivered in the order of the stream, whatever happens to connections, replicas and
	// servers; see barrier.
	Ordered bool
	// KeepHeader hands the headers of messages over.
	KeepHeader bool
	// Marked tells subscribers where messages stand in their stream. It takes an ordered route.
	Marked bool
	// Domain is the JetStream domain; empty: that of the server.
	Domain string
	// Overload is what the pipeline does with more messages than it can publish.
	Overload      pipeline.Overload
	Circumstances Circumstances
	// Partitions is what the stream is shared out by, and Partition which part this is, from 0 on; nil: it is not.
	Partitions *Partitions
	Partition  int
	// Tracer decides which messages are traced; nil: none is.
	Tracer pipeline.Tracer
	// Envelope is what messages are put into; nil: nothing.
	Envelope *Envelope
	// Lease decides whether this replica may consume; nil: it is the only one.
	Lease Lease
	// Replicas is how many replicas share the consumer, this one included; nil: 1.
	Replicas func() int
	// Beat is called by the goroutine that consumes, however long NATS is away: every half minute at the least. nil:
	// nobody asks.
	Beat func()
}

// JetStream takes messages from a durable pull consumer.
type JetStream struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	acks     *Acks
	cfg      JetStreamConfig
	log      *slog.Logger
	held     deliveries
	resume   resume
	barrier  barrier
	presence *presence // Of other replicas.
	running  atomic.Bool
	hold     atomic.Pointer[Hold] // The lease while it is ours; nil: it is not, or the route needs none.
	standing atomic.Bool          // It waits for the lease.

	lookEvery  time.Duration // How often the consumer's numbers are asked for.
	idleAfter  time.Duration
	askAround  time.Duration // How long other replicas have to answer.
	patience   time.Duration // How long nothing may come before the barrier is opened as it is.
	renewAfter atomic.Int64  // Nanoseconds: half of the consumer's AckWait.
	throttled  *slog.Logger  // For what may repeat with each message or tick.
	figures    figures
	pending    atomic.Int64
	ackWaits   atomic.Int64 // Delivered and not acknowledged, by all replicas.
	// The server has answered a probe of acknowledgements, so that silence means that none arrives.
	proven      atomic.Bool
	missed      atomic.Uint64
	renewals    atomic.Uint64
	echo        echo
	incarnation atomic.Uint32 // The incarnation of the stream; 0: subscribers are told none.
	created     time.Time     // Of the consumer that was bound last,
	remade      time.Time     // if it is not the first one: what was stored before may have had other sequences.

	mu      sync.Mutex // Guards the following.
	reason  string     // Why it is not consuming; empty while it is.
	starved string     // Who holds all that may be delivered; empty while that is not so.
	warned  string     // What was said of the consumer last.
}

// NewJetStream prepares a source; Run starts it.
func NewJetStream(conn *nats.Conn, acks *Acks, cfg JetStreamConfig, log *slog.Logger) (*JetStream, error) {
	js, err := NewAPI(conn)
	if err != nil {
		return nil, err
	}
	if cfg.Beat == nil {
		cfg.Beat = func() {}
	}
	j := &JetStream{
		conn: conn, js: js, acks: acks, cfg: cfg,
		log:    log.With("route", cfg.Route, "stream", cfg.Stream, "consumer", cfg.Consumer),
		reason: "not consuming yet", lookEvery: infoInterval, idleAfter: idleAfter,
		askAround: askAround, patience: giveUpAfter,
	}
	j.throttled = slog.New(logthrottle.New(j.log.Handler()))
	j.barrier.raised = make(chan struct{}, 1)
	j.presence = newPresence(conn, cfg.Stream, cfg.Consumer, j.alive, j.meet)
	return j, nil
}

// alive reports whether this replica may hold messages. One whose lease has ended is none that others must mind.
func (j *JetStream) alive() bool {
	if j.cfg.Lease != nil {
		return j.Held(time.Now())
	}
	outstanding, _ := j.held.count()
	return j.running.Load() || outstanding > 0
}

// meet notes that another replica uses the consumer, too. With a lease it is one that shares no leases with this one.
func (j *JetStream) meet() {
	if j.barrier.shared.Swap(true) || !j.running.Load() || !j.cfg.Ordered {
		return
	}
	if j.cfg.Lease == nil {
		j.log.Warn("another replica shares the consumer: order holds within a replica only")
		return
	}
	j.log.Warn("another replica shares the consumer, and not the lease: order holds within a replica only", "advice",
		"give all replicas the same limits.group, limits.shared: true, route names, and the rights in "+
			"docs/permissions.md; give each route a consumer of its own")
}

// replicas is how many replicas take messages from the consumer.
func (j *JetStream) replicas() int {
	if j.cfg.Lease != nil || j.cfg.Replicas == nil {
		return 1
	}
	return max(1, j.cfg.Replicas())
}

// acknowledged returns the reply subjects of what was acknowledged of late, of the sequences above a floor.
func (j *JetStream) acknowledged(floor uint64) []string {
	return slices.DeleteFunc(j.acks.of(j.cfg.Stream, j.cfg.Consumer), func(reply string) bool {
		meta, ok := parseReply(reply)
		return !ok || meta.sequence <= floor || meta.stored.Before(j.remade)
	})
}

// unsettle raises the barrier of an ordered route. One that is up is raised again in any case: whoever had looked at it
// may have lost the consumer since, and nobody else would open it.
func (j *JetStream) unsettle(why string) {
	if j.cfg.Ordered || j.barrier.up.Load() {
		j.barrier.raise(why)
	}
}

// Run submits messages until ctx is done. When the consumer or the stream is missing or goes away, it says so and
// tries again. At the end the route is closed and what is still on its way is handed back at once. With a lease it
// consumes while it has that, and stands by otherwise; at the end it gives it back.
func (j *JetStream) Run(ctx, hard context.Context, route *pipeline.Route) error {
	defer route.Close()
	j.running.Store(true)
	defer j.running.Store(false)
	if err := j.presence.listen(); err != nil {
		return fmt.Errorf("listen for other replicas: %w", err)
	}
	delays := backoff.NewExponentialBackOff(backoff.WithInitialInterval(200*time.Millisecond),
		backoff.WithMaxInterval(10*time.Second), backoff.WithMaxElapsedTime(0))
	defer j.release()
	for ctx.Err() == nil {
		j.cfg.Beat()
		if !j.take(ctx, hard, route) {
			return nil
		}
		began := time.Now()
		err := j.consume(ctx, hard, route)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errLeaseLost) || errors.Is(err, errRecalled) {
			continue
		}
		j.complain(err)
		if errors.Is(err, errReserved) {
			j.release()
			j.rest(ctx)
			return nil
		}
		if time.Since(began) > time.Minute {
			delays.Reset()
			continue // It has worked for long: look at once what has become of the consumer.
		}
		j.cfg.Beat()
		select {
		case <-ctx.Done():
		case <-j.lost():
		case <-j.recalled():
		case <-time.After(delays.NextBackOff()):
		}
	}
	return nil
}

// consume binds to the consumer and submits until ctx is done (nil) or the consumer is gone (why).
func (j *JetStream) consume(ctx, hard context.Context, route *pipeline.Route) error {
	consumer, settings, err := j.bind(ctx, route)
	if err != nil {
		return err
	}
	j.renewAfter.Store(int64(settings.AckWait / 2))
	if hold := j.hold.Load(); hold != nil {
		settings.within((*hold).Expires())
	}
	p := newPuller(j.conn, j.acks.window, j.cfg.Stream, j.cfg.Consumer, route, settings)
	defer p.share.leave()
	p.onLoss = j.unsettle
	j.unsettle("the consumer was bound")
	sub, closed, err := j.subscribe(p, route)
	if err != nil {
		return err
	}
	j.consuming(consumer.CachedInfo(), settings)
	err = j.work(ctx, p, consumer, route)
	j.end(hard, err, &binding{puller: p, consumer: consumer, sub: sub, closed: closed}, route)
	return err
}

const (
	infoInterval = 5 * time.Second
	firstInfo    = 2 * time.Second // After the consumer is bound.
)

// work asks for messages, renews what is held and watches the consumer, until ctx is done (nil) or the consumer is
// lost (why).
func (j *JetStream) work(ctx context.Context, p *puller, consumer jetstream.Consumer, route *pipeline.Route) error {
	connected := j.conn.StatusChanged(nats.CONNECTED)
	defer j.conn.RemoveStatusListener(connected)
	now := time.Now()
	ticked := now
	timer := time.NewTimer(0)
	defer timer.Stop()
	w := watch{
		j: j, p: p, consumer: consumer, route: route, heard: now, began: now,
		asked: now.Add(firstInfo - j.lookEvery), base: consumer.CachedInfo().Delivered.Consumer,
	}
	w.ticked()
	w.ticked()
	w.adapt(now)
	w.greet(consumer.CachedInfo())
	for {
		j.cfg.Beat()
		j.acks.Resend()
		j.cfg.Beat()
		soon, err := w.takeIn(ctx)
		if err != nil {
			return err
		}
		timer.Reset(time.Until(w.nextTick(ticked)))
		select {
		case <-ctx.Done():
			return nil
		case <-j.lost():
			return errLeaseLost
		case <-j.recalled():
			return errRecalled
		case <-route.Wake():
		case <-p.changed:
		case <-j.barrier.raised:
		case <-soon:
		case <-connected:
			asked := p.expected() > 0
			p.reconnected()
			w.cut = true
			if asked || j.cfg.Ordered { // What was on its way is lost.
				j.barrier.raise("the connection was lost")
			}
		case ticked = <-timer.C:
			if !j.Held(ticked) { // It will be known to be lost soon.
				continue
			}
			if err := w.tick(ctx, ticked); err != nil {
				return err
			}
		}
		if lost := p.lostErr(); lost != nil {
			return lost
		}
		if j.echo.suspicious() {
			if err := j.refuseEcho(ctx); err != nil {
				return err
			}
		}
	}
}
