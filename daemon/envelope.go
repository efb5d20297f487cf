package daemon

import (
	"fmt"
	"strings"

	"momento-bridge/config"
	"momento-bridge/envelope"
	"momento-bridge/source"
)

// envelopeOf returns what a route's messages are put into; nil: nothing.
func envelopeOf(c *config.Config, r *config.Route) *source.Envelope {
	if r.Envelope != config.EnvelopeCloudEvents {
		return nil
	}
	e := &source.Envelope{
		Config: envelope.Config{Source: envelope.SourceOf(rootOf(r.Filters())), Type: "momento-bridge." + r.Name},
		Empty:  r.Empty == config.EmptyPublish,
	}
	if r.Stream != "" {
		e.Source = envelope.SourceOf(c.NATS.Domain, r.Stream)
	}
	return e
}

// rootOf returns the tokens that all subjects begin with, without wildcards; empty if there are none.
func rootOf(subjects []string) string {
	var root []string
	for i, subject := range subjects {
		tokens := strings.Split(subject, ".")
		if i == 0 {
			root = tokens
		}
		n := 0
		for n < min(len(root), len(tokens)) && tokens[n] == root[n] && tokens[n] != "*" && tokens[n] != ">" {
			n++
		}
		root = root[:n]
	}
	return strings.Join(root, ".")
}

// envelopeNote says what events of a route say where their messages do not; empty: they become none.
func envelopeNote(e *source.Envelope) string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf("CloudEvents 1.0 in JSON, of source %s and type %s unless they say theirs; max_payload and "+
		"batch.max_bytes count the events", e.Source, e.Type)
}
