package sink

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
)

// undo returns what the escape sequence at the beginning of a text stands for, and its length; 0: there is none.
type undo func(text string) (undone string, length int)

// escapes are the ways of servers to write what they were sent: in a path, in a query, in JSON, in HTML. Sequences
// begin with one of the signs.
var escapes = [...]struct {
	signs string
	undo  undo
}{{"%", undoPercent}, {"+", undoQuery}, {`\`, undoBackslash}, {"&", undoEntity}}

func undoNothing(string) (string, int) { return "", 0 }

func undoPercent(text string) (string, int) {
	if text[0] != '%' || len(text) < 3 {
		return "", 0
	}
	c, err := strconv.ParseUint(text[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(c)}), 3
}

func undoQuery(text string) (string, int) {
	if text[0] == '+' {
		return " ", 1
	}
	return undoPercent(text)
}

func undoBackslash(text string) (string, int) {
	if text[0] != '\\' || len(text) < 2 {
		return "", 0
	}
	switch c := text[1]; c {
	case 'u':
		return undoUTF16(text)
	case 'x':
		if undone, n := undoPercent("%" + text[2:]); n > 0 {
			return undone, n + 1
		}
		return "", 0
	case 'n', 'r', 't', 'b', 'f', 'v', 'a':
		return " ", 2
	case '"', '\'', '\\', '/':
		return text[1:2], 2
	}
	return "", 0
}

// undoUTF16 is for \u and four digits, or two of them that make one sign.
func undoUTF16(text string) (string, int) {
	const length = len(`\u0000`)
	first, ok := unit(text)
	if !ok {
		return "", 0
	}
	if utf16.IsSurrogate(first) {
		second, ok := unit(text[length:])
		if r := utf16.DecodeRune(first, second); ok && r != '\ufffd' {
			return string(r), 2 * length
		}
	}
	return string(first), length
}

func unit(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	u, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(u), err == nil
}

// longestEntity bounds an entity of HTML, in bytes: &thetasym; and longer ones are nothing that is escaped.
const longestEntity = 10

func undoEntity(text string) (string, int) {
	if text[0] != '&' {
		return "", 0
	}
	end := strings.IndexByte(text[:min(len(text), longestEntity)], ';')
	if end < 0 {
		return "", 0
	}
	undone := html.UnescapeString(text[:end+1])
	if undone == text[:end+1] {
		return "", 0
	}
	return undone, end + 1
}
