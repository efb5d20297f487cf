package sink

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	// maxExcerpt bounds what is told of an answer's body, in bytes.
	maxExcerpt = 200
	// maxText bounds what is read of a text, in bytes.
	maxText = 8 << 10
	// maxWords bounds where words are looked for, in bytes: what matters is said at the beginning.
	maxWords = 1 << 10
)

// saying is what an answer's body says.
type saying struct {
	text    string // One bounded line of what can be told of it.
	words   string // To look for words in, and not to be told; empty of a web page, whose words mean nothing.
	page    bool   // It is a web page, or another document with tags, and so not Momento's.
	failure bool   // It is JSON that tells of an error.
	// stranger says that it has come whole and is neither JSON nor a word such as ok, or cannot be read.
	stranger bool
}

// readBody returns what the body says. Momento's HTTP interfaces answer errors with a JSON object of message, code,
// err or detail, with plain text, or with nothing; others nest theirs.
func readBody(r *response, hidden secrets) saying {
	body, unread := decode(r.encoding, r.body)
	if isPage(r.contentType, body) {
		return saying{page: true, text: describePage(body, &hidden)}
	}
	text, failure := readText(body)
	stranger := !r.cut && !saysNoMore(r.contentType, body)
	if unread != "" {
		text, stranger = "(body in "+unread+")", true
	}
	words := plainWords(hidden.withoutEcho(text[:min(len(text), maxText)]))
	return saying{text: hidden.told(text, maxExcerpt), words: words, failure: failure, stranger: stranger}
}

// readText returns the words of a body, and whether it is a JSON object that tells of an error.
func readText(body []byte) (text string, failure bool) {
	body = bytes.TrimPrefix(body, utf8BOM)
	if len(body) == 0 {
		return "", false
	}
	var value any
	if json.Unmarshal(body, &value) != nil {
		return string(body), false
	}
	return jsonText(value), tellsOfError(value)
}

// saysNoMore reports whether a body beside a success can be what an API says: nothing, JSON, or a word.
func saysNoMore(contentType string, body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, utf8BOM))
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(kind) {
	case "", "text/plain", "application/json", "application/octet-stream":
	default:
		if !strings.HasSuffix(strings.TrimSpace(kind), "+json") {
			return false
		}
	}
	return len(body) == 0 || json.Valid(body) || isFine(strings.TrimRight(string(body), ".!"))
}

var utf8BOM = []byte("\xef\xbb\xbf")

// plainWords makes codes and sentences alike, on one line.
func plainWords(text string) string {
	return strings.ToLower(spaced.Replace(strings.Join(strings.Fields(text[:min(len(text), maxWords)]), " ")))
}

var spaced = strings.NewReplacer("_", " ", "-", " ")
