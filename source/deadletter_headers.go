package source

import (
	"net/textproto"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"
)

// exactHeader has those headers of a dead letter's message that cannot be sent as they came, as a query string does.
// The server takes any bytes, but our client refuses names that are no tokens, as whole messages, and cuts white space
// off values.
const exactHeader = ourPrefix + "Headers"

// copyHeaders copies all headers but those by which the original told its own stream what to do: they would be obeyed
// again.
func copyHeaders(dst, src nats.Header) {
	exact := exactOf(src)
	for name, values := range src {
		if strings.HasPrefix(name, "Nats-") {
			continue
		}
		sendable := isToken(name)
		if sendable {
			dst[name] = values
		}
		if !sendable || !sentAsTheyAre(values) {
			exact[name] = values
		}
	}
	if len(exact) > 0 {
		dst.Set(exactHeader, exact.Encode())
	}
}

// headersOf returns the headers that a dead letter's message had, without those that NATS and we have set since.
func headersOf(letter nats.Header) map[string][]string {
	h := map[string][]string{}
	for _, part := range [...]map[string][]string{letter, exactOf(letter)} {
		for name, values := range part {
			if !strings.HasPrefix(name, "Nats-") && !strings.HasPrefix(name, ourPrefix) {
				h[name] = values
			}
		}
	}
	return h
}

// exactOf returns the headers of a dead letter's message that could not be sent as they came. It is never nil.
func exactOf(letter nats.Header) url.Values {
	exact, err := url.ParseQuery(letter.Get(exactHeader))
	if err != nil { // Not ours.
		return url.Values{}
	}
	return exact
}

// isToken reports whether our client sends a header of this name.
func isToken(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0:
			return false
		}
	}
	return name != ""
}

// sentAsTheyAre reports whether our client sends values of a header without changing them.
func sentAsTheyAre(values []string) bool {
	for _, value := range values {
		if textproto.TrimString(value) != value || strings.ContainsAny(value, "\r\n") {
			return false
		}
	}
	return true
}
