package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"momento-bridge/terminal"
)

// statusWatch shows a status again and again. It belongs to one goroutine.
type statusWatch struct {
	out, log io.Writer
	interval time.Duration
	json     bool
	block    bool // Redraw one block rather than append lines.
	paint    terminal.Palette
	drawn    int    // Lines of the block that stands there.
	trouble  string // The failure that has been told, outside a block.
}

// run asks until ctx is done, which is no error. A daemon that has answered once may be away for a while: that is shown, and asked again.
func (w *statusWatch) run(ctx context.Context, client *statusClient) error {
	ticks := time.NewTicker(w.interval)
	defer ticks.Stop()
	for first := true; ; first = false {
		a, err := client.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil:
			w.failed(err)
		default:
			if err := w.show(a); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

// show writes an answer. An error says that nobody reads any more.
func (w *statusWatch) show(a *statusAnswer) error {
	w.trouble = ""
	switch {
	case w.block:
		return w.draw(statusLines(&a.status, w.paint), "Ctrl-C ends")
	case w.json:
		var line bytes.Buffer
		if err := json.Compact(&line, a.body); err != nil {
			return fmt.Errorf("write the answer in one line: %w", err)
		}
		line.WriteByte('\n')
		_, err := w.out.Write(line.Bytes())
		return err
	}
	_, err := fmt.Fprintln(w.out, statusLine(&a.status))
	return err
}

// failed shows that the daemon does not answer: in the block, or once for each failure on standard error.
func (w *statusWatch) failed(err error) {
	if w.block {
		var lines []string
		for part := range strings.Lines(err.Error()) {
			lines = append(lines, terminal.Wrap(terminal.Printable(part), terminal.Width)...)
		}
		lines[0] = w.paint.Paint(terminal.Bad, "✗ "+lines[0])
		_ = w.draw(lines, "asking again; Ctrl-C ends")
		return
	}
	if w.trouble != err.Error() {
		w.trouble = err.Error()
		fmt.Fprintln(w.log, err)
	}
}

// draw replaces the block, which ends with a line about the command. Lines are cut at the terminal's edge while it draws, so that each takes one row,
// and there are no more than the terminal has rows: so the cursor finds the way back.
func (w *statusWatch) draw(lines []string, last string) error {
	lines = append(lines, "")
	if rows := terminal.Rows(w.out); rows > 2 && len(lines)+2 > rows { // The cursor stands in a row of its own.
		last = fmt.Sprintf("%d more lines: make the window taller; %s", len(lines)-rows+2, last)
		lines = lines[:rows-2]
	}
	lines = append(lines, w.paint.Faint(last))
	var b strings.Builder
	b.WriteString("\x1b[?7l")
	if w.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", w.drawn)
	}
	for _, line := range lines {
		b.WriteString("\r" + line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J\x1b[?7h")
	w.drawn = len(lines)
	_, err := io.WriteString(w.out, b.String())
	return err
}
