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

	"momento-bridge/pipeline"
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
	Template        *Template
	// Ordered keeps what is delivered in the order of the stream, whatever happens to connections, replicas and servers; see barrier.
	Ordered bool
	// Overload is what the pipeline does with more messages than it can publish.
	Overload      pipeline.Overload
	Circumstances Circumstances
	// Beat is called by the goroutine that consumes, however long NATS is away: every half minute at the least. nil: nobody asks.
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
	presence *presence // Of other replicas; for ordered routes only.
	running  atomic.Bool

	lookEvery  time.Duration // How often the consumer's numbers are asked for.
	renewAfter atomic.Int64  // Nanoseconds: half of the consumer's AckWait.
	quiet      hush          // For what may repeat with each message or tick.
	pending    atomic.Int64
	ackWaits   atomic.Int64 // Delivered and not acknowledged, by all replicas.
	proven     atomic.Bool  // The server has answered a probe of acknowledgements, so that silence means that none arrives.
	missed     atomic.Uint64
	renewals   atomic.Uint64
	echo       echo
	created    time.Time // Of the consumer that was bound last,
	remade     time.Time // if it is not the first one: what was stored before may have had other sequences.

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
		reason: "not consuming yet", lookEvery: infoInterval,
	}
	j.barrier.raised = make(chan struct{}, 1)
	j.presence = newPresence(conn, cfg.Stream, cfg.Consumer, j.alive, j.meet)
	return j, nil
}

// alive reports whether this replica may hold messages.
func (j *JetStream) alive() bool {
	outstanding, _ := j.held.count()
	return j.running.Load() || outstanding > 0
}

// meet notes that another replica uses the consumer, too.
func (j *JetStream) meet() {
	if !j.barrier.shared.Swap(true) && j.running.Load() {
		j.log.Warn("another replica shares the consumer: order holds within a replica only")
	}
}

// acknowledged returns the reply subjects of what was acknowledged of late, of the sequences above a floor.
func (j *JetStream) acknowledged(floor uint64) []string {
	return slices.DeleteFunc(j.acks.of(j.cfg.Stream, j.cfg.Consumer), func(reply string) bool {
		meta, ok := parseReply(reply)
		return !ok || meta.sequence <= floor || meta.stored.Before(j.remade)
	})
}

// unsettle raises the barrier of an ordered route.
func (j *JetStream) unsettle(why string) {
	if j.cfg.Ordered {
		j.barrier.raise(why)
	}
}

