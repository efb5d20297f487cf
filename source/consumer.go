package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

const bindTimeout = 5 * time.Second

var errNotConnected = errors.New("not connected to NATS")

// bind returns the route's consumer and the settings to use it with. A consumer that exists is checked and never
// changed. When it is not the one that was bound before, that one's deliveries are void: the stream delivers their
// messages again, so they are given up.
func (j *JetStream) bind(ctx context.Context, route *pipeline.Route) (jetstream.Consumer, Settings, error) {
	if !j.conn.IsConnected() {
		return nil, Settings{}, errNotConnected
	}
	if err := j.answerable(); err != nil {
		return nil, Settings{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	if j.echo.likely(j.cfg.carried()) {
		if err := j.refuseEcho(ctx); err != nil {
			return nil, Settings{}, err
		}
	}
	if err := j.preparePartitions(ctx); err != nil {
		return nil, Settings{}, err
	}
	consumer, err := j.find(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		j.abandon(route)
		if j.cfg.Create {
			consumer, err = j.create(ctx)
		}
	}
	if err != nil {
		return nil, Settings{}, j.explain(err)
	}
	info := consumer.CachedInfo()
	if !info.Created.Equal(j.created) {
		j.abandon(route)
		if !j.created.IsZero() {
			j.remade = info.Created
		}
		j.created = info.Created
		j.barrier.anew()
		j.incarnation.Store(0)
	}
	settings, err := j.check(info.Config)
	if err == nil {
		j.warn(ctx, info)
		j.identify(ctx)
	}
	return consumer, settings, err
}

// abandon gives up what is held of a consumer that is gone. What is in flight goes on, and is not known again.
func (j *JetStream) abandon(route *pipeline.Route) {
	route.Abandon()
	j.held.forget()
}

// find looks for the consumer.
func (j *JetStream) find(ctx context.Context) (jetstream.Consumer, error) {
	ctx, release := j.guarded(ctx, "CONSUMER.INFO."+j.cfg.Stream+"."+j.cfg.Consumer)
	defer release()
	consumer, err := j.js.Consumer(ctx, j.cfg.Stream, j.cfg.Consumer)
	return consumer, refusal(ctx, err)
}

// refusal returns what the server refuses where that has ended ctx, and otherwise err.
func refusal(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*RefusedError](context.Cause(ctx)); ok && err != nil {
		return refused
	}
	return err
}

// Desired is the consumer that is created when it is missing, and the settings to use it with.
func (c JetStreamConfig) Desired() (jetstream.ConsumerConfig, Settings, error) {
	circumstances := c.Circumstances
	circumstances.AckWait, circumstances.MaxAckPending = 0, 0
	s, err := Derive(circumstances)
	cfg := jetstream.ConsumerConfig{
		Durable:        c.Consumer,
		Description:    "momento-bridge, route " + c.Route,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        s.AckWait,
		MaxDeliver:     -1, // A limit would abandon messages; see check.
		FilterSubject:  c.Subject,
		FilterSubjects: c.Subjects,
		MaxAckPending:  s.MaxAckPending,
		MaxWaiting:     s.MaxWaiting,
	}
	c.start(&cfg)
	return cfg, s, err
}

// check refuses a consumer that would lose or double messages, and derives our settings from its own.
func (j *JetStream) check(cfg jetstream.ConsumerConfig) (Settings, error) {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if cfg.AckPolicy != jetstream.AckExplicitPolicy {
		problem("its ack_policy is %s, it must be explicit: a message is acknowledged once the endpoint has "+
			"accepted it",
			strings.ToLower(strings.TrimPrefix(cfg.AckPolicy.String(), "Ack")))
	}
	if cfg.MaxDeliver > 0 {
		problem("its max_deliver is %d, it must be -1: restarts count as deliveries, and the server would abandon "+
			"messages that were never tried", cfg.MaxDeliver)
	}
	if len(cfg.BackOff) > 0 {
		problem("it has a backoff, it must have none: the server adds it to every delay that is asked for")
	}
	if cfg.DeliverSubject != "" {
		problem("it is a push consumer, a pull consumer is needed")
	}
	if cfg.PriorityPolicy != jetstream.PriorityPolicyNone || len(cfg.PriorityGroups) > 0 {
		problem("it has the priority groups %q, and gives nothing to requests that name none, as ours: use a "+
			"consumer without them", cfg.PriorityGroups)
	}
	if cfg.HeadersOnly {
		problem("it delivers headers only, so the payloads are missing")
	}
	if filters, own := filtersOf(cfg), j.cfg.Filters(); len(own) > 0 && !sameFilters(filters, own) {
		problem("its filter is %s, the route's is %s; make them the same, for example with `nats consumer "+
			"edit %s %s%s`",
			cmp.Or(strings.Join(filters, ", "), "empty"), strings.Join(own,
				", "), j.cfg.Stream, j.cfg.Consumer, filterFlags(own))
	}
	c := j.cfg.Circumstances
	c.AckWait, c.MaxAckPending = cfg.AckWait, max(cfg.MaxAckPending, 0)
	s, err := Derive(c)
	if err != nil {
		problems = append(problems, err)
	}
	s.limitRequests(cfg)
	if len(problems) > 0 {
		return s, fmt.Errorf(
			"consumer %s of stream %s cannot be used (an existing consumer is never changed: edit it, or "+
				"delete it, and a new one starts "+
				"where the route's deliver says): %w", j.cfg.Consumer, j.cfg.Stream, errors.Join(problems...))
	}
	return s, nil
}

// filterFlags are filters as the nats command line takes them.
func filterFlags(filters []string) string {
	var flags strings.Builder
	for _, filter := range filters {
		flags.WriteString(" --filter '" + filter + "'")
	}
	return flags.String()
}

// filtersOf are a consumer's filters.
func filtersOf(cfg jetstream.ConsumerConfig) []string {
	if cfg.FilterSubject != "" {
		return []string{cfg.FilterSubject}
	}
	return cfg.FilterSubjects
}

// explain says what to do about an error of the JetStream API.
func (j *JetStream) explain(err error) error {
	if text := j.refusedSettings(err); text != "" {
		return fmt.Errorf("consumer %s of stream %s cannot be created: %s: %w", j.cfg.Consumer, j.cfg.Stream, text, err)
	}
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && j.cfg.Partitions != nil:
		return j.missingPartitions(nil, err)
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf(
			"stream %s does not exist: create it, for example with `nats stream add %s --subjects '%s'`%s: %w",
			j.cfg.Stream, j.cfg.Stream, cmp.Or(strings.Join(j.cfg.Filters(), ","), "..."), apiOf(j.conn).hint(), err)
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return fmt.Errorf(
			"consumer %s of stream %s does not exist: create it or set create_consumer: true: %w", j.cfg.Consumer,
			j.cfg.Stream, err)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("JetStream is not enabled on the server or for the account: enable it (nats-server -js, or "+
			"the account's jetstream limits)%s; or leave the route's stream away: %w", apiOf(j.conn).hint(), err)
	case errors.Is(err, context.DeadlineExceeded):
		return j.unanswered(err)
	}
	return err
}

