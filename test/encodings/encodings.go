// Package encodings writes text in the ways in which servers, proxies and those who look at them send it back, and
// finds pieces of a secret that was written so. It imports nothing of ours.
package encodings

import (
	"bytes"
	"compress/gzip"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Encoding is one way to write a text.
type Encoding struct {
	Name   string
	Encode func(text string) string
}

// All are the ways, each of which can be undone.
var All = []Encoding{
	{"as it is", func(s string) string { return s }},
	{"percent", url.QueryEscape},
	{"percent in small letters", func(s string) string { return each(s, "%%%02x", "") }},
	{"percent in capitals", func(s string) string { return each(s, "%%%02X", "") }},
	{"percent twice", func(s string) string { return url.QueryEscape(each(s, "%%%02x", "")) }},
	{"HTML", html.EscapeString},
	{"HTML in decimals", func(s string) string { return each(s, "&#%d;", "") }},
	{"HTML in hex", func(s string) string { return each(s, "&#x%x;", "") }},
	{"HTML twice", func(s string) string { return html.EscapeString(each(s, "&#%d;", "")) }},
	{"JSON with escapes", func(s string) string { return each(s, `\u%04x`, "") }},
	{"JSON in JSON", func(s string) string { return quoted(quoted(s)) }},
	{"signs as in JavaScript", func(s string) string {
		return strings.NewReplacer("=", `\u003d`, "+", `\u002b`, "/", `\u002f`).Replace(s)
	}},
	{"backslash and hex", func(s string) string { return each(s, `\x%02x`, "") }},
	{"backslash and octal", func(s string) string { return each(s, `\%03o`, "") }},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 without padding", func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }},
	{"base64 for addresses", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 after one more", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s)) }},
	{"base64 after two more", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("xy" + s)) }},
	{"base64 of user and password", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte("user:" + s))
	}},
	{"base64 twice", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	}},
	{"base64 of UTF-16", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(wide(s))) }},
	{"base64 in lines", func(s string) string {
		return chunks(base64.StdEncoding.EncodeToString([]byte(s)), 8, "\r\n ")
	}},
	{"base64 of gzip", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(zipped(s))) }},
	{"base32", func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }},
	{"base32 in small letters", func(s string) string {
		return strings.ToLower(base32.HexEncoding.EncodeToString([]byte(s)))
	}},
	{"ASCII85", func(s string) string {
		text := make([]byte, ascii85.MaxEncodedLen(len(s)))
		return string(text[:ascii85.Encode(text, []byte(s))])
	}},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"hex in capitals", func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }},
	{"hex in pairs", func(s string) string { return each(s, "%02x", " ") }},
	{"hex with colons", func(s string) string { return each(s, "%02x", ":") }},
	{"a dump", func(s string) string { return hex.Dump([]byte(s)) }},
	{"a list of numbers", func(s string) string { return each(s, "%d", ", ") }},
	{"numbers", func(s string) string { return each(s, "%03d", "") }},
	{"binary", func(s string) string { return each(s, "%08b", " ") }},
	{"quoted-printable", func(s string) string {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return b.String()
	}},
	{"quoted-printable of all", func(s string) string { return each(s, "=%02X", "") }},
	{"UTF-16", wide},
	{"UTF-16 with a mark", func(s string) string { return "\xff\xfe" + wide(s) }},
	{"gzip", zipped},
	{"turned around", turned},
	{"small letters", strings.ToLower},
	{"capitals", strings.ToUpper},
	{"the other case", func(s string) string { return strings.Map(otherCase, s) }},
	{"ROT13", func(s string) string { return strings.Map(rot13, s) }},
	{"in lines", func(s string) string { return chunks(s, 4, "\n") }},
	{"in lines of a header", func(s string) string { return chunks(s, 7, "\r\n\t") }},
	{"in tags", func(s string) string { return chunks(s, 5, "<wbr>") }},
	{"in elements", func(s string) string { return "<b>" + chunks(s, 3, "</b><b>") + "</b>" }},
	{"with zeros", func(s string) string { return chunks(s, 1, "\x00") }},
	{"with spaces", func(s string) string { return chunks(s, 1, " ") }},
	{"with soft hyphens", func(s string) string { return chunks(s, 2, "\u00ad") }},
	{"with what has no width", func(s string) string { return chunks(s, 2, "\u200b") }},
	{"in strings that are added", func(s string) string { return `"` + chunks(s, 6, `" + "`) + `"` }},
	{"full width", func(s string) string { return strings.Map(fullWidth, s) }},
	{"its beginning", func(s string) string { return s[:len(s)/2] }},
	{"its middle", func(s string) string { return s[len(s)/3 : len(s)*2/3] }},
	{"its end", func(s string) string { return s[len(s)/2:] }},
	{"with colours", func(s string) string { return chunks(s, 4, "\x1b[31m") }},
	{"with unusual escapes", func(s string) string { return each(s, "%%u%04X", "") }},
	{"in braces", func(s string) string { return each(s, `\u{%x}`, "") }},
}

// pieces returns what stands for eight characters of a secret in an encoding, at each place of it.
func (e Encoding) pieces(secret string) map[string]struct{} {
	all := map[string]struct{}{}
	whole := plain(e.Encode(secret))
	n := least
	if len(whole) > len(secret) {
		n = (least*len(whole) + len(secret) - 1) / len(secret)
	}
	for i := 0; i+n <= len(whole); i++ {
		all[whole[i:i+n]] = struct{}{}
	}
	return all
}

// least is the length from which on a piece of a secret is one, in characters.
const least = 8

// Finder finds pieces of a secret.
type Finder struct{ pieces map[int]map[string]string } // By length: the piece and its encoding.

// NewFinder returns a finder of each piece of a secret of eight characters or more, in each encoding.
func NewFinder(secret string) *Finder {
	f := &Finder{map[int]map[string]string{}}
	for _, e := range All {
		for piece := range e.pieces(secret) {
			if f.pieces[len(piece)] == nil {
				f.pieces[len(piece)] = map[string]string{}
			}
			f.pieces[len(piece)][piece] = e.Name
		}
	}
	return f
}

// Find returns a piece that a text has, white space aside, and its encoding; empty: there is none.
func (f *Finder) Find(text string) (piece, encoding string) {
	text = plain(text)
	for n, pieces := range f.pieces {
		for i := 0; i+n <= len(text); i++ {
			if encoding, ok := pieces[text[i:i+n]]; ok {
				return text[i : i+n], encoding
			}
		}
	}
	return "", ""
}

// plain is what is looked at: no white space, and nothing that is not seen.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

func each(s, format, between string) string {
	parts := make([]string, len(s))
	for i := range len(s) {
		parts[i] = fmt.Sprintf(format, s[i])
	}
	return strings.Join(parts, between)
}

func chunks(s string, n int, between string) string {
	var parts []string
	for ; len(s) > n; s = s[n:] {
		parts = append(parts, s[:n])
	}
	return strings.Join(append(parts, s), between)
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func turned(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func otherCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

func rot13(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case 'A' <= r && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

func fullWidth(r rune) rune {
	if '!' <= r && r <= '~' {
		return r + 0xfee0
	}
	return r
}
