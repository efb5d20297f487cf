package terminal

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Sheet is what output for people is made for: colours, and how much fits into a line.
type Sheet struct {
	Palette
	Width int  // In characters.
	Fit   bool // No line may be longer, as it would be cut: long words are broken. Elsewhere they stay whole.
}

// The widths of terminals for which lines are made.
const leastWidth, mostWidth = 40, 300

// SheetOf returns the sheet of a writer: a terminal's is as wide as that is now.
func SheetOf(w io.Writer) Sheet {
	s := Sheet{Palette: PaletteOf(w), Width: Width}
	if columns := Columns(w); columns > 0 {
		s.Width, s.Fit = min(max(columns, leastWidth), mostWidth), true
	}
	return s
}

// Plain is for what is no terminal.
func Plain(colours Palette) Sheet { return Sheet{Palette: colours, Width: Width} }

// Wrap is the function Wrap for text that begins so many characters from the left.
func (s Sheet) Wrap(text string, indent int) []string {
	width := s.Width - indent
	lines := Wrap(text, width)
	if !s.Fit {
		return lines
	}
	var fitting []string
	for _, line := range lines {
		for utf8.RuneCountInString(line) > width { // Then it is one word.
			at := breakAt([]rune(line), width)
			fitting, line = append(fitting, string([]rune(line)[:at])), string([]rune(line)[at:])
		}
		fitting = append(fitting, line)
	}
	return fitting
}

// breakAt is where a word that is too long is broken: behind what separates its parts, if there is such a place.
func breakAt(word []rune, width int) int {
	for at := width; at > width/3; at-- {
		if strings.ContainsRune(".-_/:,=&?", word[at-1]) {
			return at
		}
	}
	return width
}

// Field is the function Field for the sheet.
func (s Sheet) Field(name, text string) []string {
	lines := s.Wrap(text, fieldIndent)
	for i, line := range lines {
		lines[i] = "  " + Pad(name, fieldIndent-2) + line
		name = ""
	}
	return lines
}

// Cut shortens a text that is too long; an ellipsis stands for its end.
func Cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
