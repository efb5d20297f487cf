package daemon

import (
	"fmt"
	"math"
	"time"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// usualLatency is the time of a publish that estimates are made with.
const usualLatency = 20 * time.Millisecond

// ceiling is the fastest that a route can publish, as far as the configuration tells.
type ceiling struct {
	quota, busy float64 // Publishes per second, alone and while the other routes are busy; +Inf: no limit.
	learned     bool    // The quota is not known, but what it usually is.
	topic       float64 // Publishes per second of one topic.
	connections float64 // Publishes per second of all connections.
	perPublish  float64 // Messages of the usual size in a publish.
}

// ceilingOf predicts the ceiling of a route from its configuration.
func ceilingOf(c *config.Config, i int) ceiling {
	r := c.Routes[i]
	alone, busy, learned := quotaOf(c, i)
	n := messagesPerPublish(r)
	if r.Overload == config.OverloadKeepLatest {
		n = 1 // No more of a topic waits.
	}
	cost := costOf(c, r, publishSize(r, n))
	result := ceiling{
		quota:       alone / cost,
		busy:        busy / cost,
		learned:     learned,
		topic:       math.Inf(1),
		connections: float64(mostInFlight(c)) / usualLatency.Seconds(),
		perPublish:  n,
	}
	if r.Ordering == config.OrderingTopic {
		result.topic = 1 / usualLatency.Seconds()
	}
	return result
}

// lines say it to people.
func (c ceiling) lines(f *config.Config, i int) []string {
	r := f.Routes[i]
	var lines []string
	switch {
	case math.IsInf(c.quota, 1):
		lines = append(lines, "no quota is configured")
	case c.learned:
		lines = append(lines, fmt.Sprintf(
			"quota learned from refusals; Momento's default of %d/s lets %s publishes/s", pipeline.DefaultQuota,
			terminal.Number(c.quota)))
	default:
		lines = append(lines, fmt.Sprintf("quota: %s publishes/s", terminal.Number(c.quota)))
	}
	if c.busy < c.quota {
		lines[0] += fmt.Sprintf(", %s/s while the other routes are busy", terminal.Number(c.busy))
	}
	if !math.IsInf(c.topic, 1) {
		lines = append(lines, fmt.Sprintf(
			"ordering: %s publishes/s of one topic at %v each, as one is in flight at a time",
			terminal.Number(c.topic), usualLatency))
	}
	lines = append(lines, fmt.Sprintf("connections: %s publishes/s at %v each", terminal.Number(c.connections),
		usualLatency))
	most := min(c.quota, c.connections)
	text := fmt.Sprintf("→ %s messages/s", terminal.Number(most*c.perPublish))
	switch {
	case r.Overload == config.OverloadKeepLatest:
		text += ", the newest value of a topic each"
	case r.Batch.Format == config.FormatNone:
		r.Batch = config.Batch{Format: "json", MaxBytes: usualBatch}
		json := messagesPerPublish(r)
		text += fmt.Sprintf(
			"; with batch: {format: json} up to %s/s of %d bytes each, when they wait for the same topics",
			terminal.Number(most*json), usualMessage)
	default:
		text += fmt.Sprintf(
			" of %d bytes each, %s in a publish, when they wait for the same topics", usualMessage,
			terminal.Number(c.perPublish))
	}
	return append(lines, text)
}

// quotaWarnings are settings of limits and batches that do nothing, or cannot work.
func quotaWarnings(c *config.Config) []string {
	var texts []string
	warn := func(unless bool, format string, args ...any) {
		if !unless {
			texts = append(texts, fmt.Sprintf(format, args...))
		}
	}
	rate := rateOf(c.Limits.Rate, 0).Ceiling
	inFlight := mostInFlight(c)
	warn(math.IsInf(rate, 1) || rate*usualLatency.Seconds() <= float64(inFlight),
		"limits.rate %v needs about %.0f publishes in flight at %v for each: momento.connections and "+
			"momento.in_flight allow %d", c.Limits.Rate, rate*usualLatency.Seconds(), usualLatency, inFlight)
	warn(c.Limits.Burst == 0 || float64(c.Limits.Burst) <= rate || math.IsInf(rate, 1),
		"limits.burst %d is more than a second of limits.rate %v: the endpoint may refuse it", c.Limits.Burst,
		c.Limits.Rate)
	for _, r := range c.Routes {
		warn(r.Subscribers == 0 || c.Limits.Unit == config.UnitOperations,
			"route %s: subscribers has no effect without limits.unit: operations", r.Name)
		warn(r.Batch.Format == config.FormatNone || r.Batch.MaxBytes <= usualBatch,
			"route %s: batch.max_bytes %d is more than the 4 KB that Momento takes unless the account's limit was "+
				"raised", r.Name, r.Batch.MaxBytes)
		room := min(r.MaxPayload, r.Batch.MaxBytes)
		warn(r.Envelope != config.EnvelopeCloudEvents || room >= usualEvent,
			"route %s: its events have %d bytes at the most, by max_payload and batch.max_bytes, and are about %d "+
				"bytes longer than their payloads: most will be rejected as too_large", r.Name, int(room), usualEvent)
		warn(r.Batch.Format == config.FormatNone || r.Overload != config.OverloadKeepLatest,
			"route %s: with overload: keep-latest a batch has one message, as a topic has no more waiting", r.Name)
		interval := time.Duration(float64(time.Second) / least(c.Limits.Rate))
		warn(r.MaxAge == 0 || time.Duration(r.MaxAge) > interval,
			"route %s: max_age %v is shorter than the %v between two publishes: most messages will expire", r.Name,
			r.MaxAge, interval)
		cost := costOf(c, r, float64(r.MaxPayload))
		warn(cost <= 10*least(c.Limits.Rate) || c.Limits.Unit != config.UnitOperations,
			"route %s: a message of max_payload costs %.0f operations, which take %.0f s at %s/s", r.Name, cost,
			cost/least(c.Limits.Rate), terminal.Number(least(c.Limits.Rate)))
	}
	return texts
}
