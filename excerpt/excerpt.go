// Package excerpt tells what a server has said, without anything that it may have been sent. A server, or whoever
// stands before it, may send back a key or a payload, whole or cut, encoded in any way. So of its text only words are
// told that are in a fixed vocabulary, a few digits, and names that the reader knows: no encoding of a key consists of
// these, whatever it is. It imports nothing of ours but printable.
package excerpt

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"momento-bridge/printable"
)

// Secrets are what nobody is to see even where it consists of plain words and digits.
type Secrets struct {
	Keys    []string // Keys and passwords; empty ones count for nothing.
	Payload []byte
	Names   []string // No secrets: what is told though it is in no vocabulary, such as a cache's name.
}

const (
	// Mark stands for what is not told.
	Mark = "…"
	// Withheld is told instead of a text that repeats a secret in plain words.
	Withheld = "(withheld: it repeats what was sent)"
	// mostRead bounds what is read of a text, in bytes: what matters is said at the beginning.
	mostRead = 2 << 10
	// mostDigits is how many digits are told of a text. With two digits or more for each character of a key, as any
	// encoding needs, they are less than eight of its characters.
	mostDigits = 15
	// digitsFor is what each character counts for of what is neither a word nor a number.
	digitsFor = 2
)

// Of returns what can be told of a text, in one printable line of so many bytes at most. What cannot is left out, with
// a mark in its place.
func Of(text string, most int, hidden Secrets) string {
	return told(text, most, &hidden, teller{digits: mostDigits, names: hidden.Names})
}

// Host is Of for the name or address of a host, of which a part may be told that is in no vocabulary.
func Host(host string, most int, hidden Secrets) string {
	address := strings.Trim(host, "0123456789.:/[]htps") == "" // Else a digit may be a letter of a code.
	if field := strings.Fields(host); len(field) > 0 {
		host = field[0]
	}
	return told(host, most, &hidden, teller{digits: mostDigits, names: hidden.Names, unknown: !address})
}

func told(text string, most int, hidden *Secrets, t teller) string {
	text = text[:min(len(text), mostRead)]
	for field := range strings.FieldsSeq(text) {
		if t.out.Len() > most {
			break
		}
		t.field(field)
	}
	line := printable.Bounded(t.out.String(), most)
	if hidden.in(line) {
		return printable.Bounded(Withheld, most)
	}
	return line
}

// teller puts together what is told.
type teller struct {
	out     strings.Builder
	names   []string
	digits  int  // That may still be told.
	unknown bool // So may be words that are not known, at the price of digits.
}

// field tells of a text without white space.
func (t *teller) field(field string) {
	begin := strings.IndexFunc(field, inWord)
	if begin < 0 {
		return // Signs alone, which could be an alphabet of their own.
	}
	end := strings.LastIndexFunc(field, inWord)
	_, last := utf8.DecodeRuneInString(field[end:])
	end += last
	shown := t.core(field[begin:end])
	if strings.HasSuffix(shown, Mark) {
		end = len(field)
	}
	if shown == Mark && begin == 0 && strings.HasSuffix(t.out.String(), Mark) {
		return // One mark is enough.
	}
	if t.out.Len() > 0 {
		t.out.WriteByte(' ')
	}
	t.out.WriteString(signs(field[:begin]) + shown + signs(field[end:]))
}

// core tells of a field from its first word on, up to what cannot be told.
func (t *teller) core(core string) string {
	if slices.Contains(t.names, core) {
		return printable.Text(core)
	}
	for at := 0; at < len(core); {
		begin := at + strings.IndexFunc(core[at:], inWord) // It ends with a word.
		end := begin + len(core[begin:])
		if n := strings.IndexFunc(core[begin:], notInWord); n >= 0 {
			end = begin + n
		}
		between := signs(core[at:begin])
		if between != core[at:begin] || !t.affords(t.price(core[begin:end], between)) {
			return core[:at] + between + Mark
		}
		at = end
	}
	return core
}

// affords pays for what is to be told, if there is as much left.
func (t *teller) affords(price int) bool {
	if price < 0 || price > t.digits {
		return false
	}
	t.digits -= price
	return true
}

// price is how many digits a word counts for, with the signs before it; -1: it is not told. A letter that could be a
// digit of a code counts as one.
func (t *teller) price(word, before string) int {
	letters, digits := split(word)
	plain := letters+digits == len(word) && known(strings.Trim(word, "0123456789"))
	switch {
	case digits == len(word) && !t.unknown, plain && len(word) == 1:
		return len(word)
	case plain && digits == 0:
		return 0
	case before == "'" && slices.Contains(contractions, word):
		return 0
	case t.unknown:
		return digitsFor * len(strings.TrimPrefix(before, "://")+word)
	case plain:
		return digitsFor * len(word)
	}
	return -1
}

// contractions follow an apostrophe.
var contractions = []string{"d", "ll", "m", "re", "s", "t", "ve"}

// split counts the letters and the digits of a word that begins or ends with a number, or is one or the other; else
// they are not all.
func split(word string) (letters, digits int) {
	digits = len(word) - len(strings.TrimLeft(word, "0123456789"))
	if digits == 0 {
		digits = len(word) - len(strings.TrimRight(word, "0123456789"))
	}
	for i := range len(word) {
		if c := word[i] | 0x20; 'a' <= c && c <= 'z' {
			letters++
		}
	}
	return letters, digits
}

func inWord(r rune) bool    { return unicode.IsLetter(r) || unicode.IsNumber(r) }
func notInWord(r rune) bool { return !inWord(r) }

// signs returns the signs between words if they are a few of those that sentences have; empty if not: many signs, or
// rare ones, may be a code.
func signs(text string) string {
	const few = 3
	if len(text) > few || strings.Trim(text, `"'()[]{}<>.,:;!?*-_=/@`) != "" {
		return ""
	}
	return text
}
