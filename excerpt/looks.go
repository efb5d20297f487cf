package excerpt

import (
	"regexp"
	"strings"
	"unicode"

	"momento-bridge/userinfo"
)

// candidates are what may be a secret: JWTs and the base64 of JSON, and long runs of what codes consist of.
var candidates = regexp.MustCompile(`eyJ[A-Za-z0-9+/=_.~%-]{8,}|[A-Za-z0-9+=_~%-]{20,}`)

const (
	// shownOf is how much is shown of what looks like a secret, in bytes, for people to find it.
	shownOf = 4
	// longestName is the length from which on a run is no name.
	longestName = 100
	// longestSum is the length up to which a run in hex is a sum or an ID.
	longestSum = 40
)

// WithoutSecrets returns text in which what looks like a secret is shown by its first characters only, and users and
// passwords of addresses not at all. It is for what people wrote themselves: a key in the place of something else.
func WithoutSecrets(text string) string {
	if len(text) < 2*shownOf {
		return text
	}
	return candidates.ReplaceAllStringFunc(userinfo.Hide(text), func(found string) string {
		if looksSecret(found) {
			return found[:shownOf] + Mark
		}
		return found
	})
}

// looksSecret tells codes from names: they change between letters, capitals and digits as chance has it.
func looksSecret(run string) bool {
	if strings.HasPrefix(run, "eyJ") || len(run) > longestName || isSeed(run) {
		return true
	}
	if strings.Trim(strings.ToLower(run), "0123456789abcdef") == "" {
		return len(run) >= longestSum
	}
	var seen, runs [3]int // By class: how many, and in how many runs.
	for i := range len(run) {
		is := class(run[i])
		seen[is]++
		if i == 0 || is != class(run[i-1]) {
			runs[is]++
		}
	}
	if ofWords(seen[0], runs[0], runs[2]) {
		return false
	}
	changes := runs[0] + runs[1] + runs[2] - 1
	often := 9 // In twenty characters. Names of several words change, too, but are not as long.
	if len(run) >= longestSum {
		often = 5
	}
	return min(seen[0], seen[1], seen[2]) > 0 && often*len(run) < 20*changes
}

// ofWords tells names of many words, and perhaps a number or two: in codes fewer than two small letters follow each
// other on average, and digits stand among them everywhere.
func ofWords(small, words, numbers int) bool { return words > 0 && 2*small >= 5*words && numbers <= 2 }

// isSeed reports whether a run is a private key of NATS, of a user or another one.
func isSeed(run string) bool {
	return len(run) > 50 && run[0] == 'S' && strings.ContainsRune("UAONCX", rune(run[1])) &&
		strings.Trim(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// class is that of a small letter or a sign, of a capital, or of a digit.
func class(c byte) int {
	switch {
	case unicode.IsUpper(rune(c)):
		return 1
	case unicode.IsDigit(rune(c)):
		return 2
	}
	return 0
}
