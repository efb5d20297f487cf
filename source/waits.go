package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/condition"
)

// waits is what a consumer waits for at the server, as far as it concerns us. It belongs to one goroutine.
type waits struct {
	paused  string    // Until when, and what to do; empty while the consumer is not paused.
	starved int       // How many looks in a row have found that others hold all that may be unacknowledged.
	acks    string    // Why acknowledgements do not arrive; empty while they do.
	tried   time.Time // When it was tried last whether they do.
	silent  int       // How many probes in a row it has not answered since.
}

const (
	// retryAcks is how often it is tried whether acknowledgements that are refused may be sent again.
	retryAcks = 2 * time.Second
	// starvedAfter is how many looks tell that a consumer is starved: one may fall between two messages.
	starvedAfter = 2
	// silentAfter is how many probes without an answer tell that acknowledgements do not arrive, while other requests
	// are answered.
	silentAfter = 2
)

// acksArrive reports whether acknowledgements are believed to arrive, and tries now and then while they are not: what
// is asked for meanwhile would be published again and again. It is cheap while all is well.
func (w *watch) acksArrive(now time.Time) bool {
	refused, denied := w.j.acks.refusals.acks(w.j.cfg.Stream, w.j.cfg.Consumer)
	switch {
	case denied:
		w.waits.acks = refused.Error()
	case w.waits.acks == "":
		return true
	}
	if now.Sub(w.waits.tried) < retryAcks || !w.j.conn.IsConnected() {
		return false
	}
	w.waits.tried = now
	if denied && !w.j.acks.restore(refused) || !denied && !w.probeAnswered() {
		return false
	}
	w.waits.acks, w.waits.silent = "", 0
	w.j.log.Info("NATS takes acknowledgements again: the missing ones are sent again, and new messages are asked for")
	w.p.signal()
	return true
}

// probeAnswered asks the server to renew a delivery that there is not, and reports whether it says that it has noted
// that.
func (w *watch) probeAnswered() bool {
	_, err := w.j.conn.Request(w.j.acksOf()+nobody, ackProgress, lookTimeout/2)
	return err == nil
}

// proveAcks looks whether acknowledgements arrive, after the server has answered another request. It counts only
// where one was answered before: not every way to a consumer, as through another account, has answers. It reports
// whether the server has answered: then it has noted what was acknowledged before.
func (w *watch) proveAcks() bool {
	if w.probeAnswered() {
		w.waits.silent = 0
		w.j.proven.Store(true)
		return true
	}
	if w.waits.silent++; w.j.proven.Load() && w.waits.silent >= silentAfter && w.j.conn.IsConnected() {
		w.waits.acks = "the server does not answer on " + w.j.acksOf() +
			">: check that the NATS user may publish there (docs/permissions.md), and that the server is healthy"
	}
	return false
}

// acksOf is the beginning of a consumer's reply subjects.
func (j *JetStream) acksOf() string { return replyPrefix + j.cfg.Stream + "." + j.cfg.Consumer + "." }

// api is a subject of the JetStream API.
func (j *JetStream) api(subject string) string { return apiOf(j.conn).subject(subject) }

// seen concludes from the consumer's numbers what it waits for.
func (w *watch) seen(info *jetstream.ConsumerInfo) {
	w.waits.paused = pausedText(info)
	ours, _ := w.j.held.count()
	text := starvedText(info, ours)
	if text == "" {
		w.waits.starved = 0
	} else {
		w.waits.starved++
	}
	if w.waits.starved < starvedAfter {
		text = ""
	}
	if w.j.setStarved(text) && text != "" {
		w.j.log.Warn("the consumer delivers nothing here", "reason", text, condition.Attribute, condition.Starved)
	}
}

// pausedText says until when a consumer is paused on the server; empty if it is not.
func pausedText(info *jetstream.ConsumerInfo) string {
	if !info.Paused || info.Config.PauseUntil == nil {
		return ""
	}
	return fmt.Sprintf("the consumer is paused on the server until %s: `nats consumer resume %s %s` ends that",
		info.Config.PauseUntil.UTC().Format(time.RFC3339), info.Stream, info.Name)
}

