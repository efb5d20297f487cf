package daemon

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"momento-bridge/admin"
	"momento-bridge/excerpt"
	"momento-bridge/printable"
)

// maxProblems bounds how many different problems are remembered; the one that was seen longest ago is forgotten.
const maxProblems = 20

// problems remembers the warnings and errors that are logged, each with how often it was. It may be used concurrently.
type problems struct {
	mu  sync.Mutex // Guards the following.
	all []admin.Problem
}

// list returns them, the latest first.
func (p *problems) list() []admin.Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.all)
	slices.SortFunc(all, func(a, b admin.Problem) int { return b.Last.Compare(a.Last) })
	return append([]admin.Problem{}, all...)
}

// note takes note of a problem that has occurred so many times.
func (p *problems) note(seen admin.Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.all, func(known admin.Problem) bool {
		return known.Text == seen.Text &&
			known.Route == seen.Route
	})
	if i >= 0 {
		known := &p.all[i]
		known.Count += seen.Count
		known.Last, known.Detail = seen.Last, seen.Detail
		return
	}
	if len(p.all) < maxProblems {
		p.all = append(p.all, seen)
		return
	}
	oldest := 0
	for i := range p.all {
		if p.all[i].Last.Before(p.all[oldest].Last) {
			oldest = i
		}
	}
	p.all[oldest] = seen
}

// problemHandler is a slog.Handler that notes problems, and passes everything on.
type problemHandler struct {
	slog.Handler

	problems *problems
	attrs    []slog.Attr // Of With.
}

// watchProblems returns a logger that logs as before, and what its warnings and errors are.
func watchProblems(log *slog.Logger) (*slog.Logger, *problems) {
	p := &problems{}
	return slog.New(&problemHandler{Handler: log.Handler(), problems: p}), p
}

// Enabled implements slog.Handler: problems are noted also where they are not logged.
func (h *problemHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *problemHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		h.problems.note(h.problem(r))
	}
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
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

func (h *problemHandler) problem(r slog.Record) admin.Problem {
	p := admin.Problem{Level: admin.LevelWarning, Text: r.Message, Count: 1, First: r.Time.UTC(), Last: r.Time.UTC()}
	if r.Level >= slog.LevelError {
		p.Level = admin.LevelError
	}
	take := func(a slog.Attr) bool {
		switch a.Key {
		case "route":
			p.Route = a.Value.String()
		case "not_logged_before":
			p.Count += uint64(max(0, a.Value.Int64()))
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
	p.Detail = printable.Bounded(excerpt.WithoutSecrets(p.Detail), maxDetail)
	return p
}

var _ slog.Handler = (*problemHandler)(nil)
