package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/terminal"
)

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration and print the settings derived from it",
		Long: "Reads the configuration as run does, prints every problem with its place, and otherwise what run would do and which settings\n" +
			"it derives, each check in a line with ✓, ! or ✗. With --online it also tries NATS, the consumers, the streams of dead letters, the\n" +
			"token vending machine and the endpoint, without publishing. The last line is the verdict. Exit status 2 when the configuration has\n" +
			"problems, 1 when a check failed.",
		Example: "  momento-bridge check -c config.yaml\n  momento-bridge check -c config.yaml --online",
	}
	s := addSettings(cmd)
	online := cmd.Flags().Bool("online", false, "also try NATS, the consumers and the endpoint, without publishing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list := newChecklist(cmd.OutOrStdout())
		f, p, err := s.load(cmd)
		if invalid, ok := errors.AsType[*config.InvalidError](err); ok {
			list.line(terminal.Bad, terminal.Plural(len(invalid.Problems), "problem")+" in the configuration")
		}
		if err != nil {
			return err
		}
		if err := checkPlan(list, f, p); err != nil {
			return err
		}
		if !*online {
			return list.verdict(", as far as the configuration tells: --online tries NATS and the endpoint, too")
		}
		checkOnline(cmd.Context(), list, p)
		return list.verdict(": what only a publish shows is whether the endpoint accepts the API key for these caches and topics")
	}
	return cmd
}

// checkPlan tells what run would do, with every derived setting. An error means that a consumer's settings cannot be
// derived.
func checkPlan(list *checklist, f *config.File, p *plan) error {
	list.pass("configuration: " + terminal.Plural(len(p.routes), "route"))
	list.note("nats", natsNote(&f.NATS))
	list.note("publishes", fmt.Sprintf("%s, %v an attempt, rate %s, counted in %s", connectionsNote(p), p.pipeline.Timeout, f.Limits.Rate, f.Limits.Unit))
	list.note("queue", fmt.Sprintf("%d messages, %s, shared equally by the routes", p.pipeline.MaxMessages, terminal.Bytes(p.pipeline.MaxBytes)))
	list.note("admin", adminNote(p.adminListen))
	if text := keyWarning(p, time.Now()); text != "" {
		list.warn("key: " + keyNote(p.sink.Keys) + ": " + text)
	} else {
		list.pass("key: " + keyNote(p.sink.Keys))
	}
	list.noteIf("proxy", vendorProxyNote(f, p))
	if text := endpointWarning(p); text != "" {
		list.warn("endpoint: " + endpointNote(p.sink) + ": " + text)
	} else {
		list.pass("endpoint: " + endpointNote(p.sink))
	}
	if text := forwardingWarning(p); text != "" {
		list.warn(text)
	}
	list.noteIf("proxy", p.sink.Proxies.Note(p.sink.Endpoint))
	for _, text := range append(quotaWarnings(&f.Config), emptyWarnings(f)...) {
		list.warn(text)
	}
	for i := range p.routes {
		if err := checkRoute(list, f, i, p.routes[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkRoute(list *checklist, f *config.File, i int, r routePlan) error {
	c := f.Routes[i]
	list.pass(fmt.Sprintf("route %s: %s → %s", c.Name, r.from, r.to))
	list.note("order", fmt.Sprintf("%s, delivery %s, payloads up to %d bytes as %s", c.Ordering, c.Delivery, r.route.MaxPayload, c.ContentType))
	list.noteIf("rejected", rejectedNote(&c))
	list.noteIf("empty", emptyNotes[c.Empty])
	list.note("batches", fmt.Sprintf("%s; overload %s, %s", batchNote(c.Batch), c.Overload, ageNote(c.MaxAge)))
	name := "ceiling"
	for _, line := range ceilingOf(&f.Config, i).lines(&f.Config, i) {
		list.note(name, line)
		name = ""
	}
	if r.jetStream == nil {
		list.note("buffer", fmt.Sprintf("the NATS client drops, and counts, what exceeds %d messages or %s", r.core.PendingMessages, terminal.Bytes(int64(r.core.PendingBytes))))
		return nil
	}
	desired, settings, err := r.jetStream.Desired()
	if err != nil {
		return err
	}
	created := "must exist"
	if r.jetStream.Create {
		created = "created when missing" + startNote(c.Deliver)
	}
	list.note("consumer", fmt.Sprintf("%s, %s: ack explicit, ack_wait %v, max_deliver %d, max_ack_pending %d",
		desired.Durable, created, desired.AckWait, desired.MaxDeliver, desired.MaxAckPending))
	list.note("holds", fmt.Sprintf("up to %d delivered and not settled, so that at %s none waits for longer than half of ack_wait", settings.Held, leastNote(r)))
	return nil
}

// rejectedNote says what becomes of messages that the endpoint rejects.
func rejectedNote(c *config.Route) string {
	switch {
	case c.DeadLetter.Subject != "" && c.GiveUpAfter > 0:
		return fmt.Sprintf("messages are kept in %s, also those that fail for %v while others are accepted (give_up_after)",
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
