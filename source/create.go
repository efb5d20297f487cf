package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// The server's numbers for why it does not create a consumer.
const (
	codeMaxConsumers     = 10026
	codeUnfilteredTwice  = 10099
	codeFilterNotUnique  = 10100
	codeMustDeliverAll   = 10101
	codeMaxAckPending    = 10121
	codeExceedsThreshold = 10153
)

// create creates the consumer with derived settings, within what the stream and the account allow. When another
// replica has just created it with the same settings, the server returns that one.
func (j *JetStream) create(ctx context.Context) (jetstream.Consumer, error) {
	cfg, _, err := j.cfg.Desired()
	if err != nil {
		return nil, err
	}
	wanted := cfg.MaxAckPending
	from := j.resume.from()
	if !from.IsZero() {
		cfg.DeliverPolicy, cfg.OptStartTime, cfg.OptStartSeq = jetstream.DeliverByStartTimePolicy, &from, 0
	}
	ctx, release := j.guarded(ctx, "CONSUMER.CREATE."+j.cfg.Stream)
	defer release()
	consumer, err := j.js.CreateConsumer(ctx, j.cfg.Stream, cfg)
	for range 2 { // Each of the two is mended once at the most.
		if err == nil || !j.mend(&cfg, err) {
			break
		}
		consumer, err = j.js.CreateConsumer(ctx, j.cfg.Stream, cfg)
	}
	if errors.Is(err, jetstream.ErrConsumerExists) {
		return j.find(ctx)
	}
	if err != nil {
		return nil, refusal(ctx, err)
	}
	j.log.Info("created the consumer", "ack_wait", cfg.AckWait, "max_ack_pending", cfg.MaxAckPending)
	if cfg.MaxAckPending < wanted {
		j.log.Warn("the stream or the account allows the consumer fewer unacknowledged messages than it needs: fewer "+
			"messages are in flight at the same time",
			"wanted", wanted, "max_ack_pending", cfg.MaxAckPending, "advice", raiseAckPending(j.cfg.Stream))
	}
	if !from.IsZero() {
		j.tellResumed(ctx, cfg)
	}
	return consumer, nil
}

// mend changes a consumer's settings so that the server takes them, where it says what it does not take and nothing
// is lost by that.
func (j *JetStream) mend(cfg *jetstream.ConsumerConfig, err error) bool {
	switch codeOf(err) {
	case codeMaxAckPending:
		most := numberAtEnd(err)
		if most <= 0 || most >= cfg.MaxAckPending {
			return false
		}
		cfg.MaxAckPending = most
		return true
	case codeMustDeliverAll: // What was acknowledged is gone from a work queue, so all is what is left.
		if cfg.DeliverPolicy != jetstream.DeliverByStartTimePolicy || j.resume.from().IsZero() {
			return false
		}
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverAllPolicy, nil
		return true
	}
	return false
}

// tellResumed logs how the consumer goes on that was made anew.
func (j *JetStream) tellResumed(ctx context.Context, cfg jetstream.ConsumerConfig) {
	if cfg.OptStartTime == nil {
		j.log.Warn("the consumer was deleted: it has been created again, and delivers all that the work queue " +
			"still has")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	attrs := []any{"from", *cfg.OptStartTime}
	if stream, err := j.stream(ctx); err == nil && stream.Config.Retention == jetstream.InterestPolicy {
		attrs = append(attrs, "lost",
			"what waited, and what came while there was no consumer: the stream keeps messages for consumers only")
	}
	j.log.Warn("the consumer was deleted: it has been created again, and goes on where it was", attrs...)
}

// stream asks for the stream's settings. Not each user may: that is nothing to log.
func (j *JetStream) stream(ctx context.Context) (*jetstream.StreamInfo, error) {
	return j.streamNamed(ctx, j.cfg.Stream)
}

// streamNamed asks for the settings of any stream.
func (j *JetStream) streamNamed(ctx context.Context, name string) (*jetstream.StreamInfo, error) {
	request := "STREAM.INFO." + name
	j.acks.refusals.quietly(j.api(request))
	ctx, release := j.guarded(ctx, request)
	defer release()
	stream, err := j.js.Stream(ctx, name)
	if err != nil {
		return nil, refusal(ctx, err)
	}
	return stream.CachedInfo(), nil
}

// refusedSettings says what to do when the server does not create a consumer with settings as ours; empty if it is
// not that.
func (j *JetStream) refusedSettings(err error) string {
	switch codeOf(err) {
	case codeMaxConsumers:
		return fmt.Sprintf("the stream or the account has as many consumers as it may: delete one that nobody uses "+
			"(`nats consumer ls %s` shows them), or raise max_consumers", j.cfg.Stream)
	case codeUnfilteredTwice, codeFilterNotUnique:
		cfg, _, _ := j.cfg.Desired()
		return overlapText(j.cfg.Stream, filtersOf(cfg), "another consumer")
	case codeMustDeliverAll:
		return mustDeliverAll(j.cfg.Stream)
	case codeMaxAckPending:
		return "fewer unacknowledged messages are allowed than it needs: " + raiseAckPending(j.cfg.Stream)
	case codeExceedsThreshold:
		return fmt.Sprintf(
			"the stream limits inactive_threshold: `nats stream edit %s -i`, consumer_limits", j.cfg.Stream)
	}
	return ""
}

// overlapText says that another consumer takes messages that those with our filters are to take.
func overlapText(stream string, filters []string, other string) string {
	return fmt.Sprintf(
		"stream %s is a work queue, where each message is for one consumer, and %s takes messages of %s already: "+
			"`nats consumer ls %[1]s` shows them; delete it, give the route other subjects, or make that one the "+
			"route's consumer",
		stream, other, cmp.Or(strings.Join(filters, ", "), "the whole stream"))
}

func mustDeliverAll(stream string) string {
	return fmt.Sprintf("stream %s is a work queue, where a consumer must deliver all: set deliver: all", stream)
}

func raiseAckPending(stream string) string {
	return fmt.Sprintf("raise max_ack_pending in the stream's consumer_limits (`nats stream edit %s -i`), in the "+
		"account's limits or in the server's", stream)
}

// codeOf returns the number of an error of the API; 0 for another error.
func codeOf(err error) int {
	if api, ok := errors.AsType[jetstream.JetStreamError](err); ok && api.APIError() != nil {
		return int(api.APIError().ErrorCode)
	}
	return 0
}

// numberAtEnd reads the limit that an error of the API ends with; 0 if it names none.
func numberAtEnd(err error) int {
	api, ok := errors.AsType[jetstream.JetStreamError](err)
	if !ok || api.APIError() == nil {
		return 0
	}
	text := api.APIError().Description
	n, _ := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
	return n
}
