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
	f := fileOf(w)
	if f == nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// fileOf returns the file that a writer writes to, itself or by one that says so with Under; nil: it is none.
func fileOf(w io.Writer) *os.File {
	for {
		switch at := w.(type) {
		case *os.File:
			return at
		case interface{ Under() io.Writer }:
			w = at.Under()
		default:
			return nil
		}
	}
}
