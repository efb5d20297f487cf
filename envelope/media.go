package envelope

import (
	"mime"
	"strings"
)

// media is what a content type says of a payload. The zero value is that of no content type.
type media struct {
	text       string // Empty: none, or what is no media type.
	given      string // As it was given.
	json       bool   // The payload is JSON.
	string     bool   // It is text in UTF-8.
	structured bool   // It is a CloudEvent.
}

const (
	typeJSON  = "application/json"
	typeBytes = "application/octet-stream"
)

// mediaOf returns what a content type says. A route's messages often have all the same.
func (m *Maker) mediaOf(text string) media {
	switch text {
	case "":
		return media{}
	case m.media.given:
	default:
		m.media = newMedia(strings.Clone(text))
	}
	return m.media
}

// newMedia reads a content type. Only the types that the official SDKs agree to be JSON are taken for it, in lower
// case: of any other type the Go SDK wants data to be a string, and else refuses the whole batch.
func newMedia(text string) media {
	kind, parameters, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(kind, "/") || !legal(text) || strings.TrimSpace(text) != text {
		return media{given: text}
	}
	m := media{given: text, text: text}
	switch kind {
	case "application/cloudevents", "application/cloudevents+json":
		m.structured = true
	}
	literal, _, _ := strings.Cut(text, ";")
	switch strings.TrimSpace(literal) {
	case typeJSON, "text/json", "application/cloudevents+json", "application/cloudevents-batch+json":
		m.json = true
		return m
	}
	charset := strings.ToLower(parameters["charset"])
	m.string = strings.HasPrefix(kind, "text/") && kind != "text/json" && !strings.HasSuffix(kind, "+json") &&
		(charset == "" || charset == "utf-8" || charset == "us-ascii")
	return m
}

// appendContentType appends the attribute datacontenttype, unless the event has it already. An event without one is
// left without; of other messages, JSON is told by how it looks.
func appendContentType(dst []byte, m media, p place, kept, has bool) []byte {
	switch {
	case kept && has:
	case m.text != "":
		return appendAttribute(dst, "datacontenttype", m.text)
	case kept, p == placeNone:
	case p == placeJSON:
		return appendAttribute(dst, "datacontenttype", typeJSON)
	default:
		return appendAttribute(dst, "datacontenttype", typeBytes)
	}
	return dst
}
