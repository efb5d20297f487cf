package daemon

import (
	"fmt"
	"strings"

	"momento-bridge/config"
	"momento-bridge/envelope"
	"momento-bridge/source"
)

// envelopeOf returns what a route's messages are put into; nil: nothing.
func envelopeOf(f *config.File, i int) *source.Envelope {
	r := &f.Routes[i]
	if r.Envelope != config.EnvelopeCloudEvents {
		return nil
	}
	e := &source.Envelope{
		Config: envelope.Config{
			Source: envelope.SourceOf(rootOf(r.Filters())), Type: "momento-bridge." + r.Name,
			Headers: r.Carried().Headers,
		},
		Empty: r.Empty == config.EmptyPublish,
	}
	if r.Stream != "" {
		e.Source = envelope.SourceOf(f.NATS.Domain, r.Stream)
	}
	checkAttributes(f, fmt.Sprintf("routes[%d].carry", i), e.Headers)
	return e
}

// checkAttributes reports headers that cannot be attributes of events, or would be the same one.
func checkAttributes(f *config.File, path string, headers []string) {
	by := map[string]string{}
	for _, header := range headers {
		if header == config.CarryAll {
			continue
		}
		attribute, err := envelope.Attribute(header)
		switch other := by[attribute]; {
		case err != nil:
			f.Problemf(path, "%s: %v", path, err)
		case other != "":
			f.Problemf(path, "%s: the headers %q and %q would be the same attribute %s of events: carry one of them",
				path, other, header, attribute)
		default:
			by[attribute] = header
		}
	}
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
func envelopeNote(e *source.Envelope, text bool) string {
	if e == nil {
		return ""
	}
	note := fmt.Sprintf("CloudEvents 1.0 in JSON, of source %s and type %s unless they say theirs", e.Source, e.Type)
	if len(e.Headers) > 0 {
		note += "; attributes " + attributesNote(e.Headers)
	}
	note += "; max_payload and batch.max_bytes count events"
	if !text {
		note += "; with content_type: text/plain subscribers would get strings"
	}
	return note
}

// attributesNote names the headers that become attributes, and those.
func attributesNote(headers []string) string {
	if headers[0] == config.CarryAll {
		return "of all headers but those of NATS"
	}
	texts := make([]string, len(headers))
	for i, header := range headers {
		attribute, _ := envelope.Attribute(header) // An error has been reported.
		texts[i] = attribute + " (" + header + ")"
	}
	return strings.Join(texts, ", ")
}
