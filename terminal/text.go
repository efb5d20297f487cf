package terminal

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Width is the width, in characters, that output for people is made for.
const Width = 80

// Mark says how something is.
type Mark uint8

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

// fieldIndent is where the text of a field begins.
const fieldIndent = 13

// Field returns a name and its text, which goes on under itself where it is longer than the line.
func Field(name, text string) []string {
	lines := Wrap(text, Width-fieldIndent)
	for i, line := range lines {
		lines[i] = "  " + Pad(name, fieldIndent-2) + line
		name = ""
	}
	return lines
}

// Wrap breaks text between words into lines of at most so many characters, where no word is longer. There is at least one line.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// Pad fills text up to a width, in characters, on the right; padLeft does on the left.
func Pad(text string, width int) string { return text + blanks(text, width) }

func PadLeft(text string, width int) string { return blanks(text, width) + text }

func blanks(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// Printable replaces what could control a terminal. For text that comes from elsewhere.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
