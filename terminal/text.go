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
// space between words becomes one space. A number with its thousands apart counts as one word. There is always at least
// one line, which may be empty.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words(text) {
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

// words returns what is not broken.
func words(text string) []string {
	var all []string
	for word := range strings.FieldsSeq(text) {
		if n := len(all); n > 0 && continues(all[n-1], word) {
			all[n-1] += " " + word
			continue
		}
		all = append(all, word)
	}
	return all
}

// continues reports whether a word is the thousands after the one before, as Count has them.
func continues(before, word string) bool {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return digit(before[len(before)-1]) && len(word) >= 3 && digit(word[0]) && digit(word[1]) && digit(word[2]) &&
		(len(word) == 3 || !digit(word[3]))
}

// Pad adds spaces to the right of text until it has width characters. A longer text stays as it is.
func Pad(text string, width int) string { return text + blanks(text, width) }

// PadLeft adds spaces to the left of text until it has width characters. A longer text stays as it is.
func PadLeft(text string, width int) string { return blanks(text, width) + text }

func blanks(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
