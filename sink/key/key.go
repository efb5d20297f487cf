// Package key has API keys: their kinds, the one in use and what replaces it, from a file or a token vending machine.
package key

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind tells Momento's kinds of keys apart.
type Kind string

// The kinds of keys.
const (
	V1     Kind = "v1"     // Base64 of a JSON object with endpoint and key; disposable tokens have the same form.
	V2     Kind = "v2"     // A JWT with the claim t=g. It names no endpoint.
	Legacy Kind = "legacy" // A JWT that names its cache host.
	Opaque Kind = "opaque" // Something else: not Momento's, but an endpoint of one's own may take it.
)

// Key is an API key or a disposable token. It prints as its kind only.
type Key struct {
	Kind Kind
	// Endpoint is the host that the key names; empty if it names none.
	Endpoint string
	// Expires is zero when the key does not say. The claim is not verified: it is a hint.
	Expires time.Time
	raw     string
	inner   string // Of a v1 key: the token inside.
}

// String keeps the key out of logs and errors.
func (k Key) String() string { return "***" + " (" + string(k.Kind) + " key)" }

// Reveal returns the key as it is sent. It belongs into a request and nowhere else.
func (k *Key) Reveal() string { return k.raw }

// Secrets returns what nobody is to see of the key: as it is sent, and the token inside a v1 key. A part that does not
// exist is empty, as both are of a nil key.
func (k *Key) Secrets() [2]string {
	if k == nil {
		return [2]string{}
	}
	return [2]string{k.raw, k.inner}
}

// GoString keeps the key out of %#v.
func (k Key) GoString() string { return k.String() }

// Parse reads a key as it stands in a file or a variable: a byte order mark, surrounding white space and one pair
// of quotation marks do not count. Signatures are not checked, only the endpoint knows how. Errors never hold any of
// the key.
func Parse(text string) (Key, error) {
	raw := unquoted(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")))
	switch {
	case raw == "":
		return Key{}, errors.New("the API key is empty")
	case strings.HasPrefix(strings.ToLower(raw), "bearer "):
		return Key{}, errors.New("the API key starts with a scheme word (Bearer); write the bare key")
	case strings.HasPrefix(raw, "{"):
		return Key{},
			errors.New("the API key is a JSON object; write the bare value that the console shows as the API key")
	case strings.ContainsAny(raw, quotes):
		return Key{},
			fmt.Errorf("the API key has a stray quotation mark (%s); write the key without it", strayMark(raw))
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Key{}, errors.New(
			"the API key has white space or characters other than ASCII inside; one key, on one line, is expected")
	}
	if strings.Count(raw, ".") == 2 {
		return parseJWT(raw)
	}
	if decoded, ok := decodeBase64(raw); ok && strings.HasPrefix(strings.TrimSpace(string(decoded)), "{") {
		return parseV1(raw, decoded)
	}
	return Key{Kind: Opaque, raw: raw}, nil
}

// quotes are marks that programs put around text. No key has one inside.
const quotes = "\"'\u2018\u2019\u201c\u201d"

// strayMark returns the first of quotes in a text that has one, by itself.
func strayMark(raw string) string {
	mark, _ := utf8.DecodeRuneInString(raw[strings.IndexAny(raw, quotes):])
	return string(mark)
}

// unquoted takes one pair of quotation marks off, which docker's --env-file and some editors of secrets leave there.
func unquoted(s string) string {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return s
	}
	return strings.TrimSpace(s[1 : len(s)-1])
}

func parseV1(raw string, decoded []byte) (Key, error) {
	var v1 struct {
		Endpoint string `json:"endpoint"`
		APIKey   string `json:"api_key"`
	}
	if json.Unmarshal(decoded, &v1) != nil {
		return Key{},
			errors.New("the API key is damaged: it is base64, but not of the JSON object that a Momento key holds; " +
				"copy it again")
	}
	endpoint, inner := strings.TrimSpace(v1.Endpoint), strings.TrimSpace(v1.APIKey)
	if endpoint == "" || inner == "" {
		return Key{}, errors.New("the API key is damaged: it holds no endpoint or no api_key; copy it again")
	}
	k := Key{Kind: V1, Endpoint: endpoint, raw: raw, inner: inner}
	if c, err := parseClaims(inner); err == nil {
		k.Expires = c.expires()
	}
	return k, nil
}

func parseJWT(raw string) (Key, error) {
	c, err := parseClaims(raw)
	if err != nil {
		return Key{}, fmt.Errorf("the API key is damaged: it looks like a JWT, but %w; copy it again", err)
	}
	k := Key{Kind: V2, Expires: c.expires(), raw: raw}
	if c.Type != "g" {
		k.Kind, k.Endpoint = Legacy, strings.TrimSpace(c.CacheHost)
	}
	return k, nil
}

type claims struct {
	Type      string  `json:"t"`
	CacheHost string  `json:"c"`
	Expires   float64 `json:"exp"`
}

func (c claims) expires() time.Time {
	if c.Expires <= 0 || c.Expires > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(c.Expires), 0)
}

func parseClaims(jwt string) (claims, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return claims{}, errors.New("it has not three parts")
	}
	body, ok := decodeBase64(parts[1])
	if !ok {
		return claims{}, errors.New("its claims are not base64")
	}
	var c claims
	if json.Unmarshal(body, &c) != nil {
		return claims{}, errors.New("its claims are not the expected JSON")
	}
	return c, nil
}

// decodeBase64 reads both alphabets, with and without padding.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(s)
	return decoded, err == nil
}
