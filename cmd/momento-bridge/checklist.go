package main

import (
	"fmt"
	"io"
	"strings"

	"momento-bridge/excerpt"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// checklist prints checks as they are made, each in a line that begins with ✓, ! or ✗, and counts them. What belongs to
// a check stands under it.
type checklist struct {
	w      io.Writer
	paint  terminal.Palette
	made   int
	failed int
	warned int
}

func newChecklist(w io.Writer) *checklist { return &checklist{w: w, paint: terminal.PaletteOf(w)} }

// Pass is a check that succeeded.
func (c *checklist) Pass(text string) {
	c.made++
	c.line(terminal.Good, text)
}

// Warn is what works and is probably not meant. The text says what to do.
func (c *checklist) Warn(text string) {
	c.made++
	c.warned++
	c.line(terminal.Warn, text)
}

// Fail is a check that failed, why, and what to do unless the reason says it.
func (c *checklist) Fail(what string, why error, advice string) {
	c.made++
	c.failed++
	c.line(terminal.Bad, fmt.Sprintf("%s: %s", what, strings.ReplaceAll(why.Error(), "\n", "\n    ")))
	if advice != "" {
		fmt.Fprintf(c.w, "    → %s\n", safe(advice))
	}
}

// Note tells something of the check before: a name, which may be empty under another, and a text.
func (c *checklist) Note(name, text string) {
	fmt.Fprintf(c.w, "    %-10s %s\n", name, safe(text))
}

func (c *checklist) line(m terminal.Mark, text string) {
	fmt.Fprintln(c.w, c.paint.Paint(m, m.String())+" "+safe(text))
}

// verdict ends the list with one line, and returns errQuiet if a check failed.
func (c *checklist) verdict(also string) error {
	fmt.Fprintln(c.w)
	if c.failed > 0 {
		c.line(terminal.Bad, fmt.Sprintf("%d of %s failed", c.failed, terminal.Plural(c.made, "check")))
		return errQuiet
	}
	text := "ready to run"
	if c.warned > 0 {
		text += ", with " + terminal.Plural(c.warned, "warning")
	}
	c.line(terminal.Good, text+also)
	return nil
}

// safe is a text for people, of one line or several, in which names and files of theirs stand: without what could
// control a terminal, and of what looks like a key in the wrong place only the beginning.
func safe(text string) string { return printable.Lines(excerpt.WithoutSecrets(text)) }
