package envelope

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// Config is what the events of a route have in common.
type Config struct {
	Source  string   // A URI reference, see SourceOf.
	Type    string   // Of messages that do not say theirs.
	Headers []string // Names of headers that become attributes, in any case; "*": all that can.
}

// Message is a NATS message. Make changes none of it.
type Message struct {
	Subject  string
	Stream   string    // Empty: it comes from core NATS.
	Sequence uint64    // In the stream.
	Time     time.Time // When the stream stored it, or when it came.
	Header   map[string][]string
	Payload  []byte
}

// Maker makes the events of a route. One goroutine at a time may use it; it is reused.
type Maker struct {
	cfg     Config
	chosen  map[string]string // Attributes, by the names of their headers in lower case.
	all     bool
	life    string // In ids of messages that have no name of their own,
	counter uint64 // with a number.

	roles  map[string]role // Of headers seen, up to mostRoles.
	found  found
	head   []byte // Of the event that is being made.
	media  media  // Of the content type that came last,
	source string // and the last source that was found to be one.
}

// New returns a maker. Names of headers that can be no attributes, see Attribute, are left out.
func New(cfg Config) *Maker {
	m := &Maker{cfg: cfg, chosen: map[string]string{}, life: newLife(), roles: map[string]role{}}
	for _, name := range cfg.Headers {
		if name == "*" {
			m.all = true
		} else if attribute, err := Attribute(name); err == nil {
			m.chosen[lower(name)] = attribute
		}
	}
	return m
}

// newLife returns what no other maker has.
func newLife() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // It never fails.
	return hex.EncodeToString(random[:])
}

// Make returns the event of a message: JSON in UTF-8, without white space around it and not nested deeper than an
// element of a JSON batch may be. It may share the memory of the payload, and otherwise is one allocation. Data says
// how to get the payload back.
func (m *Maker) Make(msg *Message) (event []byte, data Data) {
	m.found.scan(m, msg.Header)
	declared := m.mediaOf(m.found.contentType.value)
	if declared.structured {
		if text := trim(msg.Payload); m.isEvent(text) {
			return keep(text, msg.Payload)
		}
	}
	head := append(m.head[:0], `{"specversion":"1.0"`...)
	kept := m.isBinary() && !declared.structured
	if kept {
		head = appendFields(head, m.found.ce)
		declared = m.keptMedia(declared)
	} else {
		head = m.appendMade(head, msg)
	}
	place := placeOf(msg.Payload, declared)
	head = appendContentType(head, declared, place, kept, m.found.has("datacontenttype"))
	head = m.appendExtensions(head, kept)
	m.head = head
	return wrap(head, msg.Payload, place)
}

// keptMedia is the content type of an event in binary mode: its attribute, or else what the header Content-Type says.
func (m *Maker) keptMedia(header media) media {
	if text := m.found.attribute("datacontenttype"); text != "" {
		return m.mediaOf(text)
	}
	return header
}

// appendMade appends the attributes that a message has from NATS.
func (m *Maker) appendMade(dst []byte, msg *Message) []byte {
	dst = m.appendID(dst, msg)
	dst = appendAttribute(dst, "source", m.cfg.Source)
	kind := m.cfg.Type
	if own := m.found.attribute("type"); said(own) {
		kind = own
	}
	dst = appendAttribute(dst, "type", kind)
	if said(msg.Subject) {
		dst = appendAttribute(dst, "subject", msg.Subject)
	}
	if at := msg.Time.UTC(); !at.IsZero() && at.Year() >= 0 && at.Year() <= 9999 {
		dst = append(dst, `,"time":"`...)
		dst = append(at.AppendFormat(dst, time.RFC3339Nano), '"')
	}
	if schema := m.found.attribute("dataschema"); isURI(schema) {
		dst = appendAttribute(dst, "dataschema", schema)
	}
	return dst
}

// appendExtensions appends the trace context and the headers chosen, where the event has no such attribute itself.
func (m *Maker) appendExtensions(dst []byte, kept bool) []byte {
	own := func(f *field) bool { return kept && m.found.has(f.attribute) }
	for _, f := range [...]*field{&m.found.traceParent, &m.found.traceState} {
		if said(f.value) && !own(f) {
			dst = appendAttribute(dst, f.attribute, f.value)
		}
	}
	for i := range m.found.extra {
		if f := &m.found.extra[i]; legal(f.value) && !own(f) {
			dst = appendAttribute(dst, f.attribute, f.value)
		}
	}
	return dst
}
