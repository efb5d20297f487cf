package terminal

import (
	"strings"
	"unicode/utf8"
)

// Width is the width, in characters, that output for people is made for.
const Width = 80

// fieldIndent is where the text of a field begins.
const fieldIndent = 13

// Field returns the lines of a field: an indented name and its text beside it. Text that does not fit into Width goes
// on in further lines below its beginning.
func Field(name, text string) []string {
	lines := Wrap(text, Width-fieldIndent)
	for i, line := range lines {
		lines[i] = "  " + Pad(name, fieldIndent-2) + line
		name = ""
	}
	return lines
}

// Wrap breaks text between words into lines of at most width characters. A longer word gets a line of its own. White
// space between words becomes one space. There is always at least one line, which may be empty.
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

// Pad adds spaces to the right of text until it has width characters. A longer text stays as it is.
func Pad(text string, width int) string { return text + blanks(text, width) }

// PadLeft adds spaces to the left of text until it has width characters. A longer text stays as it is.
func PadLeft(text string, width int) string { return blanks(text, width) + text }

func blanks(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
