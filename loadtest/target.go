// Package loadtest finds the publish limit of an endpoint and drives fixed rates: it puts together the search, the
// engine that makes its trials, and the report. It knows sinks, never the pipeline that the daemon runs.
package loadtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
)

// Target is what is tested, and with which publishes.
type Target struct {
	Sink        *sink.Momento
	Endpoint    string // For people.
	Region      string
	Caches      []string // Publishes go to them in turns.
	Topic       string   // With several topics, -1, -2 and so on are appended.
	Topics      int
	Bytes       int // Of a payload.
	Connections int
	Timeout     time.Duration // One publish.
	Version     string        // Of the program.
	Seed        uint64        // Of payloads, orders and arrivals.
	KeyAdvice   string        // What to do about a key that is refused; empty: that is not known.
	Quota       Quota         // That is shared with others; nil: none is.

	instead endpoint      // Of the sink, in a test on virtual time.
	machine drive.Machine // Likewise.
}

// Quota is one that a test shares with others. Its methods may be called concurrently.
type Quota interface {
	// Allow reports whether a publish may be sent now. What may not is not sent.
	Allow() bool
	// Answered takes note of the answer to a publish that was allowed.
	Answered(sent time.Time, a *pipeline.Answer)
	// Held returns how many publishes were not allowed.
	Held() int
}

// endpoint is what of a sink a test uses.
type endpoint interface {
	Publisher() drive.Publisher
	Opened() uint64
	Subscribe(ctx context.Context, s sink.Subscription) error
}

// momento is a sink as an endpoint.
type momento struct{ *sink.Momento }

// Publisher implements endpoint.
func (m momento) Publisher() drive.Publisher { return m.Momento.Publisher() }

func (t *Target) endpoint() endpoint {
	if t.instead != nil {
		return t.instead
	}
	return momento{t.Sink}
}

// engine returns the configuration of an engine that publishes to the target.
func (t *Target) engine() drive.Config {
	payload := t.payload()
	topics := t.TopicNames()
	to := t.endpoint()
	cfg := drive.Config{
		Publisher: to.Publisher, Opened: to.Opened, Connections: t.Connections, Timeout: t.Timeout, Machine: t.machine,
		Payload: func(int) []byte { return payload },
		Cache:   func(i int) string { return t.Caches[i/len(topics)%len(t.Caches)] },
		Topic:   func(i int) string { return topics[i%len(topics)] },

		KeyAdvice: t.KeyAdvice,
	}
	if t.Quota != nil {
		cfg.Allow, cfg.Answered = t.Quota.Allow, t.Quota.Answered
	}
	return cfg
}

// TopicNames are those that are published to, in turns.
func (t *Target) TopicNames() []string { return numbered(t.Topic, t.Topics) }

// numbered returns so many names; a single one has no number.
func numbered(name string, n int) []string {
	if n <= 1 {
		return []string{name}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", name, i+1)
	}
	return names
}

// payload is printable and hard to compress.
func (t *Target) payload() []byte {
	rng := rand.New(rand.NewPCG(t.Seed, 4))
	text := make([]byte, t.Bytes)
	for i := range text {
		text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[rng.IntN(64)]
	}
	return text
}

// Report is what a report says of the target.
func (t *Target) Report() report.Target {
	return report.Target{
		Version: t.Version, Endpoint: t.Endpoint, Region: t.Region, Caches: t.Caches, Topics: max(1, t.Topics),
		Topic: t.TopicNames()[0], Bytes: t.Bytes, Connections: t.Connections,
	}
}
