package sink

import (
	"strings"

	"momento-bridge/excerpt"
)

// secrets are what an answer may echo of a publish, and what nobody is to see.
type secrets struct {
	keys    [2]string // As key.Key has them; empty: none.
	payload []byte    // nil: none.
	proxy   *Proxy    // Whose user and password it has; nil: none.
	names   [2]string // No secrets: of the cache and the topic. They may be told.
}

// told is what can be told of a text that came from outside, in one line of so many bytes at most.
func (s *secrets) told(text string, most int) string { return excerpt.Of(text, most, s.hidden()) }

func (s *secrets) hidden() excerpt.Secrets {
	return excerpt.Secrets{Keys: append(s.proxy.secrets(), s.keys[:]...), Payload: s.payload, Names: s.names[:]}
}

// withoutEcho takes the payload out of a text in which words are looked for: they would not be the server's.
func (s *secrets) withoutEcho(text string) string {
	const least = 4
	if len(s.payload) < least || len(s.payload) > len(text) {
		return text
	}
	return strings.ReplaceAll(text, string(s.payload), " ")
}
