package logthrottle

import (
	"context"
	"log/slog"
	"strings"
)

// handler passes a record on unless one of its kind has been passed on within Interval.
type handler struct {
	slog.Handler

	about string // Attributes and groups that belong to the kind.
	kinds *kinds // Shared by all that come from one handler.
}

// New returns a handler that passes on to next the first record of a kind, and then at most one in Interval, with
// Attribute. Records with one message are of one kind, whatever attributes they have; attributes that a logger was
// given beforehand (With) belong to the kind. It may be used concurrently.
func New(next slog.Handler) slog.Handler { return &handler{Handler: next, kinds: &kinds{}} }

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	passed, due := h.kinds.due(h.about + r.Message)
	if !due {
		if c, ok := h.Handler.(Counter); ok {
			c.Passed(ctx, r)
		}
		return nil
	}
	if passed > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int(Attribute, passed))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var about strings.Builder
	about.WriteString(h.about)
	for _, a := range attrs {
		about.WriteString(a.String() + "\n")
	}
	return &handler{Handler: h.Handler.WithAttrs(attrs), about: about.String(), kinds: h.kinds}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{Handler: h.Handler.WithGroup(name), about: h.about + name + "\n", kinds: h.kinds}
}
