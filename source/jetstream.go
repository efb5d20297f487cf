package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	Route         string
	Stream        string
	Subject       string // The consumer's filter; empty for the whole stream.
	Consumer      string // The durable's name.
	Create        bool   // Create the consumer when it is missing.
	DeliverNew    bool   // A created consumer starts with new messages rather than with all.
	Template      *Template
	Circumstances Circumstances
}

// JetStream takes messages from a durable pull consumer.
type JetStream struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	cfg    JetStreamConfig
	log    *slog.Logger
	topics topicCache

	unsettled atomic.Int64 // Acknowledgements that could not even be queued.
	pending   atomic.Int64
	ackWaits  atomic.Int64 // Delivered and not acknowledged, by all replicas.

	mu     sync.Mutex // Guards the following.
	reason string     // Why it is not consuming; empty while it is.
}

// NewJetStream prepares a source; Run starts it.
func NewJetStream(conn *nats.Conn, cfg JetStreamConfig, log *slog.Logger) (*JetStream, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return &JetStream{
		conn: conn, js: js, cfg: cfg,
		log:    log.With("route", cfg.Route, "stream", cfg.Stream, "consumer", cfg.Consumer),
		topics: topicCache{template: cfg.Template},
		reason: "not consuming yet",
	}, nil
}

const (
	bindTimeout  = 5 * time.Second
	infoInterval = 15 * time.Second
)

// Run submits messages until ctx is done. When the consumer or the stream is missing or goes away, it says so and tries again.
// At the end the route is closed and what the client still holds is handed back at once.
func (j *JetStream) Run(ctx, hard context.Context, route *pipeline.Route) error {
	defer route.Close()
	delays := backoff.NewExponentialBackOff(backoff.WithInitialInterval(200*time.Millisecond),
		backoff.WithMaxInterval(10*time.Second), backoff.WithMaxElapsedTime(0))
	for ctx.Err() == nil {
		began := time.Now()
		err := j.consume(ctx, hard, route)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > time.Minute {
			delays.Reset()
		}
		j.complain(err)
		select {
		case <-ctx.Done():
		case <-time.After(delays.NextBackOff()):
		}
	}
	return nil
}

// consume binds to the consumer and submits until ctx is done (nil) or the consumer is gone (why).
func (j *JetStream) consume(ctx, hard context.Context, route *pipeline.Route) error {
	consumer, settings, err := j.bind(ctx)
	if err != nil {
		return err
	}
	route.Limit(settings.Held)
	lost := make(chan error, 1)
	consuming, err := consumer.Consume(func(m jetstream.Msg) { j.submit(m, route) },
		jetstream.PullMaxMessagesWithBytesLimit(settings.Prefetch, settings.PrefetchBytes),
		jetstream.PullExpiry(settings.PullExpiry),
		jetstream.PullHeartbeat(settings.Heartbeat),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { j.consumeError(err, lost) }))
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	j.consuming(consumer.CachedInfo(), settings)
	err = j.watch(ctx, consumer, consuming, lost)
	if err != nil {
		consuming.Stop()
		select {
		case <-consuming.Closed():
			return err
		case <-ctx.Done(): // A full queue holds the callback.
		}
	}
	j.setReason("stopping")
	route.Close() // From here on, whatever the client still holds is handed back as it is submitted.
	consuming.Drain()
	select {
	case <-consuming.Closed():
	case <-hard.Done():
	}
	return nil
}

// watch refreshes the consumer's numbers until ctx is done (nil) or the consumer is lost (why).
func (j *JetStream) watch(ctx context.Context, consumer jetstream.Consumer, consuming jetstream.ConsumeContext, lost chan error) error {
	ticks := time.NewTicker(infoInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-consuming.Closed():
			select {
			case err := <-lost:
				return err
			default:
				return errors.New("the consumer stopped delivering")
			}
		case <-ticks.C:
			j.refresh(ctx, consumer)
		}
	}
}

func (j *JetStream) refresh(ctx context.Context, consumer jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	if info, err := consumer.Info(ctx); err == nil {
		j.numbers(info)
	}
}

func (j *JetStream) numbers(info *jetstream.ConsumerInfo) {
	j.pending.Store(int64(info.NumPending))
	j.ackWaits.Store(int64(info.NumAckPending))
}

func (j *JetStream) submit(m jetstream.Msg, route *pipeline.Route) {
	message := pipeline.Message{Topic: j.topics.topic(m.Subject()), Payload: m.Data(), Time: time.Now(), Handle: m}
	if meta, err := m.Metadata(); err == nil {
		message.Time = meta.Timestamp
		message.Redelivered = meta.NumDelivered > 1
		j.pending.Store(int64(meta.NumPending))
	}
	route.Submit(message)
}

// Settle implements pipeline.Settler.
func (j *JetStream) Settle(handle any, o pipeline.Outcome) {
	m := handle.(jetstream.Msg)
	var err error
	switch o {
	case pipeline.Published:
		err = m.Ack()
	case pipeline.Returned:
		err = m.Nak()
	case pipeline.DeadLettered, pipeline.Dropped, pipeline.Expired:
		err = m.TermWithReason(o.String())
	}
	if err != nil && j.unsettled.Add(1) == 1 {
		j.log.Error("an acknowledgement could not be sent: the message will be delivered again", "error", err)
	}
}

// consumeError notes what nats.go reports while consuming. Missing heartbeats it mends itself.
func (j *JetStream) consumeError(err error, lost chan error) {
	if errors.Is(err, jetstream.ErrNoHeartbeat) {
		j.log.Debug("missed a heartbeat of the consumer", "error", err)
		return
	}
	select {
	case lost <- err:
	default:
	}
	j.log.Warn("the consumer reports an error", "error", err)
}

func (j *JetStream) consuming(info *jetstream.ConsumerInfo, s Settings) {
	j.numbers(info)
	j.setReason("")
	j.log.Info("consuming JetStream", "pending", info.NumPending, "ack_pending", info.NumAckPending,
		"ack_wait", s.AckWait, "max_ack_pending", s.MaxAckPending, "prefetch", s.Prefetch, "held", s.Held)
}

// complain logs a failure to consume when it is not the same as before.
func (j *JetStream) complain(err error) {
	if j.setReason(err.Error()) {
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

// Ready reports whether the consumer is bound, and if not, why.
func (j *JetStream) Ready() (bool, string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reason == "", j.reason
}

// Pending returns the consumer's messages that are not delivered yet, and those that are and wait for their acknowledgement.
func (j *JetStream) Pending() (undelivered, unacknowledged int64) {
	return j.pending.Load(), j.ackWaits.Load()
}
