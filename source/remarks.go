package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// remarks are what works with a consumer and is probably not meant, each with what to do. The stream's settings may
// not be known: nil.
func (j *JetStream) remarks(info *jetstream.ConsumerInfo, stream *jetstream.StreamInfo) []string {
	var texts []string
	cfg := &info.Config
	if text := j.inactiveText(cfg.InactiveThreshold, stream, true); text != "" {
		texts = append(texts, text)
	}
	if cfg.ReplayPolicy == jetstream.ReplayOriginalPolicy {
		texts = append(texts, "its replay_policy is original: the server delivers as slowly as messages were stored, "+
			"so a backlog is never caught up with; use a consumer with instant")
	}
	if cfg.MemoryStorage {
		texts = append(texts,
			"it keeps in memory what is acknowledged (mem_storage): when its server restarts messages are published "+
				"again; use a consumer on disk")
	}
	if cfg.MaxWaiting > 0 && cfg.MaxWaiting < replicas*openPulls {
		texts = append(texts,
			fmt.Sprintf("its max_waiting is %d: each replica needs up to %d, and those that find no room wait; use a "+
				"consumer with at least %d", cfg.MaxWaiting, openPulls, replicas*openPulls))
	}
	if text := unmatchedText(filtersOf(*cfg), stream); text != "" {
		texts = append(texts, text)
	}
	return texts
}

// unmatchedText names filters that no subject of the stream can match; empty if there is none, or it cannot be told.
func unmatchedText(filters []string, stream *jetstream.StreamInfo) string {
	if stream == nil || stream.Config.Mirror != nil || len(stream.Config.Sources) > 0 ||
		stream.Config.SubjectTransform != nil {
		return "" // It may hold subjects that it does not listen to.
	}
	var none []string
	for _, filter := range filters {
		if !filtersOverlap([]string{filter}, stream.Config.Subjects) {
			none = append(none, filter)
		}
	}
	if len(none) == 0 {
		return ""
	}
	return fmt.Sprintf("nothing comes from %s, as the stream takes %s only: correct the route's subject, or the "+
		"stream's with `nats stream edit %s --subjects ...`",
		strings.Join(none, ", "), strings.Join(stream.Config.Subjects, ", "), stream.Config.Name)
}

// inactiveText says what an inactive_threshold does, which a consumer has, or would inherit; empty if it does no harm.
func (j *JetStream) inactiveText(threshold time.Duration, stream *jetstream.StreamInfo, exists bool) string {
	if threshold <= 0 {
		return ""
	}
	again := "all that the stream has is published again, as a consumer made anew starts from its beginning " +
		"(deliver: all)"
	if desired, _, _ := j.cfg.Desired(); desired.DeliverPolicy == jetstream.DeliverNewPolicy {
		again = "what came meanwhile is not published, as a consumer made anew starts with what is new then " +
			"(deliver: new)"
	} else if desired.DeliverPolicy != jetstream.DeliverAllPolicy {
		again = "what the stream has is published again from where `deliver` says"
	}
	lost := "what waits is lost, as the stream keeps messages for consumers only"
	var what string
	switch {
	case stream == nil:
		what = again + "; on a stream with interest retention " + lost
	case stream.Config.Retention == jetstream.WorkQueuePolicy:
		return "" // It begins with what is left.
	case stream.Config.Retention == jetstream.InterestPolicy:
		what = lost
	default:
		what = again
	}
	text := fmt.Sprintf("the server deletes it when the bridge is stopped, or away, for longer than its "+
		"inactive_threshold of %v: %s. ", threshold, what)
	if stream == nil || stream.Config.ConsumerLimits.InactiveThreshold > 0 {
		text += fmt.Sprintf(
			"It comes from the stream's consumer_limits: `nats stream edit %s -i`, inactive_threshold 0", j.cfg.Stream)
		if exists {
			text += fmt.Sprintf(
				", and then `nats consumer edit %s %s -i`, inactive_threshold 0", j.cfg.Stream, j.cfg.Consumer)
		}
		return text
	}
	return text + fmt.Sprintf("`nats consumer edit %s %s -i`, inactive_threshold 0", j.cfg.Stream, j.cfg.Consumer)
}

// warn logs what is to be said of the consumer that is used, once for each.
func (j *JetStream) warn(ctx context.Context, info *jetstream.ConsumerInfo) {
	if len(j.remarks(info, nil)) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	stream, _ := j.stream(ctx)
	text := strings.Join(j.remarks(info, stream), "\n")
	if text == j.warned {
		return
	}
	j.warned = text
	for line := range strings.Lines(text) {
		j.log.Warn("the consumer has a weak point", "warning", strings.TrimSpace(line))
	}
}
