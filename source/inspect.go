package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/subject"
)

// Finding is one thing that Inspect has looked at.
type Finding struct {
	What string // What was looked at. For a warning, what is to be said of it.
	Err  error  // Why the route cannot run; it says what to do.
	Warn bool
}

// inspection collects findings.
type inspection struct {
	j       *JetStream
	all     []Finding
	missing []string // Requests that the user may not make, and that would have told more.
	pending uint64   // What waits for the consumer, as far as it is known.
}

func (i *inspection) pass(what string) { i.all = append(i.all, Finding{What: what}) }
func (i *inspection) warn(what, text string) {
	i.all = append(i.all, Finding{What: what + ": " + text, Warn: true})
}

func (i *inspection) fail(what string, err error) {
	i.all = append(i.all, Finding{What: what, Err: err})
}

// Inspect looks at the stream, the consumer and the permissions without creating anything, and tells what run would
// meet.
func (j *JetStream) Inspect(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 4*bindTimeout)
	defer cancel()
	i := &inspection{j: j}
	if err := j.acks.refusals.maySubscribe(j.conn.NewInbox() + ".*"); err != nil {
		i.fail("permissions", deaf(err))
		return i.all
	}
	stream, err := j.stream(ctx)
	if _, refused := errors.AsType[*RefusedError](err); refused {
		i.missing = append(i.missing, j.api("STREAM.INFO."+j.cfg.Stream))
		i.unmarked()
	} else if err != nil {
		i.fail("stream "+j.cfg.Stream, j.explain(err))
		return i.all
	}
	if err := j.refuseEcho(ctx); err != nil {
		i.fail("stream "+j.cfg.Stream, err)
		return i.all
	}
	if i.consumer(ctx, stream) {
		i.permissions()
	}
	if stream != nil {
		i.durability(stream)
	}
	i.tellMissing()
	return i.all
}

// unmarked tells what a stream that may not be looked at means to subscribers.
func (i *inspection) unmarked() {
	if i.j.cfg.Marked {
		i.warn("batches have no marker", "subscribers cannot drop what comes twice: that takes "+
			i.j.api("STREAM.INFO."+i.j.cfg.Stream))
	}
}

// tellMissing tells what could not be looked at.
func (i *inspection) tellMissing() {
	slices.Sort(i.missing)
	if missing := slices.Compact(i.missing); len(missing) > 0 {
		i.warn("not everything could be looked at", "the NATS user may not publish to "+strings.Join(missing,
			", ")+": grant it (docs/permissions.md), or see to retention, limits and other consumers yourself")
	}
}

// consumer looks at the consumer, or at what would keep it from being created. It reports whether there is one, or
// will be.
func (i *inspection) consumer(ctx context.Context, stream *jetstream.StreamInfo) bool {
	j, what := i.j, "consumer "+i.j.cfg.Consumer
	consumer, err := j.find(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) && j.cfg.Create {
		before := len(i.all)
		i.creation(ctx, stream)
		if !slices.ContainsFunc(i.all[before:], func(f Finding) bool { return f.Err != nil }) {
			i.pass(what + " does not exist yet: run creates it")
			return true
		}
		return false
	}
	if err != nil {
		i.fail(what, j.explain(err))
		return false
	}
	info := consumer.CachedInfo()
	i.pending = info.NumPending + uint64(max(0, info.NumAckPending))
	if _, err := j.check(info.Config); err != nil {
		i.fail(what, err)
		return false
	}
	i.pass(fmt.Sprintf("%s: %d pending, %d unacknowledged", what, info.NumPending, info.NumAckPending))
	if j.cfg.startsElsewhere(info.Config) {
		i.pass(fmt.Sprintf("%s goes on where it stands: the route's deliver counts for one that is created; to start "+
			"there, stop the bridge and `nats consumer rm %s %s`",
			what, j.cfg.Stream, j.cfg.Consumer))
	}
	for _, text := range j.remarks(info, stream) {
		i.warn(what, text)
	}
	if text := pausedText(info); text != "" {
		i.warn(what, text)
	}
	if text := starvedText(info, 0); text != "" {
		i.warn(what, text)
	}
	if stream != nil && info.Config.Replicas > 0 && info.Config.Replicas < stream.Config.Replicas {
		i.pass(fmt.Sprintf(
			"%s: num_replicas %d, the stream has %d: its position is on fewer servers than the messages", what,
			info.Config.Replicas, stream.Config.Replicas))
	}
	return true
}