// Run submits messages until ctx is done. When the consumer or the stream is missing or goes away, it says so and tries again.
// At the end the route is closed and what is still on its way is handed back at once.
func (j *JetStream) Run(ctx, hard context.Context, route *pipeline.Route) error {
	defer route.Close()
	if j.cfg.Ordered {
		j.running.Store(true)
		defer j.running.Store(false)
		if err := j.presence.listen(); err != nil {
			return fmt.Errorf("listen for other replicas: %w", err)
		}
	}
	delays := backoff.NewExponentialBackOff(backoff.WithInitialInterval(200*time.Millisecond),
		backoff.WithMaxInterval(10*time.Second), backoff.WithMaxElapsedTime(0))
	for ctx.Err() == nil {
		j.cfg.Beat()
		began := time.Now()
		err := j.consume(ctx, hard, route)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		j.complain(err)
		if errors.Is(err, errReserved) {
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
	p := newPuller(j.conn, j.cfg.Stream, j.cfg.Consumer, route, settings)
	p.onLoss = j.unsettle
	j.unsettle("the consumer was bound")
	sub, closed, err := j.subscribe(p, route)
	if err != nil {
		return err
	}
	j.consuming(consumer.CachedInfo(), settings)
	err = j.work(ctx, p, consumer, route)
	if drainErr := sub.Drain(); drainErr != nil { // First, so that nothing handed back comes here again.
		j.log.Debug("drain the inbox", "error", drainErr)
	}
	if err == nil {
		j.setReason("stopping")
		j.prepareHandBack(hard, consumer, sub, closed)
		route.Close() // What is still on its way is handed back as it is submitted.
	}
	j.awaitClosed(hard, sub, closed)
	p.reconnected()
	j.barrier.giveBack(func(handle any) { j.Settle(handle, pipeline.Returned) })
	return err
}

// arrivalTime is how long a stop waits before it hands back.
const arrivalTime = time.Second

// prepareHandBack makes sure that messages come again in the order in which they are handed back: it waits for those still on their way, and
// makes the server forget our open requests. nats-server 2.15 looks at a message that was handed back at once, and when all that waits for one
// are requests of somebody who has left, it puts the message behind the others; asking for the consumer's numbers removes such requests.
func (j *JetStream) prepareHandBack(hard context.Context, consumer jetstream.Consumer, sub *nats.Subscription, closed chan struct{}) {
	soon, cancel := context.WithTimeout(hard, arrivalTime)
	defer cancel()
	j.awaitClosed(soon, sub, closed)
	if j.conn.IsConnected() {
		if _, err := consumer.Info(soon); err != nil {
			j.log.Debug("look at the consumer before handing back", "error", err)
		}
	}
}

// subscribe makes the inbox. Everything that comes was asked for, so the client's own limits would only lose it.
func (j *JetStream) subscribe(p *puller, route *pipeline.Route) (*nats.Subscription, chan struct{}, error) {
	closed := make(chan struct{})
	topics := topicCache{template: j.cfg.Template}
	stopped, arrived := false, arrivals{}
	reserved := newReserved(j.conn, j.cfg.Filters(), j.cfg.Stream, j.cfg.Consumer)
	sub, err := j.conn.Subscribe(p.inbox+".*", func(m *nats.Msg) {
		switch {
		case !p.receive(m):
		case stopped:
			route.Release(1)
		case reserved.has(m.Subject):
			stopped = true
			route.Release(1)
			p.lose(j.reservedError(m.Subject))
		default:
			if arrived.heard(m, &j.echo) {
				p.signal()
			}
			j.submit(m, topics.topic(m.Subject), route)
		}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("subscribe to the inbox: %w", err)
	}
	sub.SetClosedHandler(func(string) { close(closed) })
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, nil, fmt.Errorf("set the limits of the inbox: %w", err)
	}
	return sub, closed, nil
}

// awaitClosed waits until the callback has had its last message. Without a connection nothing can arrive any more, and nats.go would
// wait for the server in vain.
func (j *JetStream) awaitClosed(hard context.Context, sub *nats.Subscription, closed chan struct{}) {
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for {
		j.cfg.Beat()
		select {
		case <-closed:
			return
		case <-hard.Done():
			return
		case <-ticks.C:
			if pending, _, err := sub.Pending(); err == nil && pending == 0 && !j.conn.IsConnected() {
				return
			}
		}
	}
}

const (
	infoInterval = 5 * time.Second
	firstInfo    = 2 * time.Second // After the consumer is bound.
)

// work asks for messages, renews what is held and watches the consumer, until ctx is done (nil) or the consumer is lost (why).
func (j *JetStream) work(ctx context.Context, p *puller, consumer jetstream.Consumer, route *pipeline.Route) error {
	connected := j.conn.StatusChanged(nats.CONNECTED)
	defer j.conn.RemoveStatusListener(connected)
	ticks := time.NewTicker(p.limits.tick())
	defer ticks.Stop()
	now := time.Now()
	w := watch{j: j, p: p, consumer: consumer, route: route, heard: now, began: now, asked: now.Add(firstInfo - j.lookEvery)}
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
		select {
		case <-ctx.Done():
			return nil
		case <-route.Wake():
		case <-p.changed:
		case <-j.barrier.raised:
		case <-soon:
		case <-connected:
			p.reconnected()
			j.unsettle("the connection was lost")
		case now := <-ticks.C:
			if err := w.tick(ctx, now); err != nil {
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

// takeIn asks for messages: for those that are unacknowledged while the barrier is up, and otherwise for as many as there is room for. It returns
// what says when to call it again, at the latest. While acknowledgements do not arrive it asks for nothing.
func (w *watch) takeIn(ctx context.Context) (<-chan time.Time, error) {
	now := time.Now()
	if !w.acksArrive(now) {
		return nil, nil
	}
	if !w.j.barrier.up.Load() {
		return nil, w.p.pull(now)
	}
	if !w.j.conn.IsConnected() {
		return nil, nil
	}
	if err := w.settle(ctx); err != nil || !w.j.barrier.up.Load() {
		return closedTime, err
	}
	return time.After(w.settling.poll()), nil
}

// closedTime is always ready.
var closedTime = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// submit hands a message to the pipeline. It runs on the inbox's one goroutine.
func (j *JetStream) submit(m *nats.Msg, topic string, route *pipeline.Route) {
	now := time.Now()
	message := pipeline.Message{Topic: topic, Payload: m.Data, Time: now}
	meta, ok := parseReply(m.Reply)
	if ok {
		message.Time = meta.stored
		message.Redelivered = meta.deliveries > 1
		j.pending.Store(int64(meta.pending))
		j.resume.delivered(meta.sequence, meta.stored)
	}
	if j.cfg.Ordered && ok && j.barrier.holds(meta.consumer) &&
		j.barrier.wait(meta.sequence, message, func() *delivery { return j.note(m, meta.sequence, now, route) }) {
		return
	}
	if d := j.note(m, meta.sequence, now, route); d != nil {
		message.Handle = d
		route.Submit(message)
	}
}

// note notes a delivery. It returns nil for a message that must not be published twice.
func (j *JetStream) note(m *nats.Msg, sequence uint64, now time.Time, route *pipeline.Route) *delivery {
	d, ended := j.held.add(m, sequence, now.Add(time.Duration(j.renewAfter.Load())))
	if d != nil {
		return d
	}
	route.Release(1)
	if ended {
		if err := j.acks.done(m.Reply, true); err != nil {
			j.log.Debug("acknowledge once more", "error", err)
		}
	}
	return nil
}

// Settle implements pipeline.Settler.
func (j *JetStream) Settle(handle any, o pipeline.Outcome) {
	m, last := j.held.remove(handle.(*delivery), o != pipeline.Returned)
	var err error
	switch o {
	case pipeline.Published, pipeline.Expired, pipeline.Skipped:
		err = j.acks.done(m.Reply, last)
	case pipeline.Returned:
		err = j.acks.handBack(m.Reply)
	case pipeline.Dropped:
		if j.cfg.Overload != pipeline.Block { // As usual there, and not worth an advisory each.
			err = j.acks.done(m.Reply, last)
			break
		}
		err = j.acks.term(m.Reply, fmt.Appendf(nil, "%s %s", ackNever, o))
	case pipeline.DeadLettered:
		err = j.acks.term(m.Reply, fmt.Appendf(nil, "%s %s", ackNever, o))
	}
	if err == nil {
		return
	}
	if more, due := j.quiet.due("unacknowledged"); due {
		j.log.Error("an acknowledgement could not be sent: the message will be delivered again", append(more, "error", err)...)
	}
}

func (j *JetStream) consuming(info *jetstream.ConsumerInfo, s Settings) {
	j.numbers(info)
	j.setReason("")
	j.log.Info("consuming JetStream", "pending", info.NumPending, "ack_pending", info.NumAckPending,
		"ack_wait", s.AckWait, "max_ack_pending", s.MaxAckPending, "held", s.Held)
}

func (j *JetStream) numbers(info *jetstream.ConsumerInfo) {
	j.pending.Store(int64(info.NumPending))
	j.ackWaits.Store(int64(info.NumAckPending))
	j.resume.acknowledged(info)
}

// complain logs a failure to consume when it is not the same as before. That there is no connection is said once, by the connection.
func (j *JetStream) complain(err error) {
	if j.setReason(err.Error()) && !errors.Is(err, errNotConnected) {
		j.log.Error("cannot consume, still trying", "error", err)
	}
}

// setReason reports whether the reason has changed.
func (j *JetStream) setReason(reason string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	changed := j.reason != reason
	j.reason = reason
	return changed
}

// Ready reports whether the consumer is bound and delivers, and if not, why.
func (j *JetStream) Ready() (bool, string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reason == "", j.reason
}

// Pending returns the consumer's messages that are not delivered yet, and those that are and wait for their acknowledgement.
func (j *JetStream) Pending() (undelivered, unacknowledged int64) {
	return j.pending.Load(), j.ackWaits.Load()
}

// Missed is how often the consumer was silent for longer than its heartbeats allow.
func (j *JetStream) Missed() uint64 { return j.missed.Load() }

// Renewals is how many deliveries have had their time to be acknowledged extended.
func (j *JetStream) Renewals() uint64 { return j.renewals.Load() }

// gone reports whether an error means that the consumer does not exist.
func gone(err error) bool {
	return errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound)
}
