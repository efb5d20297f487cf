package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// statusWatch shows a status again and again. It belongs to one goroutine.
type statusWatch struct {
	out, log io.Writer
	interval time.Duration
	json     bool
	block    *terminal.Block // What answers are drawn in; nil: lines are appended.
	paint    terminal.Palette
	resized  <-chan os.Signal // nil: it has no size.
	latest   answer           // What is shown, in a block; nil: something else.
	trouble  string           // The failure that has been told, outside a block.
	verdict  admin.Verdict    // Of the last answer; empty: there was none, or the daemon did not answer the last time.
}

// run asks until ctx is done, which is no error. A daemon that has answered once may be away for a while: that is
// shown, and asked again.
func (w *statusWatch) run(ctx context.Context, client asker) error {
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
			w.verdict = ""
			w.failed(err)
		default:
			if err := w.show(a); err != nil {
				return err
			}
		}
		if err := w.pause(ctx, ticks.C); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// sheet is as large as the terminal is now.
func (w *statusWatch) sheet() terminal.Sheet {
	s := terminal.SheetOf(w.out)
	s.Palette = w.paint
	return s
}

// pause waits for the next time to ask. Meanwhile the terminal may be given another size.
func (w *statusWatch) pause(ctx context.Context, next <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next:
			return nil
		case <-w.resized:
			if w.latest == nil {
				continue
			}
			if err := w.show(w.latest); err != nil {
				return err
			}
		}
	}
}

// show writes an answer. An error says that nobody reads any more.
func (w *statusWatch) show(a answer) error {
	w.trouble, w.verdict = "", a.verdict()
	switch {
	case w.block != nil:
		w.latest = a
		return w.block.ShowWith(a.lines(w.sheet()), "Ctrl-C ends")
	case w.json:
		line, err := printableJSON(a, false)
		if err != nil {
			return err
		}
		_, err = w.out.Write(append(line, '\n'))
		return err
	}
	_, err := fmt.Fprintln(w.out, a.line())
	return err
}

// failed shows that the daemon does not answer: in the block, or once for each failure on standard error.
func (w *statusWatch) failed(err error) {
	if w.block != nil {
		var lines []string
		paint := w.sheet()
		w.latest = nil
		for part := range strings.Lines(err.Error()) {
			lines = append(lines, paint.Wrap(printable.Line(part), 2)...)
		}
		lines[0] = paint.Paint(terminal.Bad, terminal.Bad.String()+" "+lines[0])
		_ = w.block.ShowWith(lines, "asking again; Ctrl-C ends")
		return
	}
	if w.trouble != err.Error() {
		w.trouble = err.Error()
		fmt.Fprintln(w.log, err)
	}
}
