package main

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textWidth is the width, in characters, that output for people is made for.
const textWidth = 80

// mark says how something is.
type mark uint8

const (
	markGood mark = iota
	markWarn
	markBad
)

// String returns the sign that stands before a line.
func (m mark) String() string { return [...]string{"✓", "!", "✗"}[m] }

// palette colours words; false leaves them as they are.
type palette bool

// paletteOf colours on a terminal, unless NO_COLOR asks for none.
func paletteOf(w io.Writer) palette {
	return palette(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// paint colours text by how it is. Escape sequences have no width, so it comes after aligning.
func (p palette) paint(m mark, text string) string {
	if !p {
		return text
	}
	return [...]string{"\x1b[32m", "\x1b[33m", "\x1b[31m"}[m] + text + "\x1b[0m"
}

// faint puts text into the background.
func (p palette) faint(text string) string {
	if !p {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}

// fieldIndent is where the text of a field begins.
const fieldIndent = 13

// field returns a name and its text, which goes on under itself where it is longer than the line.
func field(name, text string) []string {
	lines := wrap(text, textWidth-fieldIndent)
	for i, line := range lines {
		lines[i] = "  " + pad(name, fieldIndent-2) + line
		name = ""
	}
	return lines
}

// wrap breaks text between words into lines of at most so many characters, where no word is longer. There is at least one line.
func wrap(text string, width int) []string {
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

// pad fills text up to a width, in characters, on the right; padLeft does on the left.
func pad(text string, width int) string { return text + blanks(text, width) }

func padLeft(text string, width int) string { return blanks(text, width) + text }

func blanks(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// printable replaces what could control a terminal. For text that comes from elsewhere.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
