package excerpt

import (
	_ "embed"
	"strings"
	"unicode"
)

//go:embed words.txt
var wordList string

// words are those that may be told, in lower case: those that servers tell of errors with.
var words = func() map[string]struct{} {
	all := map[string]struct{}{}
	for word := range strings.FieldsSeq(wordList) {
		all[word] = struct{}{}
	}
	return all
}()

// longestWord bounds a word, in bytes; several that are written as one may be longer.
const longestWord = 24

// known reports whether letters are a word of the vocabulary, perhaps with an ending, or several that are written as
// one, such as TooManyRequests.
func known(letters string) bool {
	if inVocabulary(letters) {
		return true
	}
	from := 0
	for i := 1; i < len(letters); i++ {
		if !startsWord(letters, i) {
			continue
		}
		if i-from < 2 || !inVocabulary(letters[from:i]) {
			return false
		}
		from = i
	}
	return from > 0 && len(letters)-from >= 2 && inVocabulary(letters[from:])
}

// startsWord reports whether a capital letter begins a word of several: after a small letter, or before one.
func startsWord(letters string, i int) bool {
	capital := func(i int) bool { return unicode.IsUpper(rune(letters[i])) }
	return capital(i) && (!capital(i-1) || i+1 < len(letters) && !capital(i+1))
}

// inVocabulary reports whether letters are one word, in usual capitals.
func inVocabulary(letters string) bool {
	if len(letters) > longestWord {
		return false
	}
	var buffer [longestWord]byte
	lower := buffer[:len(letters)]
	capitals := 0
	for i := range len(letters) {
		c := letters[i]
		if 'A' <= c && c <= 'Z' {
			capitals++
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	first := len(letters) > 0 && letters[0] < 'a'
	return (capitals == 0 || capitals == len(letters) || capitals == 1 && first) && isOne(lower)
}

// endings are what a word may have besides, and what it has lost for that.
var endings = [...]struct{ ending, lost string }{
	{"s", ""}, {"es", ""}, {"ies", "y"}, {"d", ""}, {"ed", ""}, {"ied", "y"}, {"ing", ""}, {"ing", "e"}, {"ly", ""},
}

func isOne(word []byte) bool {
	if _, ok := words[string(word)]; ok {
		return true
	}
	for _, e := range &endings {
		n := len(word) - len(e.ending)
		if n < 3 || string(word[n:]) != e.ending {
			continue
		}
		var buffer [longestWord + 1]byte
		base := append(append(buffer[:0], word[:n]...), e.lost...)
		if _, ok := words[string(base)]; ok {
			return true
		}
		if last := base[n-1]; len(base) == n && base[n-2] == last && len(e.ending) > 1 { // As in throttled, stopped.
			if _, ok := words[string(base[:n-1])]; ok {
				return true
			}
		}
	}
	return false
}
