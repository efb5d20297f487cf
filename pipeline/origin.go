package pipeline

import (
	"log/slog"
	"time"

	"momento-bridge/printable"
)

// Origin is where a message comes from, so that people can find it.
type Origin struct {
	Subject  string // Of the NATS message, bounded.
	Stream   string // Empty: it is from none.
	Sequence uint64 // In the stream.
}

// stretch is from which sequence to which some messages are that were not logged one by one; zero: they have none.
type stretch struct{ first, last uint64 }

// add adds a sequence.
func (s *stretch) add(sequence uint64) {
	if s.first == 0 || sequence != 0 && sequence < s.first {
		s.first = sequence
	}
	s.last = max(s.last, sequence)
}

// mostTopic bounds a topic that is told, in bytes.
const mostTopic = 200

// noteMessage notes an event about a message, with what finds it: where it comes from or, where nobody knows, its
// topic.
func (d *dispatcher) noteMessage(now time.Time, kind eventKind, r *Route, e *entry, detail string) {
	about := event{kind: kind, route: r, detail: detail, topic: e.lane.topic}
	if r.cfg.Origin != nil {
		about.origin = r.cfg.Origin(e.handle)
	}
	if why := e.rejection; why != nil {
		about.reason, about.status = why.Reason, why.Status
	}
	d.events.note(now, about)
}

// attrs are what finds the message of an event, and those before it that were not logged.
func (e *event) attrs(attrs []slog.Attr) []slog.Attr {
	switch {
	case e.origin.Subject != "":
		attrs = append(attrs, slog.String("subject", e.origin.Subject))
	case e.topic != "":
		attrs = append(attrs, slog.String("topic", printable.Bounded(e.topic, mostTopic)))
	}
	if e.origin.Stream != "" {
		attrs = append(attrs, slog.String("stream", e.origin.Stream), slog.Uint64("sequence", e.origin.Sequence))
	}
	if e.reason != "" {
		attrs = append(attrs, slog.String("reason", e.reason), slog.Int("status", e.status))
	}
	if e.detail != "" {
		attrs = append(attrs, slog.String("detail", e.detail))
	}
	if e.silent == 0 {
		return attrs
	}
	attrs = append(attrs, slog.Int("not_logged_before", e.silent))
	if e.passed.last > 0 {
		attrs = append(attrs, slog.Uint64("not_logged_from", e.passed.first),
			slog.Uint64("not_logged_to", e.passed.last))
	}
	if e.kind == eventDeadLettered {
		attrs = append(attrs,
			slog.String("find", "each is in the dead letters, with its subject, stream and sequence in "+
				"the headers Momento-Bridge-*"))
	}
	return attrs
}
