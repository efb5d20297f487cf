package printable

import (
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns JSON in which nothing but line feeds and what is safe to show is left: other characters are escaped
// within strings, where they mean the same, and become spaces between them.
func JSON(text []byte) []byte {
	from := firstUnsafe(string(text), safeInJSON)
	if from < 0 {
		return text
	}
	b := append(make([]byte, 0, len(text)+64), text[:from]...)
	for i := from; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = appendUnit(b, utf8.RuneError)
		case safeInJSON(r):
			b = append(b, text[i:i+n]...)
		case r < ' ': // JSON itself has escaped those in strings.
			b = append(b, ' ')
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = appendUnit(appendUnit(b, high), low)
		default:
			b = appendUnit(b, r)
		}
		i += n
	}
	return b
}

func safeInJSON(r rune) bool { return r == '\n' || Safe(r) }

// appendUnit appends the escape of one unit of UTF-16.
func appendUnit(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
