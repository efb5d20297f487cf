package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

const bindTimeout = 5 * time.Second

var errNotConnected = errors.New("not connected to NATS")

// bind returns the route's consumer and the settings to use it with. A consumer that exists is checked and never changed. When it is not
// the one that was bound before, that one's deliveries are void: the stream delivers their messages again, so they are given up.
func (j *JetStream) bind(ctx context.Context, route *pipeline.Route) (jetstream.Consumer, Settings, error) {
	if !j.conn.IsConnected() {
		return nil, Settings{}, errNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	if j.echo.likely(j.cfg.Subject) {
		if err := j.refuseEcho(ctx); err != nil {
			return nil, Settings{}, err
		}
	}
	consumer, err := j.js.Consumer(ctx, j.cfg.Stream, j.cfg.Consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		route.Abandon()
		if j.cfg.Create {
			consumer, err = j.create(ctx)
		}
	}
	if err != nil {
		return nil, Settings{}, j.explain(err)
	}
	info := consumer.CachedInfo()
	if !info.Created.Equal(j.created) {
		route.Abandon()
		j.created = info.Created
	}
	settings, err := j.check(info.Config)
	return consumer, settings, err
}

// Try looks for the stream and the consumer without creating anything, and says what it found.
func (j *JetStream) Try(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	if _, err := j.js.Stream(ctx, j.cfg.Stream); err != nil {
		return "stream " + j.cfg.Stream, j.explain(err)
	}
	if err := j.refuseEcho(ctx); err != nil {
		return "stream " + j.cfg.Stream, err
	}
	consumer, err := j.js.Consumer(ctx, j.cfg.Stream, j.cfg.Consumer)
	what := "consumer " + j.cfg.Consumer
	if errors.Is(err, jetstream.ErrConsumerNotFound) && j.cfg.Create {
		return what + " does not exist yet: run creates it", nil
	}
	if err != nil {
		return what, j.explain(err)
	}
	info := consumer.CachedInfo()
	if _, err := j.check(info.Config); err != nil {
		return what, err
	}
	return fmt.Sprintf("%s: %d pending, %d unacknowledged", what, info.NumPending, info.NumAckPending), nil
}

// create creates the consumer with derived settings. When another replica has just created it with the same settings, the
// server returns that one.
func (j *JetStream) create(ctx context.Context) (jetstream.Consumer, error) {
	cfg, _, err := j.cfg.Desired()
	if err != nil {
		return nil, err
	}
	if from := j.resume.from(); !from.IsZero() {
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &from
		j.log.Warn("the consumer was deleted: it is made anew and goes on where it stood", "from", from)
	}
	consumer, err := j.js.CreateConsumer(ctx, j.cfg.Stream, cfg)
	if err == nil {
		j.log.Info("created the consumer", "ack_wait", cfg.AckWait, "max_ack_pending", cfg.MaxAckPending)
	}
	if errors.Is(err, jetstream.ErrConsumerExists) {
		return j.js.Consumer(ctx, j.cfg.Stream, j.cfg.Consumer)
	}
	return consumer, err
}

// Desired is the consumer that is created when it is missing, and the settings to use it with.
func (c JetStreamConfig) Desired() (jetstream.ConsumerConfig, Settings, error) {
	circumstances := c.Circumstances
	circumstances.AckWait, circumstances.MaxAckPending = 0, 0
	s, err := Derive(circumstances)
	deliver := jetstream.DeliverAllPolicy
	if c.DeliverNew {
		deliver = jetstream.DeliverNewPolicy
	}
	return jetstream.ConsumerConfig{
		Durable:       c.Consumer,
		Description:   "momento-bridge, route " + c.Route,
		DeliverPolicy: deliver,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       s.AckWait,
		MaxDeliver:    -1, // A limit would abandon messages; see check.
		FilterSubject: c.Subject,
		MaxAckPending: s.MaxAckPending,
		MaxWaiting:    s.MaxWaiting,
	}, s, err
}

// check refuses a consumer that would lose or double messages, and derives our settings from its own.
func (j *JetStream) check(cfg jetstream.ConsumerConfig) (Settings, error) {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if cfg.AckPolicy != jetstream.AckExplicitPolicy {
		problem("its ack_policy is %s, it must be explicit: a message is acknowledged once the endpoint has accepted it",
			strings.ToLower(strings.TrimPrefix(cfg.AckPolicy.String(), "Ack")))
	}
	if cfg.MaxDeliver > 0 {
		problem("its max_deliver is %d, it must be -1: restarts count as deliveries, and the server would abandon messages that were never tried", cfg.MaxDeliver)
	}
	if len(cfg.BackOff) > 0 {
		problem("it has a backoff, it must have none: the server adds it to every delay that is asked for")
	}
	if cfg.DeliverSubject != "" {
		problem("it is a push consumer, a pull consumer is needed")
	}
	if cfg.HeadersOnly {
		problem("it delivers headers only, so the payloads are missing")
	}
	if filters := filtersOf(cfg); j.cfg.Subject != "" && !slices.Equal(filters, []string{j.cfg.Subject}) {
		problem("its filter is %q, the route's subject is %q; make them the same", filters, j.cfg.Subject)
	}
	c := j.cfg.Circumstances
	c.AckWait, c.MaxAckPending = cfg.AckWait, max(cfg.MaxAckPending, 0)
	s, err := Derive(c)
	if err != nil {
		problems = append(problems, err)
	}
	s.limitRequests(cfg)
	if len(problems) > 0 {
		return s, fmt.Errorf("consumer %s of stream %s cannot be used (an existing consumer is never changed; edit or delete it): %w",
			j.cfg.Consumer, j.cfg.Stream, errors.Join(problems...))
	}
	return s, nil
}

func filtersOf(cfg jetstream.ConsumerConfig) []string {
	if cfg.FilterSubject != "" {
		return []string{cfg.FilterSubject}
	}
	return cfg.FilterSubjects
}

// explain says what to do about an error of the JetStream API.
func (j *JetStream) explain(err error) error {
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("stream %s does not exist: create it, for example with `nats stream add %s --subjects '%s'`: %w",
			j.cfg.Stream, j.cfg.Stream, cmp.Or(j.cfg.Subject, "..."), err)
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return fmt.Errorf("consumer %s of stream %s does not exist: create it or set create_consumer: true: %w", j.cfg.Consumer, j.cfg.Stream, err)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("JetStream is not enabled on the server or for the account: enable it (nats-server -js, or the account's jetstream limits), or leave the route's stream away: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("JetStream does not answer: check that the NATS user may publish to $JS.API.CONSUMER.> and subscribe to _INBOX.> (docs/permissions.md), and that the server is healthy: %w", err)
	}
	return err
}
