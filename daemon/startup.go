package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"time"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// Announce says what the daemon is about to do, with the settings that were derived: in a few lines where people read
// the log on a terminal, elsewhere as events.
func (p *Plan) Announce(w io.Writer, log *slog.Logger, version string) {
	f := p.file
	if terminal.Is(w) && f.Log.Format != "json" && log.Enabled(context.Background(), slog.LevelInfo) {
		fmt.Fprintln(w, strings.Join(announcement(f, p, version, terminal.PaletteOf(w)), "\n"))
		return
	}
	m := &f.Momento
	attrs := []any{
		"version", version, "nats", redactURL(p.nats.URL), "endpoint",
		endpointNote(p.sink), "key", p.keyNote(), "rate", f.Limits.Rate.String(),
		"unit", f.Limits.Unit, "connections", m.Connections, "in_flight", m.InFlight.String(), "timeout",
		time.Duration(m.Timeout),
		"queue_messages", p.pipeline.MaxMessages, "queue_bytes", p.pipeline.MaxBytes, "shutdown_timeout", p.shutdown,
		"admin", p.adminListen,
	}
	if text := p.sink.Proxies.Note(p.sink.Endpoint); text != "" {
		attrs = append(attrs, "proxy", text)
	}
	if text := canaryNote(&f.Config); text != "" {
		attrs = append(attrs, "canary", text)
	}
	if p.stateDir != "" {
		attrs = append(attrs, "state_dir", p.stateDir)
	}
	if k := p.sink.Keys.Key(); k != nil && !k.Expires.IsZero() {
		attrs = append(attrs, "key_expires", k.Expires.UTC())
	}
	log.Info("starting", attrs...)
	for _, text := range warnings(f, p, time.Now()) {
		log.Warn("the configuration has a weak point", "warning", text)
	}
	for i := range p.routes {
		log.Info("route", routeAttrs(f, p, i)...)
	}
}

// routeAttrs is a route as an event.
func routeAttrs(f *config.File, p *Plan, i int) []any {
	c, r := &f.Routes[i], &p.routes[i]
	attrs := []any{
		"name", c.Name, "subject", strings.Join(c.Filters(), ","), "stream", c.Stream, "cache", c.Cache, "topic",
		c.Topic, "ordering", c.Ordering, "delivery", c.Delivery,
		"batch", batchNote(c), "overload", c.Overload, "dead_letter", c.DeadLetter.Subject,
	}
	if r.jetStream == nil {
		return append(attrs, "queue", c.Queue, "holds", heldNote(p, r))
	}
	if parts := r.partitions; parts != nil {
		attrs = append(attrs, "partitions", parts.Count, "partition_stream", parts.Stream)
	}
	attrs = append(attrs, "consumer", c.Consumer, "queue_messages", r.jetStream.Circumstances.QueueMessages)
	desired, settings, err := r.jetStream.Desired()
	if err != nil {
		return append(attrs, "error", err)
	}
	return append(attrs, "held", settings.Held, "ack_wait", desired.AckWait, "max_ack_pending", desired.MaxAckPending)
}

// announcement is the same for people.
func announcement(f *config.File, p *Plan, version string, paint terminal.Palette) []string {
	lines := []string{"momento-bridge " + version}
	add := func(name, text string) { lines = append(lines, terminal.Field(name, text)...) }
	add("nats", natsNote(&f.NATS))
	add("endpoint", endpointNote(p.sink))
	if text := p.sink.Proxies.Note(p.sink.Endpoint); text != "" {
		add("proxy", text)
	}
	add("key", p.keyNote())
	add("rate", fmt.Sprintf("%s; %s, %v an attempt", rateNote(f.Limits.Rate), connectionsNote(p),
		time.Duration(f.Momento.Timeout)))
	add("queue", fmt.Sprintf("%s messages, %s, for all routes together", terminal.Count(int64(p.pipeline.MaxMessages)),
		terminal.Bytes(p.pipeline.MaxBytes)))
	add("status", adminNote(&f.Admin))
	if text := canaryNote(&f.Config); text != "" {
		add("canary", text)
	}
	for i, r := range p.routes {
		c := f.Routes[i]
		add("route", fmt.Sprintf("%s: %s → %s", c.Name, r.from, r.to))
		text := "in order per topic"
		if c.Ordering != config.OrderingTopic {
			text = "in any order"
		}
		text += ", " + c.Delivery
		if r.jetStream != nil {
			if desired, settings, err := r.jetStream.Desired(); err == nil {
				text += fmt.Sprintf("; holds up to %d, ack_wait %v", settings.Held, desired.AckWait)
			}
		}
		add("", text)
	}
	for _, text := range warnings(f, p, time.Now()) {
		for i, line := range terminal.Wrap(text, terminal.Width-2) {
			sign := " "
			if i == 0 {
				sign = terminal.Warn.String()
			}
			lines = append(lines, paint.Paint(terminal.Warn, sign+" "+line))
		}
	}
	return append(lines, "")
}

// rateNote says what sets the rate.
func rateNote(r config.Rate) string {
	switch limit := rateOf(r, 0); {
	case r.Auto:
		return fmt.Sprintf("auto (from %d/s, learns the quota)", pipeline.FirstRate)
	case math.IsInf(limit.Ceiling, 1):
		return "unlimited"
	default:
		return fmt.Sprintf("at most %s/s", terminal.Number(limit.Ceiling))
	}
}
