package excerpt

import (
	"strings"
)

const (
	// keyPiece and payloadPiece are the lengths from which on a part of a key, or of a payload, is not told even if it
	// is made of plain words: in letters and digits, as nothing else counts. Of what is shorter it is the whole.
	keyPiece, payloadPiece = 8, 16
	// leastSecret is the length up to which nothing is a secret: it would be in any words.
	leastSecret = 3
	// mostPayload bounds how much of a payload is looked at, in bytes.
	mostPayload = 64 << 10
)

// in reports whether a text repeats a part of a secret.
func (s *Secrets) in(text string) bool {
	plain := squeezed(text)
	for _, key := range s.Keys {
		if shares(plain, squeezed(key), keyPiece) {
			return true
		}
	}
	if len(s.Payload) == 0 || len(plain) <= leastSecret {
		return false
	}
	payload := squeezed(string(s.Payload[:min(len(s.Payload), mostPayload)]))
	if len(payload) < payloadPiece && ordinary(string(s.Payload)) {
		return false // Such as ok.
	}
	return shares(plain, payload, payloadPiece)
}

// ordinary reports whether a text consists of words of the vocabulary.
func ordinary(text string) bool {
	for word := range strings.FieldsFuncSeq(text, notInWord) {
		if !known(word) {
			return false
		}
	}
	return true
}

// squeezed leaves letters and digits, in lower case.
func squeezed(text string) string {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b = append(b, c)
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		}
	}
	return string(b)
}

// shares reports whether a text has a part of a secret that is long enough.
func shares(text, secret string, piece int) bool {
	piece = min(piece, len(secret))
	if piece <= leastSecret {
		return false
	}
	// A block of half the length, at each multiple of it, is within any such part.
	step := piece / 2
	for at := 0; at+step <= len(text); at += step {
		block := text[at : at+step]
		for from := 0; ; from++ {
			next := strings.Index(secret[from:], block)
			if next < 0 {
				break
			}
			from += next
			before := commonEnd(text[:at], secret[:from])
			if before+step+commonStart(text[at+step:], secret[from+step:]) >= piece {
				return true
			}
		}
	}
	return false
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
