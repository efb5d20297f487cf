package envelope

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// legal reports whether CloudEvents allows a string as the value of an attribute: valid UTF-8 without control
// characters, and without code points that are no characters.
func legal[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return legalRunes(string(s[i:]))
		}
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func legalRunes(s string) bool {
	for i, r := range s {
		switch {
		case r < ' ', 0x7f <= r && r <= 0x9f, 0xfdd0 <= r && r <= 0xfdef, r&0xfffe == 0xfffe:
			return false
		case r == utf8.RuneError:
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
	}
	return true
}

// said reports whether a string is legal, and more than white space.
func said(s string) bool { return strings.TrimSpace(s) != "" && legal(s) }

// isReference reports whether a text is a URI reference that every SDK takes.
func isReference(s string) bool {
	if s == "" || strings.Count(s, "#") > 1 {
		return false
	}
	brackets := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '[' || c == ']':
			brackets = true
		case c == '%' && (i+2 >= len(s) || hexDigit(s[i+1]) < 0 || hexDigit(s[i+2]) < 0):
			return false
		case c != '%' && !strings.ContainsRune(uriCharacters, rune(c)):
			return false
		}
	}
	u, err := url.Parse(s)
	if err != nil || strings.Contains(u.Host, "@") || u.User != nil && strings.Count(s, "@") > 1 {
		return false
	}
	return !brackets || strings.HasPrefix(u.Host, "[") && strings.Count(s, "[")+strings.Count(s, "]") == 2
}

const uriCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#@!$&'()*+,;="

// isURI reports whether a text is an absolute URI.
func isURI(s string) bool {
	if !isReference(s) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && u.Opaque+u.Host+u.Path != ""
}

// isTime reports whether a text is a time in the format of RFC 3339. The time package takes more: hours of one digit,
// commas, and zones that are a day or more away.
func isTime(s string) bool {
	if new(time.Time).UnmarshalText([]byte(s)) != nil || s[len("2006-01-02T15")] != ':' || strings.Contains(s, ",") {
		return false
	}
	if strings.HasSuffix(s, "Z") {
		return true
	}
	hours, minutes, _ := strings.Cut(s[len(s)-len("00:00"):], ":")
	return hours < "24" && minutes < "60"
}

// hexDigit is the value of a hexadecimal digit; -1: it is none.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendAttribute appends a member to an object that has some. The value is legal.
func appendAttribute(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":"`...)
	return append(appendEscaped(dst, value), '"')
}

// appendFields appends attributes, but the version, which stands in front.
func appendFields(dst []byte, fields []field) []byte {
	for i := range fields {
		if fields[i].attribute != "specversion" {
			dst = appendAttribute(dst, fields[i].attribute, fields[i].value)
		}
	}
	return dst
}

// appendEscaped appends a string as JSON has it between quotes.
func appendEscaped[T ~string | ~[]byte](dst []byte, s T) []byte {
	begin := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[begin:i]...)
		begin = i + 1
		switch c {
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, s[begin:]...)
}

// escapedSize is how many bytes appendEscaped appends.
func escapedSize(s []byte) int {
	n := len(s)
	for _, c := range s {
		switch {
		case c == '"', c == '\\', c == '\n', c == '\r', c == '\t':
			n++
		case c < ' ':
			n += 5
		}
	}
	return n
}