// starvedText says that others hold all that may be unacknowledged, while something waits and we hold nothing; empty
// if that is not so.
func starvedText(info *jetstream.ConsumerInfo, ours int) string {
	most := info.Config.MaxAckPending
	if most <= 0 || ours > 0 || info.NumPending == 0 || info.NumAckPending < most {
		return ""
	}
	return fmt.Sprintf("another client holds %d of max_ack_pending %d messages of consumer %s, so that nothing is "+
		"delivered here while %d wait: it must acknowledge them, "+
		"or ack_wait %v must pass where it has gone. Give each program a consumer of its own, or raise the limit: "+
		"`nats consumer edit %s %s --max-pending=%d`",
		info.NumAckPending, most, info.Name, info.NumPending, info.Config.AckWait, info.Stream, info.Name,
		max(minAckPending, 4*most))
}

// why says what keeps messages from coming; empty if nothing does. trouble is what the requests for messages have met.
func (w *watch) why(trouble string) string {
	switch {
	case w.waits.acks != "":
		return "acknowledgements do not arrive, so that everything would be published again and again, and nothing " +
			"more is asked for: " + w.waits.acks
	case w.waits.paused != "":
		return w.waits.paused
	case trouble == "" && w.settling.slow:
		return w.settling.text(w.p.limits.AckWait)
	}
	return trouble
}

// denied returns why the server lets us not consume, an error if the consumer must be bound again for that.
func (w *watch) denied() error {
	if ours, _ := w.j.held.count(); ours > 0 {
		w.waits.starved = 0
		w.j.setStarved("")
	}
	r := w.j.acks.refusals
	if err := r.since(refusedSubscribe, w.p.inbox+".*", w.began); err != nil {
		return fmt.Errorf("messages cannot be received: %w", err)
	}
	w.p.deny(r)
	return nil
}

// keepAlive asks for a message that is too large to come, while nothing else is asked for: the server deletes a
// consumer that nobody asks for as long as its inactive_threshold, with whatever waits on a stream that keeps
// messages for consumers only.
func (p *puller) keepAlive(now time.Time) {
	threshold := p.limits.inactive
	p.mu.Lock()
	defer p.mu.Unlock()
	if threshold == 0 || p.open > 0 || now.Sub(p.pulled) < threshold/3 || !p.conn.IsConnected() {
		return
	}
	p.pulled = now
	// Number 0 is void from the beginning, so that nothing counts what is said of it.
	_ = p.conn.PublishRequest(p.subject, p.inbox+".0", []byte(`{"batch":1,"max_bytes":1,"expires":1000000000}`))
}

// deny takes note that the server refuses the requests. The next one waits longer, and shows whether it still does.
func (p *puller) deny(r *refusals) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == 0 {
		return
	}
	if err := r.since(refusedPublish, p.subject, p.pulled); err != nil {
		p.voidAll()
		p.refused(err.Error())
	}
}

// setStarved reports whether that has changed.
func (j *JetStream) setStarved(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	changed := (j.starved == "") != (text == "")
	j.starved = text
	return changed
}

// Starved says that other clients hold all messages of the consumer that may be unacknowledged; empty if that is not
// so. Whoever holds them may be another replica, which is no reason not to be ready.
func (j *JetStream) Starved() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.starved
}

// guarded bounds what is asked of the JetStream API: it ends at once when the server refuses the request, or our inbox.
func (j *JetStream) guarded(ctx context.Context, requests ...string) (context.Context, context.CancelFunc) {
	subjects := []string{inboxPrefix(j.conn)}
	for _, request := range requests {
		subjects = append(subjects, j.api(request))
	}
	return j.acks.refusals.guard(ctx, subjects...)
}

// inboxPrefix is what all inboxes of a connection begin with.
func inboxPrefix(conn *nats.Conn) string {
	inbox := conn.NewInbox()
	return inbox[:strings.LastIndexByte(inbox, '.')+1]
}

// greet looks, before anything is asked for, whether acknowledgements may be sent at all, and what is known of the
// consumer.
func (w *watch) greet(info *jetstream.ConsumerInfo) {
	w.seen(info)
	if err := w.j.acks.probe(w.j.acksOf()); err != nil {
		w.acksArrive(time.Now())
	}
	w.say(w.why(""))
}

// say takes note of why no messages come, and logs it when it is news.
func (w *watch) say(trouble string) {
	if !w.j.setReason(trouble) || trouble == "" {
		return
	}
	w.j.throttled.With("reason", trouble).Warn("the consumer delivers nothing, still trying",
		condition.Attribute, condition.NotConsuming)
}
