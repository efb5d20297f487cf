package daemon

import (
	"context"
	"log/slog"
	"slices"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/excerpt"
	"momento-bridge/logthrottle"
	"momento-bridge/printable"
)

// problemHandler is a slog.Handler that notes problems, and passes everything on.
type problemHandler struct {
	slog.Handler

	problems *problems
	attrs    []slog.Attr // Of With.
}

// watchProblems returns a logger that logs as before, and what its warnings and errors are.
func watchProblems(log *slog.Logger) (*slog.Logger, *problems) {
	p := &problems{dropped: map[string]uint64{}}
	return slog.New(&problemHandler{Handler: log.Handler(), problems: p}), p
}

// Enabled implements slog.Handler: problems are noted also where they are not logged.
func (h *problemHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *problemHandler) Handle(ctx context.Context, r slog.Record) error {
	h.Passed(ctx, r)
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, withoutCause(r))
}

// Passed implements logthrottle.Counter.
func (h *problemHandler) Passed(_ context.Context, r slog.Record) {
	if r.Level < slog.LevelWarn {
		return
	}
	if p := h.problem(r); p.cause != condition.Losing { // That is counted by messages.
		h.problems.note(&p)
	}
}

// withoutCause returns the record as it is logged: its condition is for us.
func withoutCause(r slog.Record) slog.Record {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == condition.Attribute
		return !found
	})
	if !found {
		return r
	}
	rest := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != condition.Attribute {
			rest.AddAttrs(a)
		}
		return true
	})
	return rest
}

// WithAttrs implements slog.Handler.
func (h *problemHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &problemHandler{
		Handler: h.Handler.WithAttrs(attrs), problems: h.problems,
		attrs: append(slices.Clone(h.attrs), attrs...),
	}
}

// WithGroup implements slog.Handler.
func (h *problemHandler) WithGroup(name string) slog.Handler {
	return &problemHandler{Handler: h.Handler.WithGroup(name), problems: h.problems, attrs: h.attrs}
}

// maxDetail bounds what is kept of a problem's attributes, in bytes.
const maxDetail = 300

func (h *problemHandler) problem(r slog.Record) problem {
	p := problem{cause: condition.Count, Problem: admin.Problem{
		Level: admin.LevelWarning, Text: r.Message, Count: 1, First: r.Time.UTC(), Last: r.Time.UTC(),
	}}
	if r.Level >= slog.LevelError {
		p.Level = admin.LevelError
	}
	take := func(a slog.Attr) bool {
		switch a.Key {
		case "route":
			p.Route = a.Value.String()
		case condition.Attribute:
			if cause, ok := a.Value.Any().(condition.Condition); ok {
				p.cause = cause
			}
		case "detail", "error", "reason", "warning", "advice":
			if p.Detail != "" {
				p.Detail += "; "
			}
			p.Detail += a.Value.String()
		}
		return true
	}
	for _, a := range h.attrs {
		take(a)
	}
	r.Attrs(take)
	p.Detail = boundedDetail(p.Detail)
	return p
}

// boundedDetail is a detail as it may be shown.
func boundedDetail(text string) string {
	return printable.Bounded(excerpt.WithoutSecrets(text), maxDetail)
}

var (
	_ slog.Handler        = (*problemHandler)(nil)
	_ logthrottle.Counter = (*problemHandler)(nil)
)
