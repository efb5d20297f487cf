package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Block shows lines that change: on a terminal they are drawn again in place, elsewhere they are appended as one plain
// line. It belongs to one goroutine.
type Block struct {
	w     io.Writer
	live  bool
	drawn int // Lines that stand there,
	wide  int // in a terminal so wide.
}

// NewBlock returns a block that has shown nothing yet.
func NewBlock(w io.Writer) *Block { return &Block{w: w, live: Is(w)} }

// Live reports whether lines are drawn again in place.
func (b *Block) Live() bool { return b.live }

// Show shows lines in place of those before, as many as the terminal has rows. An error says that nobody reads any
// more.
func (b *Block) Show(lines ...string) error {
	if !b.live {
		_, err := fmt.Fprintln(b.w, strings.Join(lines, "; "))
		return err
	}
	lines = b.fitting(lines)
	if rows := Rows(b.w); rows > 1 && len(lines) >= rows { // The cursor stands in a row of its own.
		lines = lines[:rows-1]
	}
	return b.draw(lines)
}

// ShowWith is Show with a last line about the command, set apart: it stays where the terminal has too few rows, and
// says so.
func (b *Block) ShowWith(lines []string, last string) error {
	lines = append(lines, "")
	if rows := Rows(b.w); b.live && rows > 2 && len(lines)+2 > rows {
		last = fmt.Sprintf("%d more lines: make the window taller; %s", len(lines)-rows+2, last)
		lines = lines[:rows-2]
	}
	return b.Show(append(lines, PaletteOf(b.w).Faint(last))...)
}

// fitting breaks lines that are too long between their words. Those with colours are made to fit by who makes them.
func (b *Block) fitting(lines []string) []string {
	sheet, all := SheetOf(b.w), make([]string, 0, len(lines))
	for _, line := range lines {
		if !sheet.Fit || utf8.RuneCountInString(line) <= sheet.Width || strings.Contains(line, "\x1b") {
			all = append(all, line)
			continue
		}
		all = append(all, sheet.Wrap(line, 0)...)
	}
	return all
}

// draw cuts lines at the terminal's edge, so that each takes one row and the cursor finds the way back.
func (b *Block) draw(lines []string) error {
	var text strings.Builder
	text.WriteString("\x1b[?7l")
	wide := Columns(b.w)
	switch {
	case b.drawn == 0:
	case wide != b.wide: // The terminal may have broken the lines that stand there, so that the way back is not known.
		text.WriteString("\x1b[H\x1b[2J")
	default:
		fmt.Fprintf(&text, "\x1b[%dA", b.drawn)
	}
	for _, line := range lines {
		text.WriteString("\r" + line + "\x1b[K\n")
	}
	text.WriteString("\x1b[J\x1b[?7h")
	b.drawn, b.wide = len(lines), wide
	_, err := io.WriteString(b.w, text.String())
	return err
}
