package terminal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Width is the width, in characters, that output for people is made for.
const Width = 80

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

// Wrap breaks text between words into lines of at most so many characters, where no word is longer. There is at least
// one line.
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

// Pad fills text up to a width, in characters, on the right.
func Pad(text string, width int) string { return text + blanks(text, width) }

// PadLeft fills text up to a width, in characters, on the left.
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
