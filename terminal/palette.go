package terminal

import (
	"io"
	"os"
)

// Mark says how something is.
type Mark uint8

// The marks.
const (
	Good Mark = iota
	Warn
	Bad
)

// String returns the sign that stands before a line.
func (m Mark) String() string { return [...]string{"✓", "!", "✗"}[m] }

// Palette colours words; false leaves them as they are.
type Palette bool

// PaletteOf colours on a terminal, unless NO_COLOR asks for none.
func PaletteOf(w io.Writer) Palette {
	return Palette(Is(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// Paint colours text by how it is. Escape sequences have no width, so it comes after aligning.
func (p Palette) Paint(m Mark, text string) string {
	if !p {
		return text
	}
	return [...]string{"\x1b[32m", "\x1b[33m", "\x1b[31m"}[m] + text + "\x1b[0m"
}

// Faint puts text into the background.
func (p Palette) Faint(text string) string {
	if !p {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}

// Is reports whether w is a character device: a terminal, as far as colours and live output go.
func Is(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
