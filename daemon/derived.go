package daemon

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"momento-bridge/config"
	"momento-bridge/daemon/state"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// Checks is told of checks as they are made.
type Checks interface {
	// Pass is a check that succeeded.
	Pass(text string)
	// Warn is what works and is probably not meant. The text says what to do.
	Warn(text string)
	// Fail is a check that failed, why, and what to do unless the reason says it.
	Fail(what string, why error, advice string)
	// Note tells something of the check before: a name, which may be empty under another, and a text.
	Note(name, text string)
}

// noteIf is Note for a text that may be empty: then there is nothing to tell.
func noteIf(list Checks, name, text string) {
	if text != "" {
		list.Note(name, text)
	}
}

// Check tells list what the daemon would do, with every derived setting, without using the network. An error means that
// the settings of a consumer cannot be derived.
func (p *Plan) Check(list Checks) error {
	f := p.file
	list.Pass("configuration: " + terminal.Plural(len(p.routes), "route"))
	list.Note("nats", natsNote(&f.NATS))
	list.Note("publishes", fmt.Sprintf("%s, %v an attempt, rate %s, counted in %s", connectionsNote(p),
		p.pipeline.Timeout, f.Limits.Rate, f.Limits.Unit))
	list.Note("queue", fmt.Sprintf("%d messages, %s; routes borrow what others leave free", p.pipeline.MaxMessages,
		terminal.Bytes(p.pipeline.MaxBytes)))
	list.Note("admin", adminNote(&f.Admin))
	if text := canaryNote(&f.Config); text != "" {
		list.Note("canary", text)
	}
	if text, err := stateNote(p, time.Now()); err != nil {
		list.Warn("state_dir: " + err.Error())
	} else {
		noteIf(list, "state", text)
	}
	if text := keyWarning(p, time.Now()); text != "" {
		list.Warn("key: " + p.keyNote() + ": " + text)
	} else {
		list.Pass("key: " + p.keyNote())
	}
	noteIf(list, "proxy", vendorProxyNote(f, p))
	if text := endpointWarning(p); text != "" {
		list.Warn("endpoint: " + endpointNote(p.sink) + ": " + text)
	} else {
		list.Pass("endpoint: " + endpointNote(p.sink))
	}
	if text := forwardingWarning(p); text != "" {
		list.Warn(text)
	}
	noteIf(list, "proxy", p.sink.Proxies.Note(p.sink.Endpoint))
	for _, text := range slices.Concat(f.Outdated(), weaknessesOf(p), quotaWarnings(&f.Config), emptyWarnings(f),
		consumerHints(&f.Config)) {
		list.Warn(text)
	}
	for i := range p.routes {
		if err := checkRoute(list, p, i); err != nil {
			return err
		}
	}
	return nil
}

func checkRoute(list Checks, p *Plan, i int) error {
	f, r := p.file, p.routes[i]
	c := f.Routes[i]
	list.Pass(fmt.Sprintf("route %s: %s → %s", c.Name, r.from, r.to))
	list.Note("order", fmt.Sprintf("%s, delivery %s, payloads up to %d bytes as %s", c.Ordering, c.Delivery,
		r.route.MaxPayload, c.ContentType))
	noteIf(list, "headers", headersNote(&r))
	noteIf(list, "rejected", rejectedNote(&c))
	noteIf(list, "envelope", envelopeNote(r.envelope(), r.route.Text))
	noteIf(list, "empty", emptyNotes[c.Empty])
	list.Note("batches", fmt.Sprintf("%s; overload %s, %s", batchNote(&c), c.Overload, ageNote(c.MaxAge)))
	name := "ceiling"
	for _, line := range ceilingOf(&f.Config, i).lines(&f.Config, i) {
		list.Note(name, line)
		name = ""
	}
	if r.jetStream == nil {
		list.Note("holds", heldNote(p, &r))
		return nil
	}
	desired, settings, err := r.jetStream.Desired()
	if err != nil {
		return err
	}
	created, name := "must exist", desired.Durable
	if r.jetStream.Create {
		created = "created when missing" + startNote(c.Deliver)
	}
	if parts := r.partitions; parts != nil {
		list.Note("partitions", fmt.Sprintf("stream %s, %s: a work queue that the servers fill from %s; what waits is "+
			"stored twice", parts.Stream, created, parts.Source))
		created, name = strings.TrimSuffix(created, startNote(c.Deliver)), fmt.Sprintf("%s … %s", parts.Consumer(0),
			parts.Consumer(parts.Count-1))
	}
	list.Note("consumer", fmt.Sprintf("%s, %s: ack explicit, ack_wait %v, max_deliver %d, max_ack_pending %d",
		name, created, desired.AckWait, desired.MaxDeliver, desired.MaxAckPending))
	list.Note("holds", fmt.Sprintf(
		"up to %d delivered and not settled, so that at %s none waits for longer than half of ack_wait", settings.Held,
		leastNote(r)))
	return nil
}