// creation looks for what would keep the consumer from being created as it should be.
func (i *inspection) creation(ctx context.Context, stream *jetstream.StreamInfo) {
	j, what := i.j, "consumer "+i.j.cfg.Consumer
	cfg, _, err := j.cfg.Desired()
	if err != nil {
		i.fail(what, err)
		return
	}
	create := "CONSUMER.CREATE." + j.cfg.Stream + "." + j.cfg.Consumer
	if cfg.FilterSubject != "" {
		create += "." + cfg.FilterSubject
	}
	// What is no JSON creates nothing.
	if err := j.acks.refusals.mayPublish(j.api(create), []byte("{")); err != nil {
		i.fail(what, err)
	}
	if stream == nil {
		return
	}
	most := func(limit int, whose string) {
		if limit > 0 && limit < cfg.MaxAckPending {
			i.warn(what, fmt.Sprintf(
				"%s allows max_ack_pending %d, %d are wanted: less is in flight at the same time; %s", whose, limit,
				cfg.MaxAckPending, raiseAckPending(j.cfg.Stream)))
		}
	}
	most(stream.Config.ConsumerLimits.MaxAckPending, "the stream")
	if text := j.inactiveText(stream.Config.ConsumerLimits.InactiveThreshold, stream, false); text != "" {
		i.warn(what, text)
	}
	if text := unmatchedText(filtersOf(cfg), stream); text != "" {
		i.warn(what, text)
	}
	if n := stream.Config.MaxConsumers; n > 0 && stream.State.Consumers >= n {
		i.fail(what,
			fmt.Errorf("the stream has %d consumers and may have no more: delete one that nobody uses (`nats "+
				"consumer ls %s` shows them)", stream.State.Consumers, j.cfg.Stream))
	}
	i.account(ctx, what, stream.Config.Replicas, most)
	if stream.Config.Retention != jetstream.WorkQueuePolicy {
		return
	}
	if cfg.DeliverPolicy != jetstream.DeliverAllPolicy {
		i.fail(what, errors.New(mustDeliverAll(j.cfg.Stream)))
	}
	i.overlaps(ctx, what, cfg)
}

// account looks at the account's limits for streams of so many replicas.
func (i *inspection) account(ctx context.Context, what string, replicas int, most func(limit int, whose string)) {
	request := i.j.api("INFO")
	i.j.acks.refusals.quietly(request)
	ctx, release := i.j.guarded(ctx, "INFO")
	defer release()
	account, err := i.j.js.AccountInfo(ctx)
	if err != nil {
		i.missing = append(i.missing, request)
		return
	}
	tier, ok := account.Tiers[fmt.Sprintf("R%d", replicas)]
	if !ok {
		tier = account.Tier
	}
	most(tier.Limits.MaxAckPending, "the account")
	if n := tier.Limits.MaxConsumers; n > 0 && tier.Consumers >= n {
		i.fail(what, fmt.Errorf(
			"the account has %d consumers and may have no more: delete some that nobody uses, or raise its limit",
			tier.Consumers))
	}
}

// overlaps looks for consumers of a work queue that take the same messages.
func (i *inspection) overlaps(ctx context.Context, what string, cfg jetstream.ConsumerConfig) {
	request := i.j.api("CONSUMER.LIST." + i.j.cfg.Stream)
	i.j.acks.refusals.quietly(request)
	ctx, release := i.j.guarded(ctx, "CONSUMER.LIST."+i.j.cfg.Stream)
	defer release()
	stream, err := i.j.js.Stream(ctx, i.j.cfg.Stream)
	if err != nil {
		i.missing = append(i.missing, request)
		return
	}
	consumers := stream.ListConsumers(ctx)
	for other := range consumers.Info() {
		if filtersOverlap(filtersOf(cfg), filtersOf(other.Config)) {
			i.fail(what,
				errors.New(overlapText(i.j.cfg.Stream, filtersOf(cfg), fmt.Sprintf("consumer %s (filter %q)",
					other.Name, filtersOf(other.Config)))))
		}
	}
	if consumers.Err() != nil {
		i.missing = append(i.missing, request)
	}
}

// filtersOverlap reports whether some subject matches a filter of each. No filter is all subjects.
func filtersOverlap(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, one := range a {
		for _, other := range b {
			if subject.Overlap(one, other) {
				return true
			}
		}
	}
	return false
}

// permissions looks whether the user may do what consuming needs. Nothing is delivered or acknowledged by that.
func (i *inspection) permissions() {
	r, stream, consumer := i.j.acks.refusals, i.j.cfg.Stream, i.j.cfg.Consumer
	for _, try := range []struct{ subject, data string }{
		{i.j.api("CONSUMER.MSG.NEXT." + stream + "." + consumer), "{"},
		{i.j.acksOf() + nobody, string(ackProgress)},
	} {
		if err := r.mayPublish(try.subject, []byte(try.data)); err != nil {
			i.fail("permissions", err)
		}
	}
}
