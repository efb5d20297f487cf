package terminal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"momento-bridge/printable"
)

// handler writes a log for people: the time of day, a sign for what is wrong, the text, and the attributes in the
// background.
type handler struct {
	slog.Handler // Writes the attributes to attrs.

	out *output
}

// output is what a handler and those derived from it share.
type output struct {
	mu    sync.Mutex // Guards the following, and makes each line one write.
	attrs bytes.Buffer
	w     io.Writer
	paint Palette
}

func newHandler(w io.Writer, level slog.Level) slog.Handler {
	out := &output{w: w, paint: PaletteOf(w)}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && slices.Contains([]string{slog.TimeKey, slog.LevelKey, slog.MessageKey}, a.Key) {
			return slog.Attr{}
		}
		return readable(groups, a)
	}}
	return &handler{slog.NewTextHandler(&out.attrs, options), out}
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.attrs.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	text := printable.Line(r.Message)
	switch {
	case r.Level >= slog.LevelError:
		text = h.out.paint.Paint(Bad, Bad.String()+" "+text)
	case r.Level >= slog.LevelWarn:
		text = h.out.paint.Paint(Warn, Warn.String()+" "+text)
	}
	if attrs := bytes.TrimSpace(h.out.attrs.Bytes()); len(attrs) > 0 {
		text += "  " + h.out.paint.Faint(printable.Text(string(attrs)))
	}
	_, err := fmt.Fprintf(h.out.w, "%s %s\n", h.out.paint.Faint(r.Time.Format(time.TimeOnly)), text)
	return err
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.out}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.out}
}

var _ slog.Handler = (*handler)(nil)