// unanswered says what to do about a request that had no answer.
func (j *JetStream) unanswered(err error) error {
	return fmt.Errorf("JetStream does not answer: check that the NATS user may publish to %s and subscribe to %s> "+
		"(docs/permissions.md; nats.inbox_prefix), and that the server is healthy: %w",
		apiOf(j.conn).granted("CONSUMER.>"), inboxPrefix(j.conn), err)
}

// answerable returns why no answer can be received; nil if one can. Where our inbox was refused, nats.go never asks
// for it again, so that a new connection is made once it is allowed.
func (j *JetStream) answerable() error {
	refused, ok := j.acks.refusals.inboxes()
	if !ok {
		return nil
	}
	if j.acks.refusals.maySubscribe(j.conn.NewInbox()+".*") != nil {
		return deaf(&refused)
	}
	j.acks.refusals.forget(refused)
	j.log.Warn("the NATS user may receive answers again: reconnecting to NATS")
	if err := j.conn.ForceReconnect(); err != nil {
		return fmt.Errorf("reconnect to NATS: %w", err)
	}
	return errNotConnected
}

// deaf says what to do where our inbox is refused.
func deaf(err error) error {
	return fmt.Errorf("answers cannot be received: %w, or set nats.inbox_prefix to what the user may subscribe to", err)
}
