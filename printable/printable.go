// Package printable makes text that comes from outside safe to show: on terminals, in logs and on pages. Whatever a
// server, a file, a subject or another daemon says goes through it before people see it. It imports nothing of ours.
package printable

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s as one line in which each character that could control a terminal, break the line, turn the direction
// of writing or stand there unseen is written as its escape: \n, \x1b, \u202e; a byte that is no UTF-8 as \xff. Text
// without any is returned as it is. What is escaped once stays the same if it is escaped again.
func Text(s string) string { return escaped(s, Safe) }

// Lines is Text for text of several lines: line feeds stay. It is for what was put together by us, of parts that
// cannot have any.
func Lines(s string) string {
	return escaped(s, func(r rune) bool { return r == '\n' || Safe(r) })
}

// Line is Text for sentences, which may have been put together in several lines: white space becomes a single space,
// as it would be shown, and there is none at the ends.
func Line(s string) string {
	broken := func(r rune) bool { return r != ' ' && unicode.IsSpace(r) }
	if !strings.ContainsFunc(s, broken) && strings.TrimSpace(s) == s && !strings.Contains(s, "  ") {
		return Text(s)
	}
	return Text(strings.Join(strings.Fields(s), " "))
}

// Bounded is Line in at most so many bytes, which are at least a few: what is longer ends with an ellipsis, and no
// character or escape is cut.
func Bounded(s string, most int) string {
	cut := len(s) > 2*most // Nobody waits until all of it has been looked at.
	if cut {
		s = s[:wholeRunes(s, 2*most)]
	}
	text := Line(s)
	if !cut && len(text) <= most {
		return text
	}
	return text[:wholeEscape(text, wholeRunes(text, most-len(ellipsis)))] + ellipsis
}

const ellipsis = "…"

// Safe reports whether a character is seen, and stays where it is.
func Safe(r rune) bool {
	return unicode.IsPrint(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

func escaped(s string, safe func(rune) bool) string {
	from := firstUnsafe(s, safe)
	if from < 0 {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	b = append(b, s[:from]...)
	for i := from; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = appendByte(b, s[i])
		case safe(r):
			b = append(b, s[i:i+n]...)
		default:
			b = appendRune(b, r)
		}
		i += n
	}
	return string(b)
}

// firstUnsafe returns where the first character is that has to be escaped; -1: nowhere.
func firstUnsafe(s string, safe func(rune) bool) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
		if !safe(r) {
			return i
		}
	}
	return -1
}

const hex = "0123456789abcdef"

func appendByte(b []byte, c byte) []byte { return append(b, '\\', 'x', hex[c>>4], hex[c&15]) }

func appendRune(b []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r == '\t':
		return append(b, `\t`...)
	case r < utf8.RuneSelf:
		return appendByte(b, byte(r))
	}
	quoted := strconv.AppendQuoteRuneToASCII(nil, r) // With quotes around.
	return append(b, quoted[1:len(quoted)-1]...)
}

// wholeRunes returns how much of a text there is before the character that crosses so many bytes.
func wholeRunes(s string, most int) int {
	if len(s) <= most {
		return len(s)
	}
	end := max(0, most)
	for back := 0; back < utf8.UTFMax && end > 0 && !utf8.RuneStart(s[end]); back++ {
		end--
	}
	return end
}

// wholeEscape returns the end of a text that was cut, before an escape that was cut with it.
func wholeEscape(s string, end int) int {
	at := strings.LastIndexByte(s[:end], '\\')
	if at < 0 || at+1 >= len(s) {
		return end
	}
	length := map[byte]int{'x': 4, 'u': 6, 'U': 10, 'n': 2, 'r': 2, 't': 2}[s[at+1]]
	if at+length > end {
		return at
	}
	return end
}
