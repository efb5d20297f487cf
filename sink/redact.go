package sink

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrets are what an answer may echo of a publish, and what nobody is to see.
type secrets struct {
	keys    [2]string // As key.Key has them; empty: none.
	payload []byte    // nil: none.
	proxy   *Proxy    // Whose password it is; nil: none.
}

const (
	// keyPiece is the length from which on a piece of a key is a secret, in bytes; of a shorter key it is the whole.
	keyPiece = 12
	// payloadPiece is the same for the beginning of a payload.
	payloadPiece = 16
	// shortPayload is the length up to which a payload is not looked for: it would be found in any words.
	shortPayload = 3
)

// redact returns a printable text without the secrets: as they are, with escapes of URLs, JSON or HTML, and the
// payload in base64. Servers cut what they echo, so pieces of a key count, and the beginning of a payload. White
// space does not.
func (s secrets) redact(text string) string {
	text = s.proxy.redact(text)
	out := blots{text: text}
	s.hide(see(text, undoNothing), &out)
	for _, e := range escapes {
		if strings.ContainsAny(text, e.signs) {
			s.hide(see(text, e.undo), &out)
		}
	}
	return out.String()
}

// hide covers what is seen of the secrets.
func (s secrets) hide(seen *sight, out *blots) {
	for _, k := range s.keys {
		seen.hidePieces(k, out)
	}
	seen.hideEcho(s.payload, out)
}

// sight is a text as it is looked at: without white space, perhaps with its escapes undone.
type sight struct {
	text string
	from []int // Where in the text that is looked at each of its bytes begins,
	to   []int // and where it ends.
}

// see looks at a text, with what undo finds undone.
func see(text string, undo undo) *sight {
	v := &sight{from: make([]int, 0, len(text)), to: make([]int, 0, len(text))}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		char, n := undo(text[i:])
		if n == 0 {
			char, n = text[i:i+1], 1
		}
		b.WriteString(char)
		for range len(char) {
			v.from, v.to = append(v.from, i), append(v.to, i+n)
		}
		i += n
	}
	v.squeeze(b.String())
	return v
}

// squeeze takes white space and what does not print out of what is seen.
func (v *sight) squeeze(text string) {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if visible(r) {
			copy(v.from[b.Len():], v.from[i:i+n])
			copy(v.to[b.Len():], v.to[i:i+n])
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	v.text = b.String()
}

func visible(r rune) bool { return r != utf8.RuneError && !unicode.IsSpace(r) && unicode.IsPrint(r) }

// hide covers what is seen from one byte to another.
func (v *sight) hide(from, to int, out *blots) { out.cover(v.from[from], v.to[to-1]) }

// hidePieces hides all pieces of a key that are long enough. It looks at each half of that length: one is in any
// piece.
func (v *sight) hidePieces(key string, out *blots) {
	least := min(keyPiece, len(key))
	step := (least + 1) / 2
	if least == 0 {
		return
	}
	for i := 0; i+step <= len(v.text); {
		end := i + step
		for at := 0; ; at++ {
			next := strings.Index(key[at:], v.text[i:i+step])
			if next < 0 {
				break
			}
			at += next
			before := commonEnd(v.text[:i], key[:at])
			after := step + commonStart(v.text[i+step:], key[at+step:])
			if before+after >= least {
				v.hide(i-before, i+after, out)
				end = max(end, i+after)
			}
		}
		i = end
	}
}

// hideEcho hides a payload, as it is and in base64, and its beginning where it was cut.
func (v *sight) hideEcho(payload []byte, out *blots) {
	if len(payload) <= shortPayload {
		return
	}
	if start := seen(payload, payloadPiece); len(start) > shortPayload {
		v.hideStarts(v.text, start, func() string { return seen(payload, len(payload)) }, out)
	}
	const whole = payloadPiece / 4 * 3 // As many bytes make a piece of base64.
	start := base64.RawStdEncoding.EncodeToString(payload[:min(len(payload), whole)])
	encoded := func() string { return base64.StdEncoding.EncodeToString(payload) }
	v.hideStarts(standard.Replace(v.text), start, encoded, out)
}

var standard = strings.NewReplacer("-", "+", "_", "/")

// hideStarts hides what begins like a secret, as far as it is like it.
func (v *sight) hideStarts(text, start string, secret func() string, out *blots) {
	for from := 0; ; {
		next := strings.Index(text[from:], start)
		if next < 0 {
			return
		}
		from += next
		n := max(len(start), commonStart(text[from:], secret()))
		v.hide(from, from+n, out)
		from += n
	}
}

// seen is the beginning of a payload as it is seen in a text, up to so many bytes or a few more.
func seen(payload []byte, most int) string {
	var b strings.Builder
	for i := 0; i < len(payload) && b.Len() < most; {
		r, n := utf8.DecodeRune(payload[i:])
		if visible(r) {
			b.Write(payload[i : i+n])
		}
		i += n
	}
	return b.String()
}

func commonStart(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonEnd(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// blots cover parts of a text.
type blots struct {
	text    string
	covered []bool // For each byte; nil: none is.
}

func (b *blots) cover(from, to int) {
	if b.covered == nil {
		b.covered = make([]bool, len(b.text))
	}
	for i := from; i < to; i++ {
		b.covered[i] = true
	}
}

// String returns the text with stars for each part that is covered.
func (b *blots) String() string {
	if b.covered == nil {
		return b.text
	}
	var out strings.Builder
	for i := range len(b.text) {
		switch {
		case !b.covered[i]:
			out.WriteByte(b.text[i])
		case i == 0 || !b.covered[i-1]:
			out.WriteString("***")
		}
	}
	return out.String()
}