// heldNote says how much a route of core NATS can hold, and what becomes of the rest.
func heldNote(p *Plan, r *routePlan) string {
	messages := max(1, p.pipeline.MaxBytes/pipeline.LeastCharge)
	if r.route.Overload == pipeline.KeepLatest {
		return fmt.Sprintf("the newest values of up to %d topics, of %d bytes or less each; beyond that the oldest "+
			"values are dropped, and counted", messages, pipeline.LeastCharge)
	}
	what := "what comes is dropped, and counted"
	if r.route.Overload == pipeline.DropOldest {
		messages, what = min(messages, int64(p.pipeline.MaxMessages)), "the oldest are dropped, and counted"
	}
	return fmt.Sprintf("up to %d messages of %d bytes or less; beyond that %s", messages, pipeline.LeastCharge, what)
}

// headersNote says of which headers the topics are made, and what becomes of messages that lack them.
func headersNote(r *routePlan) string {
	needed, optional := r.template().Headers()
	var texts []string
	if len(needed) > 0 {
		texts = append(texts, fmt.Sprintf("the topic needs %s: messages without are rejected as unfit",
			strings.Join(needed, " and ")))
	}
	if len(optional) > 0 {
		texts = append(texts, "the topic has a default for messages without "+strings.Join(optional, " or "))
	}
	return strings.Join(texts, "; ")
}

// rejectedNote says what becomes of messages that the endpoint rejects.
func rejectedNote(c *config.Route) string {
	switch {
	case c.DeadLetter.Subject != "" && c.GiveUpAfter > 0:
		return fmt.Sprintf(
			"messages are kept in %s, also those that fail for %v while others are accepted (give_up_after)",
			c.DeadLetter.Subject, time.Duration(c.GiveUpAfter))
	case c.DeadLetter.Subject != "":
		return "messages are kept in " + c.DeadLetter.Subject
	case c.Stream != "":
		return "messages are dropped and counted: there is no dead_letter"
	}
	return ""
}

// startNote says where a consumer starts that is created, unless that is the beginning of the stream.
func startNote(start config.Start) string {
	if _, ok := start.Sequence(); ok {
		return ", to start at sequence " + string(start)
	}
	switch start {
	case config.DeliverAll:
		return ""
	case config.DeliverNew:
		return ", to start with new messages"
	}
	return ", to start at " + string(start)
}

// leastNote is the rate that a route's consumer settings are derived from.
func leastNote(r routePlan) string {
	if math.IsInf(r.jetStream.Circumstances.Rate, 1) {
		return "no limit"
	}
	return fmt.Sprintf("%.3g/s", r.jetStream.Circumstances.Rate)
}

// stateNote says what is kept where, and what is known. The error says what is so instead.
func stateNote(p *Plan, now time.Time) (text string, err error) {
	if p.stateDir == "" {
		return "", nil
	}
	if err := state.Usable(p.stateDir); err != nil {
		return "", fmt.Errorf("%w: nothing is kept for after a restart", err)
	}
	quotas, err := p.recall(now)
	if err != nil {
		return "", fmt.Errorf("%w: it is ignored, and replaced when quotas have been learned", err)
	}
	texts := []string{p.stateDir + ": what is learned of quotas is kept for after a restart"}
	for _, q := range quotas {
		texts = append(texts, fmt.Sprintf("%s: learned quota %s, %s old, is tried first", q.Scope, learnedText(&q),
			age(&q, now)))
	}
	return strings.Join(texts, "; "), nil
}
